"""The extension's addresses, for whoever is logged in to this server and may read its files."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.iostream import StreamClosedError
from traitlets import List, Unicode
from traitlets.config import Configurable

from sandbox_lab.errors import RefusedError

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

DEFAULT_LIMIT = 100
POOL = ThreadPoolExecutor(4, "sandbox_lab")  # the store is waited for there, while the server goes on


class SandboxLab(Configurable):
    """What the S3 browser shows."""

    buckets = List(Unicode(), config=True, help="The buckets.")


class JsonHandler(APIHandler):
    """Does the work in a thread and sends its result as JSON, also when it is a refusal."""

    auth_resource = "contents"

    def initialize(self, buckets: list[str]) -> None:
        """Takes what the configuration says."""
        self.buckets = buckets

    async def send_result(self, work: Callable[[], dict[str, Any]]) -> None:
        """Sends what the work returns, or why it can't."""
        try:
            result = await asyncio.get_running_loop().run_in_executor(POOL, work)
        except RefusedError as refusal:
            self.set_status(refusal.status)
            result = {"message": refusal.message, "hint": refusal.hint}
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(result, allow_nan=False))

    def get_int_argument(self, name: str, default: int) -> int:
        """Returns an argument that is a whole number.

        Raises:
            HTTPError: It is none.
        """
        text = self.get_query_argument(name, str(default))
        try:
            return int(text)
        except ValueError:
            raise web.HTTPError(400, f"{name}={text} is no whole number") from None


class ContentsHandler(JsonHandler):
    """`sandbox/contents`: what lies in S3."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Sends a folder or an object."""
        path = self.get_query_argument("path", "")
        content = self.get_query_argument("content", "1") != "0"

        def work() -> dict[str, Any]:
            from sandbox_lab.contents import contents  # noqa: PLC0415 - a server starts without it

            return contents(path, self.buckets, content=content)

        await self.send_result(work)


class PreviewHandler(JsonHandler):
    """`sandbox/preview`: rows."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Sends a page of rows."""
        path, root = self.get_query_argument("path"), str(self.contents_manager.root_dir)
        offset, limit = self.get_int_argument("offset", 0), self.get_int_argument("limit", DEFAULT_LIMIT)

        def work() -> dict[str, Any]:
            from sandbox_lab.preview import preview  # noqa: PLC0415 - a server starts without it

            return preview(path, root, offset, limit)

        await self.send_result(work)


class LabShareHandler(JsonHandler):
    """`sandbox/share`: gives a notebook to the team's shelf."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Sends the job that shares it."""
        body, root = self.get_json_body() or {}, Path(str(self.contents_manager.root_dir))

        def work() -> dict[str, Any]:
            from sandbox_lab.sharing import call_shelf, share_request  # noqa: PLC0415 - a server starts without it

            return call_shelf("POST", "share", share_request(root, str(body.get("path", ""))))

        await self.send_result(work)


class LabShareProgressHandler(JsonHandler):
    """`sandbox/share/JOB`: how far that is."""

    @web.authenticated
    @authorized
    async def get(self, job: str) -> None:
        """Sends what the shelf says of a job."""

        def work() -> dict[str, Any]:
            from sandbox_lab.sharing import call_shelf  # noqa: PLC0415

            return call_shelf("GET", f"share/{job}")

        await self.send_result(work)


class ExecuteHandler(APIHandler):
    """`sandbox/execute`: runs a notebook again, in the server that was started for it."""

    auth_resource = "contents"

    def initialize(self, buckets: list[str]) -> None:
        """Takes what all handlers are given."""
        del buckets

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Sends a line of JSON for each step, as it comes."""
        from sandbox_lab.rerun import rerun  # noqa: PLC0415

        body = self.get_json_body() or {}
        if not isinstance(body.get("notebook"), dict):
            raise web.HTTPError(400, "the body must be an object with a `notebook`")
        self.set_header("Content-Type", "application/x-ndjson")
        async with contextlib.aclosing(rerun(body["notebook"])) as events:
            try:
                async for event in events:
                    self.write(json.dumps(event, ensure_ascii=False) + "\n")
                    await self.flush()
            except StreamClosedError:  # the client is gone, so nobody reads the rest
                return
        await self.finish()


HANDLERS: dict[str, type[APIHandler]] = {
    "contents": ContentsHandler,
    "preview": PreviewHandler,
    "share": LabShareHandler,
    "share/([A-Za-z0-9_-]+)": LabShareProgressHandler,
    "execute": ExecuteHandler,
}


def routes(server: ServerApp) -> list[tuple[str, type[APIHandler], dict[str, Any]]]:
    """Returns the addresses, each with its handler."""
    settings = {"buckets": list(SandboxLab(parent=server).buckets)}
    base = server.web_app.settings["base_url"]
    return [(url_path_join(base, "sandbox", path), handler, settings) for path, handler in HANDLERS.items()]
