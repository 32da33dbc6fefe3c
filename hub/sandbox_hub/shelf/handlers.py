"""The shelf's pages for people."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any

from jupyterhub.services.auth import HubOAuthenticated
from tornado import web

from sandbox_hub.shelf.checkpoints import STORE_ERRORS, CheckpointStore
from sandbox_hub.shelf.share_queue import ShareQueue
from sandbox_hub.shelf.store import Record, Shelf

PREFIX = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/shelf/")
# Where hub and shelf have addresses of their own: the hub's origin, and the shelf's whole address. Otherwise empty.
HUB_ORIGIN = os.environ.get("JUPYTERHUB_HOST", "")
PUBLIC_URL = os.environ.get("JUPYTERHUB_PUBLIC_URL", "")


def page_link(record: Record, *, version: bool = False) -> str:
    """Returns the link to a notebook's page: its path where everything is at one address."""
    return f"{PUBLIC_URL or PREFIX}{record.author}/{record.name}" + (f"/v{record.version}" if version else "")


def open_link(record: Record) -> str:
    """Returns the link that opens a version in the server of whoever follows it."""
    folder = f"team/published/{record.author}/{record.name}/v{record.version}"
    return f"{HUB_ORIGIN}/hub/user-redirect/lab/tree/{folder}/{record.name}.ipynb"


class ShelfHandler(HubOAuthenticated, web.RequestHandler):
    """What all of the shelf's addresses share: they are for whoever the hub knows."""

    def initialize(self, shelf: Shelf, checkpoints: CheckpointStore, queue: ShareQueue) -> None:
        """Takes what all handlers share."""
        self._shelf, self._checkpoints, self._queue = shelf, checkpoints, queue

    def set_default_headers(self) -> None:
        """Allows no scripts: what notebooks hold is shown as text."""
        self.set_header(
            "Content-Security-Policy", "default-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        )

    def get_template_namespace(self) -> dict[str, Any]:
        """Returns what the pages may call."""
        shared = {"page_link": page_link, "open_link": open_link, "prefix": PREFIX, "hub": HUB_ORIGIN}
        return {**super().get_template_namespace(), **shared}

    def write_error(self, status_code: int, **kwargs: object) -> None:
        """Says what is wrong: as JSON below api/, else as a page."""
        del kwargs
        if self.request.path.startswith(f"{PREFIX}api/"):
            self.finish({"message": self._reason})
        else:
            self.render("problem.html", status=status_code, reason=self._reason)

    def check_xsrf_cookie(self) -> None:
        """Checks nothing: nothing is changed by cookie; see `sandbox_hub.shelf.api`."""


class NotebookListHandler(ShelfHandler):
    """`/services/shelf/`."""

    @web.authenticated
    def get(self) -> None:
        """Lists the notebooks that match the search."""
        query = self.get_query_argument("q", "")
        everything = self._shelf.latest()
        found = [record for record in everything if record.matches(query)]
        self.render("shelf.html", records=found, total=len(everything), query=query)


class NotebookHandler(ShelfHandler):
    """`/services/shelf/AUTHOR/NAME` and `…/vN`."""

    @web.authenticated
    async def get(self, author: str, name: str, number: str | None = None) -> None:
        """Shows a version, the newest unless another is asked for."""
        versions = self._shelf.versions(author, name)
        found = [record for record in versions if number is None or record.version == int(number)]
        if not found:
            raise web.HTTPError(404, reason="no such notebook on the shelf")
        record = self._shelf.load(found[0])
        states, problem = await self._states(record)
        self.render(
            "notebook.html",
            record=record,
            versions=versions,
            states=states,
            problem=problem,
            is_intact=self._shelf.is_intact(record),
        )

    async def _states(self, record: Record) -> tuple[dict[str, str], str]:
        """Returns the state of each checkpoint that it read, and why that is not known."""
        try:
            return await asyncio.to_thread(self._checkpoints.states, record.reads), ""
        except STORE_ERRORS as error:
            logging.getLogger("sandbox.shelf").warning("the store does not answer: %s", error)
            return {}, "The object store does not answer, so it is not known whether the data is still the same."


class MissingHandler(ShelfHandler):
    """Every other path."""

    def prepare(self) -> None:
        """Answers 404."""
        raise web.HTTPError(404, reason="no such page on the shelf")
