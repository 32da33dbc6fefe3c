"""The shelf as a service of the hub: pages for people, at /services/shelf/, and an API for their servers.

GET  /services/shelf/?q=words                     what lies there
GET  /services/shelf/AUTHOR/NAME[/vN]             one notebook, its evidence, and whether its data is still there
POST /services/shelf/api/publish                  {path, content, reads} by the author's token → {job}
GET  /services/shelf/api/publish/JOB              {state, told, version, verdict, link}
GET  /services/shelf/api/notebooks?q=words        the same list, as JSON
DELETE /services/shelf/api/notebooks/AUTHOR/NAME[/vN]   by the command's token → {withdrawn: [N, …]}
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bounded_http import Body, BoundedServer, Limits
from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
from spark_etl import documents
from spark_etl import usernames as names
from tornado import web

from sandbox_hub.asked import believe_briefly
from sandbox_hub.s3_keys import of_this_hub
from sandbox_hub.shelf import room
from sandbox_hub.shelf.data import AWAY, Data
from sandbox_hub.shelf.handed_in import IN_MEMORY, IN_OBJECTS, LARGEST, LONGEST_TEXT, ROOM, notebook_of, reads_of
from sandbox_hub.shelf.jobs import Job, Jobs, WaitError
from sandbox_hub.shelf.rerun import Rerun
from sandbox_hub.shelf.store import Record, Shelf

PREFIX = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/shelf/")
# Where hub and shelf have addresses of their own: the hub's origin, and the shelf's whole address. Otherwise empty.
HUB = os.environ.get("JUPYTERHUB_HOST", "")
PUBLIC = os.environ.get("JUPYTERHUB_PUBLIC_URL", "")
USER = "shelf"
# A notebook in JSON: a notebook of text has a backslash before one character in eight, one of pictures none.
LARGEST_BODY = LARGEST + LARGEST // 4 + ROOM
BODY_SECONDS = 120
# One notebook of the largest at a time, or a few small ones.
LIMITS = Limits(connections=256, bodies_bytes=LARGEST_BODY + ROOM)
# The hub's service as which `./sandbox` speaks to it.
COMMAND = "sandbox-cli"
# Below scratch/users/, and no user's: a name begins with a letter. No server has keys to it.
PINS = "_pins"
AUTHOR, NAME = r"([a-z][a-z0-9-]{1,30})", r"([A-Za-z0-9][A-Za-z0-9._-]{0,79})"


def link(record: Record, *, version: bool = False) -> str:
    """Returns the link to a notebook's page: its path where everything is at one address."""
    return f"{PUBLIC or PREFIX}{record.author}/{record.name}" + (f"/v{record.version}" if version else "")


def opened(record: Record) -> str:
    """Returns the link that opens a version in the server of whoever follows it."""
    folder = f"team/published/{record.author}/{record.name}/v{record.version}"
    return f"{HUB}/hub/user-redirect/lab/tree/{folder}/{record.name}.ipynb"


class Page(HubOAuthenticated, web.RequestHandler):
    """A page for whoever the hub knows."""

    def initialize(self, shelf: Shelf, data: Data, jobs: Jobs) -> None:
        """Takes what all handlers share."""
        self._shelf, self._data, self._jobs = shelf, data, jobs

    def set_default_headers(self) -> None:
        """No script of anybody's: what notebooks hold is shown as text."""
        self.set_header(
            "Content-Security-Policy", "default-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        )

    def get_template_namespace(self) -> dict[str, Any]:
        """Returns what the pages may call."""
        return {**super().get_template_namespace(), "link": link, "opened": opened, "prefix": PREFIX, "hub": HUB}

    def write_error(self, status_code: int, **kwargs: object) -> None:
        """Says what is wrong: as a page, or as JSON to whoever came with a token."""
        del kwargs
        if self.request.path.startswith(f"{PREFIX}api/"):
            self.finish({"message": self._reason})
        else:
            self.render("problem.html", status=status_code, reason=self._reason)

    def check_xsrf_cookie(self) -> None:
        """Nothing is changed by cookie; see `PublishHandler`."""


class IndexHandler(Page):
    """`/services/shelf/`."""

    @web.authenticated
    def get(self) -> None:
        """Lists the notebooks that match the search."""
        words = self.get_query_argument("q", "")
        everything = self._shelf.newest()
        found = [record for record in everything if record.matches(words)]
        self.render("shelf.html", records=found, total=len(everything), words=words)


class NotebookHandler(Page):
    """`/services/shelf/AUTHOR/NAME` and `…/vN`."""

    @web.authenticated
    async def get(self, author: str, name: str, number: str | None = None) -> None:
        """Shows a version, the newest unless another is asked for."""
        versions = self._shelf.versions(author, name)
        found = [record for record in versions if number is None or record.version == int(number)]
        if not found:
            raise web.HTTPError(404, reason="no such notebook on the shelf")
        record = self._shelf.whole(found[0])
        states, problem = await self._states(record)
        self.render(
            "notebook.html",
            record=record,
            versions=versions,
            states=states,
            problem=problem,
            unchanged=self._shelf.unchanged(record),
        )

    async def _states(self, record: Record) -> tuple[dict[str, str], str]:
        """Returns the state of what it read, and why that could not be told."""
        try:
            return await asyncio.to_thread(self._data.states, record.reads), ""
        except AWAY as error:
            logging.getLogger("sandbox.shelf").warning("the store does not answer: %s", error)
            return {}, "The object store does not answer, so it can't be told whether the data is still the same."


@web.stream_request_body
class PublishHandler(Page):
    """`/services/shelf/api/publish`: for tokens only, so that no other site's page can publish anything."""

    @web.authenticated
    def prepare(self) -> None:
        """Takes nothing in before it is known whose it is."""
        if not self.request.headers.get("Authorization"):
            raise web.HTTPError(403, reason="publishing needs a token")
        author = self.current_user["name"]
        if author in names.RESERVED:  # a notebook that is run again has the keeper's token
            raise web.HTTPError(403, reason=f"`{author}` is the stack's own user, and publishes nothing")
        self._body = Body(self.request, LARGEST_BODY, BODY_SECONDS)

    def data_received(self, chunk: bytes) -> None:
        """Takes a part of the notebook in."""
        self._body.add(chunk)

    @web.authenticated
    def post(self) -> None:
        """Takes the notebook in; 202 with the job."""
        try:
            job = self._jobs.add(self.current_user["name"], wanted(self._body.take()))
        except WaitError as error:
            raise web.HTTPError(429, reason=str(error)) from None
        except (ValueError, KeyError, TypeError) as error:
            raise web.HTTPError(422, reason=f"that is no notebook: {error}".replace("\n", " ")[:300]) from None
        self.set_status(202)
        self.finish({"job": job.identity})


class JobHandler(Page):
    """`/services/shelf/api/publish/JOB`."""

    @web.authenticated
    def get(self, identity: str) -> None:
        """Tells how far a publication of one's own is."""
        job = self._jobs.of(self.current_user["name"], identity)
        if job is None:
            raise web.HTTPError(404, reason="no such publication; the hub was restarted, or it is somebody else's")
        self.finish(told(job))


class NotebooksHandler(Page):
    """`/services/shelf/api/notebooks`."""

    @web.authenticated
    def get(self) -> None:
        """Lists the notebooks that match the search."""
        words = self.get_query_argument("q", "")
        records = [asdict(record) | {"link": link(record)} for record in self._shelf.newest() if record.matches(words)]
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(records))


class WithdrawHandler(Page):
    """`/services/shelf/api/notebooks/AUTHOR/NAME` and `…/vN`: for whoever runs the stack, by the command's token."""

    @web.authenticated
    async def delete(self, author: str, name: str, number: str | None = None) -> None:
        """Deletes a version, or all of them, and their pins."""
        who = self.current_user
        if not self.request.headers.get("Authorization") or (who.get("kind"), who["name"]) != ("service", COMMAND):
            raise web.HTTPError(403, reason="what is published goes only by ./sandbox unpublish")
        versions = self._shelf.versions(author, name)
        found = [record for record in versions if number is None or record.version == int(number)]
        if not found:
            raise web.HTTPError(404, reason=self._missing(author, name, versions))
        try:
            for record in found:
                await asyncio.to_thread(self._data.unpin, record)
                self._shelf.withdraw(record)
        except AWAY as error:
            raise web.HTTPError(503, reason=f"the S3 store, where its pin is, does not answer: {error}"[:200]) from None
        self.finish({"withdrawn": sorted(record.version for record in found)})

    def _missing(self, author: str, name: str, versions: list[Record]) -> str:
        if versions:
            there = ", ".join(f"v{record.version}" for record in versions)
            return f"of `{author}/{name}` there is only {there} on the shelf"
        others = ", ".join(record.name for record in self._shelf.newest() if record.author == author)
        return f"there is no `{author}/{name}` on the shelf" + (f"; of {author} there is: {others}" if others else "")


def wanted(body: bytes) -> dict[str, Any]:
    """Returns what is to be published, once it is sure to be a notebook.

    Raises:
        ValueError, KeyError, TypeError: It is no notebook.
    """
    asked = documents.parsed(body, "it", largest=LARGEST_BODY, in_objects=IN_OBJECTS, in_memory=IN_MEMORY, finite=False)
    notebook_of(asked["content"])
    reads = reads_of(asked.get("reads") or [])
    return {"content": asked["content"], "path": str(asked["path"])[:LONGEST_TEXT], "reads": reads}


def told(job: Job) -> dict[str, Any]:
    """Returns a publication as its author's server is told of it."""
    record = job.record
    if record is None:
        return {"state": job.state, "told": job.told}
    return {
        "state": job.state,
        "told": job.told,
        "author": record.author,
        "name": record.name,
        "version": record.version,
        "verdict": record.verdict,
        "why": record.why,
        "reads": record.reads,
        "seconds": record.seconds,
        "link": link(record),
    }


def application(shelf: Shelf, data: Data, jobs: Jobs) -> web.Application:
    """Returns the service."""
    believe_briefly()
    shared = {"shelf": shelf, "data": data, "jobs": jobs}
    return web.Application(
        [
            (f"{PREFIX}oauth_callback", HubOAuthCallbackHandler),
            (PREFIX, IndexHandler, shared),
            (f"{PREFIX}api/publish", PublishHandler, shared),
            (f"{PREFIX}api/publish/([A-Za-z0-9_-]+)", JobHandler, shared),
            (f"{PREFIX}api/notebooks", NotebooksHandler, shared),
            (f"{PREFIX}api/notebooks/{AUTHOR}/{NAME}(?:/v([1-9][0-9]*))?", WithdrawHandler, shared),
            (f"{PREFIX}{AUTHOR}/{NAME}(?:/v([1-9][0-9]*))?", NotebookHandler, shared),
            (".*", Missing, shared),
        ],
        cookie_secret=os.urandom(32),
        template_path=str(Path(__file__).parent / "pages"),
        log_function=lambda handler: None,  # noqa: ARG005 - the hub's proxy is asked who was here
    )


class Missing(Page):
    """Every other path."""

    def prepare(self) -> None:
        """There is none."""
        raise web.HTTPError(404, reason="no such page on the shelf")


async def main() -> None:
    """Serves until the hub stops it."""
    address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    endpoint, region = os.environ["AWS_ENDPOINT_URL_S3"], os.environ["AWS_REGION"]
    data = Data(endpoint, region, lambda user: of_this_hub().session(user), PINS)
    rerun = Rerun("http://127.0.0.1:8000", os.environ["JUPYTERHUB_API_TOKEN"], USER)
    root = Path(os.environ["SANDBOX_SHELF"])
    shelf = Shelf(root)
    jobs = Jobs(shelf, data, rerun, os.environ["SANDBOX_NOTEBOOK_IMAGE"], room.of_this_hub(root.parent))
    server = BoundedServer(application(shelf, data, jobs), xheaders=True, limits=LIMITS)
    server.listen(address.port or 8011, address.hostname or "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    try:
        asyncio.run(main())
    except KeyboardInterrupt:  # how the hub stops its services
        logging.getLogger("sandbox.shelf").debug("stopped")
