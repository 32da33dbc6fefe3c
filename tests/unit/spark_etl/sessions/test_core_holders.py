"""What is said of who holds the cores: to a run, and below a cell."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from spark_etl.sessions.core_holders import explain_cell_wait, explain_run_wait, master_pages, read_cluster_state

OWN_ID = "app-2"
RUN_NAME = "sandbox/revenue 20261125T101112Z-7f3a2c"


def worker(cores: int, used: int, state: str = "ALIVE") -> dict[str, Any]:
    return {"cores": cores, "coresused": used, "memory": 2048, "memoryused": 1024 * used, "state": state}


def app(number: int, name: str, cores: int, user: str = "spark") -> dict[str, Any]:
    return {"id": f"app-{number}", "name": name, "user": user, "cores": cores}


OWN = app(2, "ada's notebook", 0)
FULL = [worker(2, 2), worker(2, 2)]

STATES_OF_CELLS: list[tuple[dict[str, Any] | None, bool, str]] = [
    (
        {"workers": FULL, "activeapps": [app(1, "bob's notebook", 1), OWN, app(3, RUN_NAME, 3)]},
        False,
        "`sandbox run` of revenue, 20261125T101112Z-7f3a2c (3 cores), bob's notebook (1 core). An idle notebook gives",
    ),
    (
        {"workers": FULL, "activeapps": [app(1, "ada's notebook", 4), OWN]},
        False,
        "ada's notebook (4 cores). Another notebook of yours is among them: shut its kernel down",
    ),
    (
        {"workers": FULL, "activeapps": [app(1, "Spark Connect", 4), OWN]},
        False,
        "Spark Connect, everybody's `spark()` (4 cores)",
    ),
    (
        {"workers": FULL, "activeapps": [app(2, "Spark Connect", 2), app(3, RUN_NAME, 2)]},
        True,
        "2 cores of Spark Connect are starting, or busy: its executors serve everybody's `spark()`",
    ),
    (
        {"workers": FULL, "activeapps": [app(2, "Spark Connect", 0), app(3, RUN_NAME, 4)]},
        True,
        "`sandbox run` of revenue, 20261125T101112Z-7f3a2c (4 cores)",
    ),
    ({"workers": FULL, "activeapps": [app(2, "x", 1)]}, False, "1 core granted, executors are starting"),
    ({"workers": [worker(2, 1)], "activeapps": [app(1, "y", 1), OWN]}, False, "1 of 2 cores are free and 1024 MB"),
    ({"workers": [], "activeapps": [OWN]}, False, "the cluster has no worker"),
    (None, True, "the master does not tell"),
]


@pytest.mark.parametrize(("state", "shared", "expected"), STATES_OF_CELLS)
def test_a_waiting_cell_names_who_holds_the_cores(state: dict[str, Any] | None, shared: bool, expected: str) -> None:
    text = explain_cell_wait(state, OWN_ID, 5.2, shared=shared)
    assert text.startswith("waiting for cores, 5.2s so far")
    assert expected in text


STATES_OF_RUNS: list[tuple[dict[str, Any] | None, str]] = [
    (
        {
            "workers": [worker(2, 2), worker(2, 2)],
            "activeapps": [app(1, "notebook", 1, "ada"), app(2, "me", 0, "x"), app(3, "nightly", 3, "bob")],
        },
        "all 4 cores are taken. nightly (app-3, user bob) holds 3 cores, notebook (app-1, user ada) holds 1 core",
    ),
    ({"workers": [worker(1, 1)], "activeapps": [app(1, "n", 1, "ada")]}, "the only core is taken. n (app-1, user ada)"),
    ({"workers": [worker(2, 1)], "activeapps": []}, "1 of 2 cores are free and 1024 MB of memory"),
    ({"workers": [worker(2, 0, "DEAD")], "activeapps": []}, "the cluster has no worker"),
    ({"workers": []}, "the cluster has no worker"),
    (None, "the master does not tell"),
]


@pytest.mark.parametrize(("state", "expected"), STATES_OF_RUNS)
def test_who_holds_the_cores_is_reported(state: dict[str, Any] | None, expected: str) -> None:
    text = explain_run_wait(state, OWN_ID, 5.2)
    assert text.startswith("waiting for cores, 5.2s so far")
    assert expected in text
    assert "me (app-2" not in text


@pytest.mark.parametrize(
    ("master", "pages"),
    [
        ("spark://spark-master:7077", ["http://spark-master:8080"]),
        ("spark://a:7077,b:7077", ["http://a:8080", "http://b:8080"]),
        ("local[2]", []),
        ("yarn", []),
    ],
)
def test_the_masters_page_is_found(master: str, pages: list[str]) -> None:
    assert master_pages(master) == pages


@pytest.fixture
def master() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            status = "STANDBY" if "standby" in self.path else "ALIVE"
            self.wfile.write(json.dumps({"status": status, "at": self.path}).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_master_that_is_alive_is_asked(master: str) -> None:
    pages = ["http://127.0.0.1:9", f"{master}/standby", f"{master}/alive"]
    assert read_cluster_state(pages) == {"status": "ALIVE", "at": "/alive/json/"}
    assert read_cluster_state(pages[:2]) is None
