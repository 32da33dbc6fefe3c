"""The addresses that the page asks: who is answered, and how a refusal is sent."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import pyarrow as pa
import pytest
from pyarrow import parquet
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from traitlets.config import Config, Configurable

from tests.support.folder_store import FolderStore

TOKEN = "ada's"


class JupyterHandler(web.RequestHandler):
    """As much of Jupyter's handler as ours uses: a token, JSON errors, the contents manager."""

    def get_current_user(self) -> str | None:
        return "ada" if self.request.headers.get("Authorization") == f"token {TOKEN}" else None

    def get_json_body(self) -> Any:
        return json.loads(self.request.body)

    def get_login_url(self) -> str:
        raise web.HTTPError(403)

    @property
    def contents_manager(self) -> Any:
        return SimpleNamespace(root_dir=self.settings["home"])

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish(json.dumps({"message": kwargs["exc_info"][1].log_message}))


class APIHandler(JupyterHandler):
    """The same here; it sends nobody to the login."""


STAND_INS: dict[str, dict[str, Any]] = {
    "jupyter_server": {},
    "jupyter_server.auth": {},
    "jupyter_server.auth.decorator": {"authorized": lambda method: method},
    "jupyter_server.base": {},
    "jupyter_server.base.handlers": {"APIHandler": APIHandler, "JupyterHandler": JupyterHandler},
    "jupyter_server.utils": {"url_path_join": lambda *parts: "/" + "/".join(part.strip("/") for part in parts)},
}


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[web.Application]:
    """A user's server as far as our extension sees it, which is in the notebook's image only."""
    for name, content in STAND_INS.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    from sandbox_lab import _load_jupyter_server_extension  # noqa: PLC0415

    class Server(Configurable):
        web_app = web.Application(base_url="/user/ada/", home=str(tmp_path))

    server = Server(config=Config({"SandboxLab": {"buckets": ["published", "scratch"]}}))
    _load_jupyter_server_extension(server)
    yield server.web_app
    for name in ("handlers", "debug_handlers", "json_handler", "learn_handlers"):
        sys.modules.pop(f"sandbox_lab.{name}")


async def get(application: web.Application, path: str, *, token: str | None = TOKEN) -> httpx.Response:
    """Asks as the page does."""
    socket, port = bind_unused_port()
    server = HTTPServer(application)
    server.add_sockets([socket])
    headers = {"Authorization": f"token {token}"} if token else {}
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            return await client.get(f"/user/ada/sandbox/{path}")
    finally:
        server.stop()
        await server.close_all_connections()


def fetch(application: web.Application, path: str, *, token: str | None = TOKEN) -> httpx.Response:
    import asyncio  # noqa: PLC0415

    return asyncio.run(get(application, path, token=token))


def test_the_buckets_of_the_configuration_are_listed(application: web.Application) -> None:
    answer = fetch(application, "contents")

    assert answer.status_code == 200
    assert [entry["name"] for entry in answer.json()["content"]] == ["published", "scratch"]


def test_rows_of_a_file_in_the_home(application: web.Application, tmp_path: Path) -> None:
    parquet.write_table(pa.table({"x": [1, 2, 3]}), tmp_path / "one.parquet")

    answer = fetch(application, "preview?path=one.parquet&offset=1&limit=1")

    assert answer.json()["rows"] == [[2]]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_refusal_has_a_status_the_cause_and_what_to_do(application: web.Application) -> None:
    answer = fetch(application, "preview?path=gone.parquet")

    assert answer.status_code == 404
    assert "gone.parquet" in answer.json()["message"]
    assert answer.json()["hint"]


@pytest.mark.parametrize(
    "query",
    [
        "preview",
        "preview?path=one.parquet&limit=many",
        f"preview?path=one.parquet&limit={'9' * 5000}",
        "preview?path=one.parquet&offset=%00",
        "preview?path=%ff",
        "preview?path=%ed%a0%80",
        f"preview?path={'x' * 2000}",
        "contents?path=%ff",
        f"contents?path=scratch/{'x' * 2000}",
    ],
)
def test_a_question_that_makes_no_sense_is_refused(application: web.Application, query: str) -> None:
    assert fetch(application, query).status_code == 400


@pytest.mark.parametrize("path", ["contents", "preview?path=one.parquet"])
def test_who_is_not_logged_in_is_shown_nothing(application: web.Application, path: str) -> None:
    assert fetch(application, path, token=None).status_code == 403


def test_a_link_of_the_shelf_opens_the_readers_copy(
    application: web.Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "published" / "bob" / "look" / "v2"
    folder.mkdir(parents=True)
    for name in ("look.ipynb", "record.json"):
        (folder / name).write_text("{}")
    monkeypatch.setattr("sandbox_lab.copies.SHELF", tmp_path / "published")

    answer = fetch(application, "open/bob/look/v2")

    copy = "notebooks/shared/look_from_bob_v2.ipynb"
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/user/ada/lab/tree/{copy}?copy=new&of=bob%2Flook%2Fv2"
    assert (tmp_path / copy).is_file()
    assert (
        fetch(application, "open/bob/look/v3").json()["message"].startswith("bob/look, version 3, is not on the shelf")
    )
    for path in ("open/..%2fbob/look/v2", "open/bob/look/v0", "open/bob/../v2"):
        assert fetch(application, path).status_code == 404
    assert fetch(application, "open/bob/look/v2", token=None).status_code == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        *[("share", body) for body in ([], 5, "x", None, {}, {"path": 5}, {"path": ["x"]}, {"path": None})],
        *[("share", {"path": path}) for path in ("a\0b.ipynb", "\ud800.ipynb", "x" * 2000 + ".ipynb")],
        *[("execute", body) for body in ([], 5, "x", None, {}, {"notebook": 5}, {"notebook": [1]})],
    ],
)
def test_a_body_that_makes_no_sense_is_refused(application: web.Application, path: str, body: Any) -> None:
    answer = send(application, path, json.dumps(body))

    assert answer.status_code == 400
    assert "body must be" in answer.json()["message"] or "is no path" in answer.json()["message"]


def test_a_notebook_that_is_no_text_is_refused(application: web.Application, tmp_path: Path) -> None:
    (tmp_path / "latin.ipynb").write_bytes('{"cells": "é"}'.encode("latin-1"))
    (tmp_path / "long.ipynb").mkdir()

    answer = send(application, "share", json.dumps({"path": "latin.ipynb"}))
    assert (answer.status_code, answer.json()["message"]) == (422, "`latin.ipynb` is no notebook: byte 11 is no UTF-8")
    assert send(application, "share", json.dumps({"path": "y" * 300 + ".ipynb"})).status_code == 422


def test_half_a_character_in_an_output_does_not_end_the_answer(application: web.Application) -> None:
    from sandbox_lab.handlers import to_line  # noqa: PLC0415

    assert json.loads(to_line({"result": "é"})) == {"result": "é"}
    assert json.loads(to_line({"result": "\ud800"})) == {"result": "\ud800"}


def send(application: web.Application, path: str, body: str) -> httpx.Response:
    """Sends a body as the page does."""

    async def post() -> httpx.Response:
        socket, port = bind_unused_port()
        server = HTTPServer(application)
        server.add_socket(socket)
        async with httpx.AsyncClient() as client:
            headers = {"Authorization": f"token {TOKEN}"}
            answer = await client.post(
                f"http://127.0.0.1:{port}/user/ada/sandbox/{path}", content=body, headers=headers
            )
        server.stop()
        return answer

    return asyncio.run(post())


def test_a_folder_of_the_users_own_is_writable_and_takes_files(
    application: web.Application, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    folder_store.put("s3a://scratch/users/ada/README.md", b"mine")
    folder_store.put("s3a://scratch/users/bob/README.md", b"his")

    own = fetch(application, "contents?path=scratch/users/ada").json()
    assert own["writable"]
    assert own["place"] == "scratch/users/ada"
    assert not fetch(application, "contents?path=scratch/users/bob").json()["writable"]
    assert not fetch(application, "contents?path=scratch/users/ada/README.md").json()["writable"]
