"""What the extension's addresses share: the work is done in a thread, and refusals are answers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jupyter_server.base.handlers import APIHandler
from spark_etl.printable import printable
from tornado import web

from sandbox_lab.errors import RefusedError

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

    def get_int_argument(self, name: str, default: int) -> int:
        """Returns an argument that is a whole number.

        Raises:
            HTTPError: It is none.
        """
        text = self.get_query_argument(name, str(default))
        if not re.fullmatch("[+-]?[0-9]{1,15}", text):
            raise web.HTTPError(400, printable(f"{name}={text[:40]} is no whole number of at most 15 digits"))
        return int(text)


def check_path(path: str) -> str:
    """Returns a path as it is.

    Raises:
        HTTPError: It is none: it has a NUL or half a character, or is longer than any name.
    """
    if UNNAMED.search(path) or len(path.encode()) > MAX_PATH_BYTES:
        raise web.HTTPError(400, printable(f"`{path[:80]}` is no path: it is too long, or has what no name can have"))
    return path
