"""The pages of runs. Links open pages; what changes something is a POST."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from jupyterhub.services.auth import HubOAuthenticated
from minio.error import MinioException
from spark_etl.errors import SparkEtlError, StorageError
from spark_etl.printable import printable
from spark_etl.store import RunDocument, RunStore, StoredRun
from spark_etl.units import format_duration
from tornado import web
from urllib3.exceptions import HTTPError

from sandbox_hub.header import enabled_pages, header
from sandbox_hub.pages import PageHandler
from sandbox_hub.runs.access import SCRATCH, NoSuchRunError, RunAccess
from sandbox_hub.runs.code_pages import CodePages
from sandbox_hub.runs.limits import LARGEST_DOCUMENT

PREFIX = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/runs/")
# Where the services have addresses of their own, the hub's origin; otherwise empty.
HUB_ORIGIN = os.environ.get("JUPYTERHUB_HOST", "")
BUCKET = SCRATCH.removeprefix("s3a://")
# A script of this service asks for the part of a page that changes.
PART = "X-Sandbox-Part"
# What a store that does not answer raises.
STORE_ERRORS = (StorageError, HTTPError, MinioException)
TONES = {"succeeded": "good", "failed": "bad", "died": "bad", "damaged": "bad"}
# Pages that ask the store at a time: each may hold a run's document of 4 MB, and list by thirty threads.
SLOTS, WAIT_SECONDS = asyncio.Semaphore(3), 15
SHORTEST_PART = 6
RUN_NAME = re.compile(r"(?:[A-Za-z0-9._-]+/)*\d{8}T\d{6}Z-[0-9a-f]{6}")
Result = TypeVar("Result")
log = logging.getLogger("sandbox.runs")


def tone(status: str) -> str:
    """Returns the style of a status."""
    return TONES.get(status, "neutral")


def page_link(path: str) -> str:
    """Returns the page of a run by its path below the scratch path."""
    return f"{PREFIX}{quote(path)}"


def named_link(name: str) -> str:
    """Returns the page of a run that a document names; empty where that is no name of a run."""
    return f"{PREFIX}{quote(name)}" if RUN_NAME.fullmatch(name) and ".." not in name else ""


def in_server(address: str, **arguments: str) -> str:
    """Returns a page in the server of whoever follows it, which is started if need be."""
    query = urlencode({name: value for name, value in arguments.items() if value})
    return f"{HUB_ORIGIN}/hub/user-redirect/sandbox/{address}?{query}"


def ui_link(name: str) -> str:
    """Returns one of the stack's other pages."""
    return f"{HUB_ORIGIN}/services/ui/{name}/"


def folder_link(path: str, folder: str = "") -> str:
    """Returns the page of a run's folder in the S3 console."""
    below = "/".join(filter(None, [path, folder]))
    return f"{ui_link('s3')}browser/{BUCKET}/{quote(f'{below}/', safe='')}"


def shelf_link(notebook: str) -> str:
    """Returns the page of a shared notebook, `author/name/vN`."""
    return f"{HUB_ORIGIN}/services/shelf/{quote(notebook)}"


def moment(text: str | None) -> str:
    """Returns `2024-02-29 10:11 UTC` of a moment as run.json has it."""
    return f"{text[:16].replace('T', ' ')} UTC" if text else ""


def seconds(value: float | None) -> str:
    """Returns how long something took; nothing where it is not known."""
    return "" if value is None else format_duration(value)


def _form_targets() -> str:
    """Returns where a form may lead besides: with subdomains to the hub, which sends on to users' own."""
    parts = urlsplit(HUB_ORIGIN)
    return f"{HUB_ORIGIN} {parts.scheme}://*.{parts.netloc}" if HUB_ORIGIN else ""


class RunsHandler(HubOAuthenticated, PageHandler):
    """What all of the addresses share: they are for whoever the hub knows, and show what that user may read."""

    way_back = "All runs"
    search = (
        "It may have been deleted, it may be another user's own, or the address is mistyped. The list has a search."
    )

    def initialize(self, access: RunAccess, code: CodePages) -> None:
        """Takes what all handlers share."""
        self._access, self._code = access, code

    def set_default_headers(self) -> None:
        """Allows the one script of this service, and no other."""
        own = f"{self.request.protocol}://{self.request.host}{PREFIX}static/"
        self.set_header(
            "Content-Security-Policy",
            f"default-src 'none'; script-src {own}; connect-src 'self'; style-src 'unsafe-inline'; img-src data:; "
            f"form-action 'self' {_form_targets()}; base-uri 'none'; frame-ancestors 'none'",
        )
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Cache-Control", "no-store")

    def get_template_namespace(self) -> dict[str, Any]:
        """Returns what the pages may call."""
        shared: dict[str, Any] = {
            "prefix": PREFIX,
            "hub": HUB_ORIGIN,
            "page_link": page_link,
            "in_server": in_server,
            "named_link": named_link,
            "ui_link": ui_link,
            "folder_link": folder_link,
            "shelf_link": shelf_link,
            "tone": tone,
            "moment": moment,
            "seconds": seconds,
            "pages": enabled_pages(),
            "quote": quote,
        }
        # Parts are put into a page that has it.
        token = "" if self.wants_part else self.xsrf_token.decode("ascii")
        return {**super().get_template_namespace(), **shared, "header": header("runs", HUB_ORIGIN), "token": token}

    @property
    def user(self) -> str:
        """Who asks."""
        return str(self.current_user["name"])

    @property
    def wants_part(self) -> bool:
        """Whether only the part of the page is asked for that changes."""
        return bool(self.request.headers.get(PART))

    async def ask_store(self, work: Callable[[], Result]) -> Result:
        """Returns what some work in a thread returns, which asks the store.

        Raises:
            HTTPError: The store does not answer, or others' pages are made for too long.
        """
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await SLOTS.acquire()
        except TimeoutError:
            raise web.HTTPError(503, "The pages of others are made first. Load this one again.") from None
        try:
            return await asyncio.to_thread(work)
        except STORE_ERRORS as error:
            log.warning("the store does not answer: %s", printable(str(error), one_line=True)[:300])
            raise web.HTTPError(503, "The object store does not answer. Load this page again.") from None
        finally:
            SLOTS.release()

    async def find(self, path: str) -> tuple[RunStore, StoredRun, RunDocument]:
        """Returns a run that this user may see.

        Raises:
            HTTPError: There is none, or the store does not answer.
        """

        def work() -> tuple[RunStore, StoredRun, RunDocument | None]:
            run = self._access.run(self.user, path)
            return self._access.store(self.user), run, run.document(largest=LARGEST_DOCUMENT)

        try:
            store, run, document = await self.ask_store(work)
        except NoSuchRunError:
            document = None
        if document is None:
            raise web.HTTPError(404, "there is no such run, as far as you may see: %s", path)
        return store, run, document

    def refuse(self, error: SparkEtlError) -> web.HTTPError:
        """Returns the page that says why something of a run can't be shown."""
        return web.HTTPError(422, "%s", error.message)


class MissingHandler(RunsHandler):
    """Every other path."""

    def prepare(self) -> None:
        """Answers 404."""
        raise web.HTTPError(404, "no such page of runs")


class ShortLinkHandler(RunsHandler):
    """`/services/runs/RUN_ID`: what commands print, and mails."""

    @web.authenticated
    async def get(self, part: str) -> None:
        """Sends the browser to the run's page."""
        is_long = len(part) >= SHORTEST_PART
        found = await self.ask_store(lambda: self._access.named(self.user, part)) if is_long else []
        if len(found) > 1 or not is_long:
            self.redirect(f"{PREFIX}?q={quote(part)}")
        elif found:
            self.redirect(page_link(found[0]))
        else:
            raise web.HTTPError(404, "no run %s, as far as you may see", part)
