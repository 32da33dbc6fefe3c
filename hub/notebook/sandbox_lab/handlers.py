"""The extension's addresses, for whoever is logged in to this server and may read its files."""

from __future__ import annotations

import contextlib
import functools
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import url_path_join
from spark_etl.usernames import USER_NAME
from tornado import web
from tornado.iostream import StreamClosedError
from traitlets import List, Unicode
from traitlets.config import Configurable

from sandbox_lab.copies import copy_shared
from sandbox_lab.debug_handlers import HANDLERS as DEBUG_HANDLERS
from sandbox_lab.json_handler import JsonHandler, OpeningHandler, check_path
from sandbox_lab.learn_handlers import HANDLERS as LEARN_HANDLERS

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from sandbox_lab.uploads import Uploads

DEFAULT_LIMIT = 100
# As the shelf has them: see `sandbox_hub.shelf.service`.
AUTHOR, NAME, NUMBER = f"({USER_NAME})", r"([A-Za-z0-9][A-Za-z0-9._-]{0,79})", r"([1-9][0-9]{0,5})"


class SandboxLab(Configurable):
    """What the S3 browser shows."""

    buckets = List(Unicode(), config=True, help="The buckets.")


class ContentsHandler(JsonHandler):
    """`sandbox/contents`: what lies in S3."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Sends a folder or an object."""
        path = check_path(self.get_query_argument("path", ""))
        content = self.get_query_argument("content", "1") != "0"

        def work() -> dict[str, Any]:
            from sandbox_lab.contents import contents  # noqa: PLC0415 - a server starts without it

            found = contents(path, self.buckets, content=content)
            writable = found["type"] == "directory" and uploads().may_write(path)
            return {**found, "writable": writable, "place": uploads().place}

        await self.send_result(work)


class UploadHandler(JsonHandler):
    """`sandbox/upload`: a file that was dropped on the S3 browser, or a part of it."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Sends the object's model."""
        path = self.get_body_path()  # which refuses a body that is no object
        body = self.get_json_body() or {}
        content, chunk = body.get("content"), body.get("chunk")
        if not isinstance(content, str) or not isinstance(chunk, int | None):
            raise web.HTTPError(400, "the body must have `content` in base64, and the number of a `chunk` or none")
        await self.send_result(lambda: uploads().receive(path, content, chunk))


@functools.cache
def uploads() -> Uploads:
    """Returns the uploads of this server's user."""
    from sandbox_lab.uploads import Uploads  # noqa: PLC0415 - a server starts without it

    return Uploads(os.environ.get("JUPYTERHUB_USER", ""))


class PreviewHandler(JsonHandler):
    """`sandbox/preview`: rows."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Sends a page of rows."""
        path, root = self.get_path_argument(), str(self.contents_manager.root_dir)
        offset, limit = self.get_int_argument("offset", 0), self.get_int_argument("limit", DEFAULT_LIMIT)

        def work() -> dict[str, Any]:
            from sandbox_lab.preview import preview  # noqa: PLC0415 - a server starts without it

            return preview(path, root, offset, limit)

        await self.send_result(work)


class LabShareHandler(JsonHandler):
    """`sandbox/share`: gives a notebook to the team's shelf."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Sends what will be seen of a notebook once it is shared."""
        path, root = self.get_query_argument("path", ""), Path(str(self.contents_manager.root_dir))

        def work() -> dict[str, Any]:
            from sandbox_lab.sharing import share_preview  # noqa: PLC0415 - a server starts without it

            return share_preview(root, path)

        await self.send_result(work)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Sends the job that shares it."""
        path, root = self.get_body_path(), Path(str(self.contents_manager.root_dir))

        def work() -> dict[str, Any]:
            from sandbox_lab.sharing import call_shelf, share_request  # noqa: PLC0415 - a server starts without it

            return call_shelf("POST", "share", share_request(root, path))

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


class WithdrawHandler(JsonHandler):
    """`sandbox/withdraw/NAME` and `…/vN`: takes a notebook of one's own off the shelf."""

    @web.authenticated
    @authorized
    async def delete(self, name: str, version: str) -> None:
        """Sends the numbers of the versions that are off the shelf."""

        def work() -> dict[str, Any]:
            from sandbox_lab.sharing import call_shelf  # noqa: PLC0415

            return call_shelf("DELETE", f"notebooks/{os.environ.get('JUPYTERHUB_USER', '')}/{name}{version or ''}")

        await self.send_result(work)


class OpenCopyHandler(OpeningHandler):
    """`sandbox/open/AUTHOR/NAME/vN`: a page, to which the shelf's link leads."""

    @web.authenticated
    @authorized
    async def get(self, author: str, name: str, version: str) -> None:
        """Makes the reader's copy unless there is one, and sends the browser to it."""
        work = functools.partial(copy_shared, Path(str(self.contents_manager.root_dir)), author, name, int(version))
        copy = await self.made(work)
        self.open_in_lab(copy.path, copy=copy.state, of=f"{author}/{name}/v{version}")


class FreshCopyHandler(JsonHandler):
    """`sandbox/copies/AUTHOR/NAME/vN`."""

    @web.authenticated
    @authorized
    async def post(self, author: str, name: str, version: str) -> None:
        """Makes a copy beside those that were edited, and sends its path."""
        root = Path(str(self.contents_manager.root_dir))
        await self.send_result(lambda: {"path": copy_shared(root, author, name, int(version), fresh=True).path})


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

        body = self.get_json_body()
        if not isinstance(body, dict) or not isinstance(body.get("notebook"), dict):
            raise web.HTTPError(400, "the body must be an object with a `notebook`")
        self.set_header("Content-Type", "application/x-ndjson")
        async with contextlib.aclosing(rerun(body["notebook"], str(body.get("author", "")))) as events:
            try:
                async for event in events:
                    self.write(to_line(event))
                    await self.flush()
            except StreamClosedError:  # the client is gone, so nobody reads the rest
                return
        await self.finish()


def to_line(event: dict[str, Any]) -> bytes:
    """Returns an event as a line of JSON in UTF-8; what has none, such as half a character in an output, is escaped."""
    try:
        return json.dumps(event, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(event).encode() + b"\n"


HANDLERS: dict[str, type[JupyterHandler]] = {
    "contents": ContentsHandler,
    "upload": UploadHandler,
    "preview": PreviewHandler,
    "share": LabShareHandler,
    "share/([A-Za-z0-9_-]+)": LabShareProgressHandler,
    rf"withdraw/{NAME}(/v[1-9][0-9]{{0,5}})?": WithdrawHandler,
    f"open/{AUTHOR}/{NAME}/v{NUMBER}": OpenCopyHandler,
    f"copies/{AUTHOR}/{NAME}/v{NUMBER}": FreshCopyHandler,
    "execute": ExecuteHandler,
    **DEBUG_HANDLERS,
    **LEARN_HANDLERS,
}


def routes(server: ServerApp) -> list[tuple[str, type[JupyterHandler], dict[str, Any]]]:
    """Returns the addresses, each with its handler."""
    settings = {"buckets": list(SandboxLab(parent=server).buckets)}
    base = server.web_app.settings["base_url"]
    return [(url_path_join(base, "sandbox", path), handler, settings) for path, handler in HANDLERS.items()]
