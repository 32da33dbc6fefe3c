"""The addresses, for whoever is logged in to this server and may read its files."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web
from traitlets import List, Unicode
from traitlets.config import Configurable

from sandbox_lab.refusal import RefusedError

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

DEFAULT_LIMIT = 100
POOL = ThreadPoolExecutor(4, "sandbox_lab")  # the store is waited for there, while the server goes on


class SandboxLab(Configurable):
    """What the S3 browser shows."""

    buckets = List(Unicode(), config=True, help="The buckets.")


class Answer(APIHandler):
    """Does the work in a thread and sends it as JSON, also when it is a refusal."""

    auth_resource = "contents"

    def initialize(self, buckets: list[str]) -> None:
        """Takes what the configuration says."""
        self.buckets = buckets

    async def answer(self, work: Callable[[], dict[str, Any]]) -> None:
        """Sends what the work returns, or why it can't."""
        try:
            told = await asyncio.get_running_loop().run_in_executor(POOL, work)
        except RefusedError as refusal:
            self.set_status(refusal.status)
            told = {"message": refusal.message, "hint": refusal.hint}
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(told, allow_nan=False))

    def number(self, name: str, default: int) -> int:
        """Returns an argument that is a whole number.

        Raises:
            HTTPError: It is none.
        """
        text = self.get_query_argument(name, str(default))
        try:
            return int(text)
        except ValueError:
            raise web.HTTPError(400, f"{name}={text} is no whole number") from None


class Contents(Answer):
    """What lies in S3."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Sends a folder or an object."""
        path = self.get_query_argument("path", "")
        content = self.get_query_argument("content", "1") != "0"

        def work() -> dict[str, Any]:
            from sandbox_lab.contents import contents  # noqa: PLC0415 - a server starts without it

            return contents(path, self.buckets, content=content)

        await self.answer(work)


class Preview(Answer):
    """Rows."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Sends a page of rows."""
        path, root = self.get_query_argument("path"), str(self.contents_manager.root_dir)
        offset, limit = self.number("offset", 0), self.number("limit", DEFAULT_LIMIT)

        def work() -> dict[str, Any]:
            from sandbox_lab.preview import preview  # noqa: PLC0415 - a server starts without it

            return preview(path, root, offset, limit)

        await self.answer(work)


def routes(server: ServerApp) -> list[tuple[str, type[APIHandler], dict[str, Any]]]:
    """Returns the addresses with what answers there."""
    from sandbox_lab.sharing import Execute, Publication, Publish  # noqa: PLC0415 - it needs what is above

    given = {"buckets": list(SandboxLab(parent=server).buckets)}
    base = server.web_app.settings["base_url"]
    found: dict[str, type[APIHandler]] = {
        "contents": Contents,
        "preview": Preview,
        "publish": Publish,
        "publish/([A-Za-z0-9_-]+)": Publication,
        "execute": Execute,
    }
    return [(url_path_join(base, "sandbox", name), kind, given) for name, kind in found.items()]
