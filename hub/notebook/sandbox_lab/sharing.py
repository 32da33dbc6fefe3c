"""The addresses for sharing a notebook: to publish it, and, in the server that was started for it, to run it again."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.iostream import StreamClosedError

from sandbox_lab.handlers import Answer


class Publish(Answer):
    """`sandbox/publish`."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Hands a notebook to the team's shelf; sends the job."""
        body, root = self.get_json_body() or {}, Path(str(self.contents_manager.root_dir))

        def work() -> dict[str, Any]:
            from sandbox_lab.publishing import asked, request_of  # noqa: PLC0415 - a server starts without it

            return asked("POST", "publish", request_of(root, str(body.get("path", ""))))

        await self.answer(work)


class Publication(Answer):
    """`sandbox/publish/JOB`."""

    @web.authenticated
    @authorized
    async def get(self, job: str) -> None:
        """Sends how far a publication is."""

        def work() -> dict[str, Any]:
            from sandbox_lab.publishing import asked  # noqa: PLC0415

            return asked("GET", f"publish/{job}")

        await self.answer(work)


class Execute(APIHandler):
    """`sandbox/execute`."""

    auth_resource = "contents"

    def initialize(self, buckets: list[str]) -> None:
        """Takes what all handlers are given."""
        del buckets

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Runs a notebook again; sends a line of JSON for each step, as it comes."""
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
            except StreamClosedError:  # who asked is gone, and so is whoever would read the end
                return
        await self.finish()
