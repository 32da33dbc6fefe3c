from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from spark_etl.runner.report.cores import ask_master, explain, master_pages

OWN = "app-2"


def worker(cores: int, used: int, state: str = "ALIVE") -> dict[str, Any]:
    return {"cores": cores, "coresused": used, "memory": 2048, "memoryused": 1024 * used, "state": state}


def app(number: int, name: str, user: str, cores: int) -> dict[str, Any]:
    return {"id": f"app-{number}", "name": name, "user": user, "cores": cores}


STATES: list[tuple[dict[str, Any] | None, str]] = [
    (
        {
            "workers": [worker(2, 2), worker(2, 2)],
            "activeapps": [app(1, "notebook", "ada", 1), app(2, "me", "x", 0), app(3, "nightly", "bob", 3)],
        },
        "all 4 cores are taken. nightly (app-3, user bob) holds 3 cores, notebook (app-1, user ada) holds 1 core",
    ),
    ({"workers": [worker(1, 1)], "activeapps": [app(1, "n", "ada", 1)]}, "the only core is taken. n (app-1, user ada)"),
    ({"workers": [worker(2, 1)], "activeapps": []}, "1 of 2 cores are free and 1024 MB of memory"),
    ({"workers": [worker(2, 0, "DEAD")], "activeapps": []}, "the cluster has no worker"),
    ({"workers": []}, "the cluster has no worker"),
    (None, "the master does not tell"),
]


@pytest.mark.parametrize(("state", "told"), STATES)
def test_who_holds_the_cores_is_told(state: dict[str, Any] | None, told: str) -> None:
    said = explain(state, OWN, 5.2)
    assert said.startswith("waiting for cores, 5s so far")
    assert told in said
    assert "me (app-2" not in said


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
    assert ask_master(pages) == {"status": "ALIVE", "at": "/alive/json/"}
    assert ask_master(pages[:2]) is None
