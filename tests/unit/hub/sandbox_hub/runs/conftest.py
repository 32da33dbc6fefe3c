"""The page of runs over a folder in place of the store, and the runs that it shows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from bounded_http import BoundedServer
from sandbox_hub.runs import access, handlers, service
from sandbox_hub.runs.access import RunAccess
from sandbox_hub.runs.code_pages import CodePages
from sandbox_hub.runs.handlers import PART, RunsHandler
from spark_etl.code.archive import make_archive
from spark_etl.storage import S3Settings, normalise
from spark_etl.store import ErrorRecord, RunWriter, StoredRun
from tornado.testing import bind_unused_port

from tests.support.runs import run_writer

PREFIX = "/services/runs/"
HELPERS = '"""Helpers."""\n\n\ndef rate(currency):\n    return {"USD": 1}[currency]  # <b>\n'
MODULE = '''"""What an order is worth."""

from shop.helpers import rate
from spark_etl import SparkFeature


class Net(SparkFeature):
    def transform(self, spark, start_date, end_date, orders):
        return orders.withColumn("usd", rate("CHF"))
'''
CODE = {"shop/__init__.py": "", "shop/helpers.py": HELPERS, "shop/net.py": MODULE}
FRAMES = (
    '  File "/project/shop/net.py", line 9, in transform\n    return orders\n'
    '  File "/project/shop/helpers.py", line 5, in rate\n    return {"USD": 1}[currency]\n'
)


@dataclass
class Store:
    """The runs, and whoever asks.

    Attributes:
        scratch: The folder.
        runs: Each that was made.
    """

    scratch: Path
    runs: list[RunWriter] = field(default_factory=list)

    def make(
        self,
        path: str,
        status: Any = "succeeded",
        *,
        code: dict[str, str] | None = CODE,
        features: dict[str, dict[str, Any]] | None = None,
        failed: str = "net",
        **known: Any,
    ) -> RunWriter:
        """Makes a run of `orders` and `net`."""
        run = StoredRun(f"{normalise(str(self.scratch))}/{path}")
        is_failed = status == "failed"
        error = (
            ErrorRecord(f"feature `{failed}` failed: KeyError: 'CHF'", FRAMES, "KeyError", failed)
            if is_failed
            else None
        )
        records = features or {
            "orders": {"class_path": "shop.orders.Orders", "state": "succeeded", "checkpoint": True, "seconds": 1.5},
            "net": {"class_path": "shop.net.Net", "state": "failed" if is_failed else "succeeded"},
        }
        graph = {alias: ["orders"] if alias == "net" else [] for alias in records}
        head = {"start_date": "2024-02-29", "end_date": "2024-02-29", "graph": graph, "by": {"user": "ada"}}
        writer = run_writer(run, {**head, **known}, records)
        if code is not None:
            folder = self.scratch.parent / f"code-{run.run_id}"
            for name, text in code.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text)
            writer.document.code = run.write_code(make_archive(folder))
        writer.store()
        if status != "running":
            writer.end(status, error)
            run.mark_ended(writer.document)
        self.runs.append(writer)
        return writer

    def fetch(self, path: str = "", user: str = "ada", *, part: bool = False, **more: Any) -> httpx.Response:
        """Returns what the service answers to a user."""
        return asyncio.run(self._fetch(path, user, part=part, **more))

    async def _fetch(
        self, path: str, user: str, *, part: bool, method: str = "GET", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        socket, port = bind_unused_port()
        server = BoundedServer(service.application(_Access(), CodePages()), limits=service.LIMITS)
        server.add_socket(socket)
        known = {"X-User": user, **({PART: "1"} if part else {}), **(headers or {})}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, headers=known) as client:
            page = await client.get(PREFIX) if method == "POST" else None
            token = page.text.partition('data-token="')[2].partition('"')[0] if page else ""
            data = {"_xsrf": token} if token else None
            answer = await client.request(method, f"{PREFIX}{path}", data=data)
        server.stop()
        await server.close_all_connections()
        return answer


class _Access(RunAccess):
    def __init__(self) -> None:
        super().__init__("", "", lambda _: pytest.fail("no keys are needed"))

    def _settings(self, user: str) -> S3Settings:
        del user
        return S3Settings()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """No runs yet."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(access, "SCRATCH", normalise(str(scratch)))
    monkeypatch.setattr(handlers, "SLOTS", asyncio.Semaphore(4))
    monkeypatch.setattr(
        RunsHandler, "get_current_user", lambda page: {"kind": "user", "name": page.request.headers["X-User"]}
    )
    monkeypatch.setattr(handlers.HubOAuthenticated, "check_xsrf_cookie", handlers.web.RequestHandler.check_xsrf_cookie)
    return Store(scratch)
