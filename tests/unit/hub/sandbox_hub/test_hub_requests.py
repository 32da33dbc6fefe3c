"""JupyterHub's own pages and API, asked what makes no sense: refused, with what is wrong."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from jupyterhub.apihandlers.auth import OAuthAuthorizeHandler
from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.apihandlers.users import UserListAPIHandler
from jupyterhub.handlers.base import BaseHandler
from jupyterhub.handlers.pages import ProxyErrorHandler
from jupyterhub.handlers.static import CacheControlStaticFilesHandler
from sandbox_hub import hub_requests
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from yarl import URL


class Handler(APIHandler):
    """A page of JupyterHub's: it answers what the checks let through."""

    def set_default_headers(self) -> None:
        pass

    def check_xsrf_cookie(self) -> None:
        pass

    def get(self, *_: str) -> None:
        self.finish("{}")

    post = get

    def on_finish(self) -> None:
        pass

    def write_error(self, status_code: int, **details: Any) -> None:
        self.finish(json.dumps({"message": details["exc_info"][1].log_message}))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> web.Application:
    """JupyterHub's handlers, without what they do once a request is let through."""

    async def nothing(*_: Any) -> None:
        pass

    def answer(handler: Any, *_: str) -> None:
        handler.finish("{}")

    monkeypatch.setattr(BaseHandler, "prepare", nothing)
    for handler, method in ((UserListAPIHandler, "post"), (OAuthAuthorizeHandler, "get"), (ProxyErrorHandler, "get")):
        monkeypatch.setattr(handler, method, answer)
    monkeypatch.setattr(OAuthAuthorizeHandler, "post", answer)
    monkeypatch.setattr(CacheControlStaticFilesHandler, "prepare", lambda self: None)
    hub_requests.check_hub_requests()
    kinds: dict[str, Any] = {
        name: type(name, (kind,), {**vars(Handler), "get": kind.get, "post": kind.post})
        for name, kind in (("users", UserListAPIHandler), ("authorize", OAuthAuthorizeHandler))
    }
    error = type("error", (ProxyErrorHandler,), {**vars(Handler), "get": ProxyErrorHandler.get})
    return web.Application(
        [
            ("/users", kinds["users"]),
            ("/authorize", kinds["authorize"]),
            (r"/error/(\d+)", error),
            (r"/static/(.*)", CacheControlStaticFilesHandler, {"path": "/tmp"}),
            ("/.*", Handler),
        ],
        db=SimpleNamespace(dirty=False, rollback=lambda: None),
    )


def ask(hub: web.Application, method: str, path: str, body: Any = None) -> tuple[int, str]:
    async def send() -> tuple[int, str]:
        socket, port = bind_unused_port()
        server = HTTPServer(hub)
        server.add_socket(socket)
        form = {"Content-Type": "application/x-www-form-urlencoded"} if isinstance(body, bytes) else {}
        url = URL(f"http://127.0.0.1:{port}{path}", encoded=True)
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as client,
            client.request(method, url, data=body, headers=form) as answer,
        ):
            found = answer.status, await answer.text()
        server.stop()
        return found

    return asyncio.run(send())


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/login?next=/hub/home%0d%0aX-Y:z", "control character"),
        ("/login?next=/hub/home%09x", "control character"),
        ("/home%00", "control character"),
        ("/static/%00", ""),
        ("/login?next=http://[", "`next` is no address"),
        ("/login?next=http://[::1", "`next` is no address"),
        ("/login?next=%ff", "Invalid unicode"),
        ("/authorize?client_id=[", "have to be escaped"),
        ("/authorize?client_id={{", "have to be escaped"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(hub: web.Application, path: str, message: str) -> None:
    status, text = ask(hub, "GET", path)

    assert status == 400
    assert message in text


@pytest.mark.parametrize(
    "path", ["/login?next=/hub/home", "/login?next=/user/ada/lab%3Fx%3D%C3%A9", "/authorize?client_id=service-ui&x=%5B"]
)
def test_other_addresses_pass(hub: web.Application, path: str) -> None:
    assert ask(hub, "GET", path)[0] == 200


@pytest.mark.parametrize("names", [5, [5], [None], "ada", {"ada": 1}])
def test_names_that_are_none_are_refused(hub: web.Application, names: Any) -> None:
    status, text = ask(hub, "POST", "/users", json.dumps({"usernames": names}))

    assert (status, json.loads(text)["message"]) == (400, "`usernames` must be a list of names")
    assert ask(hub, "POST", "/users", json.dumps({"usernames": ["ada"]}))[0] == 200


def test_a_status_of_five_thousand_digits_is_none(hub: web.Application) -> None:
    assert ask(hub, "GET", "/error/503")[0] == 200
    assert ask(hub, "GET", f"/error/{'9' * 5000}")[0] == 404


def test_a_form_that_is_no_text_is_refused(hub: web.Application) -> None:
    status, text = ask(hub, "POST", "/login", b"username=%ff")

    assert (status, "Invalid unicode in username" in text) == (400, True)
    assert ask(hub, "POST", "/login", b"username=ada&password=a%0ab")[0] == 200
