"""The shelf's API: for the servers of authors, which share notebooks, and for the command, which removes them.

Whatever changes something needs a token: no page of another site can have one.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Any

from bounded_http import Body
from spark_etl import bounded_json
from spark_etl import usernames as names
from tornado import web

from sandbox_hub.shelf.checkpoints import STORE_ERRORS
from sandbox_hub.shelf.handlers import ShelfHandler, page_link
from sandbox_hub.shelf.share_queue import QueueFullError, ShareJob
from sandbox_hub.shelf.store import Record
from sandbox_hub.shelf.validation import (
    MAX_DECODED_BYTES,
    MAX_NOTEBOOK_BYTES,
    MAX_PARSED_BYTES,
    MAX_TEXT_CHARS,
    OVERHEAD_BYTES,
    check_reads,
    parse_notebook,
)

# A notebook in JSON: a notebook of text has a backslash before one character in eight, one of pictures none.
MAX_BODY_BYTES = MAX_NOTEBOOK_BYTES + MAX_NOTEBOOK_BYTES // 4 + OVERHEAD_BYTES
BODY_SECONDS = 120
# The hub's service as which `./sandbox` calls it.
COMMAND = "sandbox-cli"


@web.stream_request_body
class ShareHandler(ShelfHandler):
    """`/services/shelf/api/share`."""

    @web.authenticated
    def prepare(self) -> None:
        """Takes nothing in before it is known whose it is."""
        if not self.request.headers.get("Authorization"):
            raise web.HTTPError(403, reason="sharing needs a token")
        author = self.current_user["name"]
        if author in names.RESERVED:  # a notebook that is run again has the rerun user's token
            raise web.HTTPError(403, reason=f"`{author}` is the stack's own user, and shares nothing")
        self._body = Body(self.request, MAX_BODY_BYTES, BODY_SECONDS)

    def data_received(self, chunk: bytes) -> None:
        """Takes a part of the notebook in."""
        self._body.add(chunk)

    @web.authenticated
    def post(self) -> None:
        """Adds the notebook to the queue; 202 with the job."""
        try:
            job = self._queue.add(self.current_user["name"], parse_share_request(self._body.take()))
        except QueueFullError as error:
            raise web.HTTPError(429, reason=str(error)) from None
        except (ValueError, KeyError, TypeError) as error:
            raise web.HTTPError(422, reason=f"that is no notebook: {error}".replace("\n", " ")[:300]) from None
        self.set_status(202)
        self.finish({"job": job.job_id})


class ShareProgressHandler(ShelfHandler):
    """`/services/shelf/api/share/JOB`."""

    @web.authenticated
    def get(self, job_id: str) -> None:
        """Sends how far a job of one's own is."""
        job = self._queue.get(self.current_user["name"], job_id)
        if job is None:
            raise web.HTTPError(404, reason="no such job; the hub was restarted, or it is somebody else's")
        self.finish(job_to_dict(job))


class NotebooksHandler(ShelfHandler):
    """`/services/shelf/api/notebooks`."""

    @web.authenticated
    def get(self) -> None:
        """Lists the notebooks that match the search."""
        query = self.get_query_argument("q", "")
        found = [record for record in self._shelf.latest() if record.matches(query)]
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps([asdict(record) | {"link": page_link(record)} for record in found]))


class UnshareHandler(ShelfHandler):
    """`/services/shelf/api/notebooks/AUTHOR/NAME` and `…/vN`: for whoever runs the stack, by the command's token."""

    @web.authenticated
    async def delete(self, author: str, name: str, number: str | None = None) -> None:
        """Deletes a version, or all of them, and their pins."""
        who = self.current_user
        if not self.request.headers.get("Authorization") or (who.get("kind"), who["name"]) != ("service", COMMAND):
            raise web.HTTPError(403, reason="shared notebooks are removed only by ./sandbox unshare")
        versions = self._shelf.versions(author, name)
        found = [record for record in versions if number is None or record.version == int(number)]
        if not found:
            raise web.HTTPError(404, reason=self._not_found_reason(author, name, versions))
        try:
            for record in found:
                await asyncio.to_thread(self._checkpoints.unpin, record)
                self._shelf.remove(record)
        except STORE_ERRORS as error:
            raise web.HTTPError(503, reason=f"the S3 store, where its pin is, does not answer: {error}"[:200]) from None
        self.finish({"withdrawn": sorted(record.version for record in found)})

    def _not_found_reason(self, author: str, name: str, versions: list[Record]) -> str:
        if versions:
            there = ", ".join(f"v{record.version}" for record in versions)
            return f"of `{author}/{name}` there is only {there} on the shelf"
        others = ", ".join(record.name for record in self._shelf.latest() if record.author == author)
        return f"there is no `{author}/{name}` on the shelf" + (f"; of {author} there is: {others}" if others else "")


def parse_share_request(body: bytes) -> dict[str, Any]:
    """Returns `content`, `path` and `reads` of what is to be shared, once it is sure to be a notebook.

    Raises:
        ValueError, KeyError, TypeError: It is no notebook.
    """
    request = bounded_json.parse(
        body, "it", largest=MAX_BODY_BYTES, in_objects=MAX_PARSED_BYTES, in_memory=MAX_DECODED_BYTES, finite=False
    )
    parse_notebook(request["content"])
    reads = check_reads(request.get("reads") or [])
    return {"content": request["content"], "path": str(request["path"])[:MAX_TEXT_CHARS], "reads": reads}


def job_to_dict(job: ShareJob) -> dict[str, Any]:
    """Returns a job as its author's server gets it."""
    # `told` is for servers that were started before it was called `message`.
    progress = {"state": job.state, "message": job.message, "told": job.message}
    record = job.record
    if record is None:
        return progress
    return {
        **progress,
        "author": record.author,
        "name": record.name,
        "version": record.version,
        "verdict": record.verdict,
        "why": record.why,
        "reads": record.reads,
        "seconds": record.seconds,
        "link": page_link(record),
    }
