"""What the extension's addresses share: the work is done in a thread, and refusals are answers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import url_path_join
from spark_etl.printable import printable
from tornado import web

from sandbox_lab.errors import RefusedError

Made = TypeVar("Made")
UNNAMED, MAX_PATH_BYTES = re.compile("[\x00\ud800-\udfff]"), 1024
POOL = ThreadPoolExecutor(4, "sandbox_lab")  # the store is waited for there, while the server goes on


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

    def get_path_argument(self) -> str:
        """Returns the argument `path`.

        Raises:
            HTTPError: No file and no object can be called so.
        """
        return check_path(self.get_query_argument("path"))

    def get_body_path(self) -> str:
        """Returns the `path` of a notebook in the body.

        Raises:
            HTTPError: There is none, or no file can be called so.
        """
        body = self.get_json_body()
        path = body.get("path") if isinstance(body, dict) else None
        if not isinstance(path, str):
            raise web.HTTPError(400, "the body must be an object with the `path` of a notebook")
        return check_path(path)

    def get_int_argument(self, name: str, default: int) -> int:
        """Returns an argument that is a whole number.

        Raises:
            HTTPError: It is none.
        """
        text = self.get_query_argument(name, str(default))
        if not re.fullmatch("[+-]?[0-9]{1,15}", text):
            raise web.HTTPError(400, printable(f"{name}={text[:40]} is no whole number of at most 15 digits"))
        return int(text)


class OpeningHandler(JupyterHandler):
    """A page that a link leads to: a file is made in the home unless it is there, and the browser sent to it."""

    auth_resource = "contents"

    def initialize(self, buckets: list[str]) -> None:
        """Takes what all handlers are given."""
        del buckets

    async def made(self, work: Callable[[], Made]) -> Made:
        """Returns what the work returns.

        Raises:
            HTTPError: It can't be made; why is said on the page.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(POOL, work)
        except RefusedError as refusal:
            raise web.HTTPError(refusal.status, " Next: ".join(filter(None, [refusal.message, refusal.hint]))) from None

    def open_in_lab(self, path: str, **arguments: str) -> None:
        """Sends the browser to a file of the home, with arguments for the page."""
        target = url_path_join(self.settings["base_url"], "lab/tree", quote(path))
        self.redirect(f"{target}?{urlencode(arguments)}" if arguments else target)


def check_path(path: str) -> str:
    """Returns a path as it is.

    Raises:
        HTTPError: It is none: it has a NUL or half a character, or is longer than any name.
    """
    if UNNAMED.search(path) or len(path.encode()) > MAX_PATH_BYTES:
        raise web.HTTPError(400, printable(f"`{path[:80]}` is no path: it is too long, or has what no name can have"))
    return path
