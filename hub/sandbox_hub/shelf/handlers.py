"""The shelf's pages for people."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any

from jupyterhub.services.auth import HubOAuthenticated
from tornado import web

from sandbox_hub.apart.process import PageError
from sandbox_hub.apart.queue import BusyError
from sandbox_hub.header import header
from sandbox_hub.pages import PageHandler
from sandbox_hub.shelf.cells.page_queue import NotebookPages
from sandbox_hub.shelf.checkpoints import STORE_ERRORS, CheckpointStore
from sandbox_hub.shelf.share_queue import ShareQueue
from sandbox_hub.shelf.store import Record, Shelf
from sandbox_hub.shelf.verdicts import NATURE, VERDICTS, tone

PREFIX = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/shelf/")
# Where hub and shelf have addresses of their own: the hub's origin, and the shelf's whole address. Otherwise empty.
HUB_ORIGIN = os.environ.get("JUPYTERHUB_HOST", "")
PUBLIC_URL = os.environ.get("JUPYTERHUB_PUBLIC_URL", "")

PAGE_POLICY = (
    "default-src 'self'; script-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# Links open in another tab, which is an ordinary one; nothing else leaves the frame.
CELLS_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
CELLS_POLICY = (
    f"sandbox {CELLS_SANDBOX}; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'"
)


def page_link(record: Record, *, version: bool = False) -> str:
    """Returns the link to a notebook's page: its path where everything is at one address."""
    return f"{PUBLIC_URL or PREFIX}{record.author}/{record.name}" + (f"/v{record.version}" if version else "")


def open_link(record: Record) -> str:
    """Returns the link that opens a copy of a version in the server of whoever follows it."""
    return f"{HUB_ORIGIN}/hub/user-redirect/sandbox/open/{record.author}/{record.name}/v{record.version}"


class ShelfHandler(HubOAuthenticated, PageHandler):
    """What all of the shelf's addresses share: they are for whoever the hub knows."""

    way_back = "The team's shelf"
    search = "It may have been withdrawn, or the address is mistyped. The shelf has a search."

    def initialize(self, shelf: Shelf, checkpoints: CheckpointStore, queue: ShareQueue) -> None:
        """Takes what all handlers share."""
        self._shelf, self._checkpoints, self._queue = shelf, checkpoints, queue

    def set_default_headers(self) -> None:
        """Allows no scripts: what notebooks hold is shown as text."""
        self.set_header("Content-Security-Policy", PAGE_POLICY)

    def get_template_namespace(self) -> dict[str, Any]:
        """Returns what the pages may call."""
        shared = {"page_link": page_link, "open_link": open_link, "prefix": PREFIX, "hub": HUB_ORIGIN, "tone": tone}
        return {**super().get_template_namespace(), **shared, "header": header("shelf", HUB_ORIGIN)}

    def write_error(self, status_code: int, **kwargs: object) -> None:
        """Says what is wrong: as JSON below api/, else as a page."""
        if self.request.path.startswith(f"{PREFIX}api/"):
            self.finish({"message": self.error_text(kwargs)})
        else:
            super().write_error(status_code, **kwargs)

    def check_xsrf_cookie(self) -> None:
        """Checks nothing: nothing is changed by cookie; see `sandbox_hub.shelf.api`."""

    def _found(self, author: str, name: str, number: str | None) -> list[Record]:
        """Returns a version, or all of them, the newest first.

        Raises:
            HTTPError: There is none, or only others.
        """
        versions = self._shelf.versions(author, name)
        found = [record for record in versions if number is None or record.version == int(number)]
        if not found:
            raise web.HTTPError(404, self._not_found_reason(author, name, versions))
        return found

    def _not_found_reason(self, author: str, name: str, versions: list[Record]) -> str:
        if versions:
            there = ", ".join(f"v{record.version}" for record in versions)
            return f"of `{author}/{name}` there is only {there} on the shelf"
        others = ", ".join(record.name for record in self._shelf.latest() if record.author == author)
        return f"there is no `{author}/{name}` on the shelf" + (f"; of {author} there is: {others}" if others else "")


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
        record = self._shelf.load(self._found(author, name, number)[0])
        states, problem = await self._states(record)
        self.render(
            "notebook.html",
            record=record,
            versions=self._shelf.versions(author, name),
            states=states,
            problem=problem,
            is_intact=self._shelf.is_intact(record),
            is_author=self.current_user["name"] == author,
            sandbox=CELLS_SANDBOX,
            verdicts=VERDICTS,
            nature=NATURE,
        )

    async def _states(self, record: Record) -> tuple[dict[str, str], str]:
        """Returns the state of each checkpoint that it read, and why that is not known."""
        try:
            return await asyncio.to_thread(self._checkpoints.states, record.reads), ""
        except STORE_ERRORS as error:
            logging.getLogger("sandbox.shelf").warning("the store does not answer: %s", error)
            return {}, "The object store does not answer, so it is not known whether the data is still the same."


class CellsHandler(ShelfHandler):
    """`/services/shelf/AUTHOR/NAME/cells` and `…/vN/cells`: what the notebook's page has in a frame."""

    def set_default_headers(self) -> None:
        """Allows nothing: anybody may have written it."""
        self.set_header("Content-Security-Policy", CELLS_POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")

    @web.authenticated
    async def get(self, author: str, name: str, number: str | None = None) -> None:
        """Shows the cells of a version with their outputs, as its author shared them."""
        record = self._found(author, name, number)[0]
        try:
            pages: NotebookPages = self.settings["notebook_pages"]
            page = await pages.page(self._shelf.notebook(record), record.plain_title, self.current_user["name"])
            if self.request.headers.get("Sec-Fetch-Dest") != "iframe":  # on a page of its own it leads back
                page = page.replace(b"<body>", b"<body>" + header("shelf", HUB_ORIGIN).encode("ascii"), 1)
            self.finish(page)
        except (PageError, OSError) as error:
            reason = str(error) if isinstance(error, PageError) else "Its file is gone."
            if isinstance(error, BusyError):
                self.set_status(503)
            self.render("no_cells.html", reason=reason)


class MissingHandler(ShelfHandler):
    """Every other path."""

    def prepare(self) -> None:
        """Answers 404."""
        raise web.HTTPError(404, "no such page on the shelf")
