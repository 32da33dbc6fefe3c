"""The gateway to the stack's web pages, with an upstream of its own and a hub that always or never knows the user."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import aiohttp
import pytest
import sandbox_hub.gateway
from sandbox_hub import mailed, upstreams
from tornado import httpserver, iostream, web
from tornado.testing import bind_unused_port
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from tests.unit.hub.conftest import errors

Ask = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(upstreams, "UPSTREAMS", upstreams.UPSTREAMS)
    return sandbox_hub.gateway


class Page(web.RequestHandler):
    """An upstream's page: generous to other origins, and tells what it got."""

    def get(self) -> None:
        self.set_header("Access-Control-Allow-Origin", self.request.headers.get("Origin", "*"))
        self.set_header("Access-Control-Allow-Credentials", "true")
        self.set_header("Service-Worker-Allowed", "/")
        self.set_header("Clear-Site-Data", '"*"')
        self.set_header("X-Page", "kept")
        self.set_cookie("theme", "dark")
        self.write(f"{self.request.path} {self.request.headers.get('Cookie', 'no cookie')}")

    post = get


class Redirect(web.RequestHandler):
    def get(self) -> None:
        self.redirect("/elsewhere")


class Echo(WebSocketHandler):
    async def on_message(self, message: str | bytes) -> None:
        await self.write_message(f"heard {message!r}")


class Broken(web.RequestHandler):
    """Breaks off after the first of its bytes."""

    async def get(self) -> None:
        self.write("half of")
        await self.flush()
        self.detach().close()


class Endless(web.RequestHandler):
    """Writes until nobody is there any more."""

    left = False

    async def get(self) -> None:
        with contextlib.suppress(iostream.StreamClosedError):
            while True:
                self.write(b"x" * 100_000)
                await self.flush()
        Endless.left = True


class Chatty(WebSocketHandler):
    """Talks until nobody is there any more."""

    left = False

    def on_message(self, message: str | bytes) -> None:
        self._talk = asyncio.create_task(self.talk(message))

    async def talk(self, message: str | bytes) -> None:
        with contextlib.suppress(WebSocketClosedError):
            while True:
                await self.write_message(message)
        Chatty.left = True


class Deaf(WebSocketHandler):
    """Is gone after the first word, without a goodbye."""

    def on_message(self, message: str | bytes) -> None:
        del message
        self.ws_connection.stream.close()


async def until_left(page: type[Endless | Chatty]) -> None:
    async with asyncio.timeout(10):
        while not page.left:
            await asyncio.sleep(0.01)


PAGES: list[Any] = [
    ("/moved", Redirect),
    ("/echo", Echo),
    ("/services/ui/mail", Echo),
    ("/broken", Broken),
    ("/endless", Endless),
    ("/chatty", Chatty),
    ("/deaf", Deaf),
    ("/.*", Page),
]


class Stage:
    """The gateway before an upstream; `port` is the gateway's."""

    def __init__(self, gateway: ModuleType) -> None:
        self._gateway = gateway
        self.port = 0

    async def __aenter__(self) -> Stage:
        socket, port = bind_unused_port()
        self._upstream = httpserver.HTTPServer(web.Application(PAGES))
        self._upstream.add_socket(socket)
        dead, dead_port = bind_unused_port()
        dead.close()
        upstreams.UPSTREAMS = {
            "page": upstreams.Upstream("Page", f"http://127.0.0.1:{port}", ""),
            "dead": upstreams.Upstream("Dead", f"http://127.0.0.1:{dead_port}", ""),
            "mail": replace(upstreams.UPSTREAMS["mail"], address=f"http://127.0.0.1:{port}"),
            "spark": replace(upstreams.UPSTREAMS["spark"], address=f"http://127.0.0.1:{port}"),
        }
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        socket, self.port = bind_unused_port()
        self._server = httpserver.HTTPServer(self._gateway.application({"session": self._session}))
        self._server.add_socket(socket)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.stop()
        self._upstream.stop()
        await self._server.close_all_connections()
        await self._session.close()


@pytest.fixture
def known(gateway: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub knows who is asking."""
    monkeypatch.delenv("SANDBOX_UI_LINKS", raising=False)
    monkeypatch.setattr(gateway.Guarded, "get_current_user", lambda self: {"name": "ada"})


@pytest.fixture
def ask(gateway: ModuleType) -> Ask:
    """Sends a request to the gateway; returns status, headers and text of the answer."""

    async def send(path: str, method: str, headers: dict[str, str]) -> tuple[int, Any, str]:
        async with Stage(gateway) as stage, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            url = f"http://127.0.0.1:{stage.port}/services/ui/{path}"
            async with client.request(method, url, headers=headers, allow_redirects=False) as answer:
                return answer.status, answer.headers, await answer.text()

    return lambda path, method="GET", **headers: asyncio.run(send(path, method, headers))


@pytest.mark.usefixtures("known")
def test_a_page_is_passed_on_without_what_it_allows_to_other_origins(ask: Ask) -> None:
    status, headers, text = ask("page/jobs", Origin="http://evil.example", Cookie="theme=dark; service-ui=secret")

    assert (status, text) == (200, "/jobs theme=dark")
    assert headers["X-Page"] == "kept"
    assert not [name for name in headers if name.lower().startswith("access-control-")]
    assert not {"Service-Worker-Allowed", "Clear-Site-Data"} & set(headers), "the origin is not its own"


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(("path", "kept"), [("page/", True), ("spark/", False), ("spark/proxy/app-1/jobs/", False)])
def test_no_users_driver_sets_cookies(ask: Ask, path: str, kept: bool) -> None:
    _, headers, _ = ask(path)

    assert headers["X-Page"] == "kept"
    assert ("Set-Cookie" in headers) is kept


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("path", "policy", "disposition"),
    [
        ("", None, None),
        ("assets/index.js", None, None),
        ("api/email", mailed.NOTHING, None),
        ("api/email/1/html", mailed.HTML, None),
        ("api/email/1/attachment/a.html", mailed.NOTHING, 'attachment; filename="a.html"'),
        ("%2561pi/email/1/%2561ttachment/a.html", mailed.NOTHING, 'attachment; filename="a.html"'),
        ("nowhere/%252e%252e/api/email/1/attachment/a.html", mailed.NOTHING, 'attachment; filename="a.html"'),
    ],
)
def test_nothing_that_was_mailed_runs(ask: Ask, path: str, policy: str | None, disposition: str | None) -> None:
    status, headers, _ = ask(f"mail/{path}")

    assert status == 200
    assert headers.get("Content-Security-Policy") == policy
    assert headers.get("Content-Disposition") == disposition
    assert headers.get("X-Content-Type-Options") == ("nosniff" if policy else None)


@pytest.mark.usefixtures("known")
def test_a_redirect_stays_below_the_gateway(ask: Ask) -> None:
    status, headers, _ = ask("page/moved")

    assert (status, headers["Location"]) == (302, "/services/ui/page/elsewhere")


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("path", "status", "told"), [("dead/", 502, "does not answer"), ("nosuch/", 404, "no such page in this stack")]
)
def test_a_page_that_is_not_there_is_told(ask: Ask, path: str, status: int, told: str) -> None:
    found, _, text = ask(path)

    assert found == status
    assert told in text
    assert "Back to the hub" in text


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 200), ({"Origin": "http://evil.example"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403)],
)
def test_a_change_is_taken_from_our_own_pages_only(ask: Ask, headers: dict[str, str], status: int) -> None:
    assert ask("page/kill", method="POST", **headers)[0] == status


@pytest.mark.parametrize(("method", "status"), [("GET", 302), ("POST", 403)])
def test_nobody_gets_further_than_the_login(
    gateway: ModuleType, ask: Ask, monkeypatch: pytest.MonkeyPatch, method: str, status: int
) -> None:
    monkeypatch.setattr(gateway.Guarded, "get_current_user", lambda self: None)
    monkeypatch.setattr(gateway.Guarded, "get_login_url", lambda self: "/hub/login")

    found, headers, text = ask("page/jobs", method=method)

    assert found == status
    assert "X-Page" not in headers
    assert "/jobs" not in text


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("path", ["page/echo", "mail"])
def test_a_websocket_is_passed_on(gateway: ModuleType, path: str) -> None:
    async def talk() -> str:
        async with Stage(gateway) as stage, aiohttp.ClientSession() as client:
            url = f"http://127.0.0.1:{stage.port}/services/ui/{path}"
            async with client.ws_connect(url, headers={"Origin": f"http://127.0.0.1:{stage.port}"}) as socket:
                await socket.send_str("hello")
                return await socket.receive_str(timeout=5)

    assert asyncio.run(talk()) == "heard 'hello'"


@pytest.mark.usefixtures("known")
def test_an_answer_that_broke_off_is_not_taken_for_a_whole_one(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        ask("page/broken")

    assert "Page broke off" in caplog.text
    assert errors(caplog) == []


@pytest.mark.usefixtures("known")
def test_a_browser_that_leaves_ends_the_answer_without_a_word(
    gateway: ModuleType, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Endless, "left", False)

    async def leave() -> None:
        async with Stage(gateway) as stage:
            async with aiohttp.ClientSession() as client:
                answer = await client.get(f"http://127.0.0.1:{stage.port}/services/ui/page/endless")
                await answer.content.readexactly(1_000_000)
            await until_left(Endless)

    asyncio.run(leave())

    assert errors(caplog) == []


@pytest.mark.usefixtures("known")
def test_a_browser_that_leaves_a_websocket_ends_it_without_a_word(
    gateway: ModuleType, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Chatty, "left", False)

    async def leave() -> None:
        async with Stage(gateway) as stage:
            async with aiohttp.ClientSession() as client:
                socket = await client.ws_connect(f"http://127.0.0.1:{stage.port}/services/ui/page/chatty")
                await socket.send_str("hello" * 10_000)
                for _ in range(100):
                    await socket.receive_str(timeout=5)
            await until_left(Chatty)

    asyncio.run(leave())
    gc.collect()  # what becomes of a task nobody asks is told then

    assert errors(caplog) == []


@pytest.mark.usefixtures("known")
def test_a_websocket_whose_page_is_gone_is_closed(gateway: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    async def talk() -> bool:
        async with Stage(gateway) as stage, aiohttp.ClientSession() as client:
            socket = await client.ws_connect(f"http://127.0.0.1:{stage.port}/services/ui/page/deaf")
            with contextlib.suppress(ConnectionResetError):
                for _ in range(100):
                    await socket.send_str("hello")
            return (await socket.receive(timeout=5)).type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}

    assert asyncio.run(talk())
    gc.collect()
    assert errors(caplog) == []


@pytest.mark.parametrize(
    ("name", "path", "query", "url"),
    [
        ("spark", "/", "", "http://spark-master:8080/"),
        ("spark", "", "", "http://spark-master:8080/"),
        ("spark", "/proxy/app-1/jobs/", "id=1&x=%2F", "http://spark-master:8080/proxy/app-1/jobs/?id=1&x=%2F"),
        ("spark", "//evil.example/", "", "http://spark-master:8080//evil.example/"),
        ("spark", "/@evil.example", "", "http://spark-master:8080/@evil.example"),
        ("s3", "/api/v1/login", "", "http://minio:9001/api/v1/login"),
        ("mail", "/", "", "http://mail:1080/services/ui/mail/"),
        ("mail", "/email", "a=b", "http://mail:1080/services/ui/mail/email?a=b"),
    ],
)
def test_a_path_stays_with_its_upstream(gateway: ModuleType, name: str, path: str, query: str, url: str) -> None:
    assert upstreams.target(upstreams.UPSTREAMS[name], name, path, query) == url


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("/jobs/", "/services/ui/spark/jobs/"),
        ("http://spark-master:8080/jobs/?a=b#c", "/services/ui/spark/jobs/?a=b#c"),
        ("/services/ui/spark/jobs/", "/services/ui/spark/jobs/"),
        ("jobs/", "jobs/"),
        ("http://elsewhere.example/jobs/", "http://elsewhere.example/jobs/"),
        ("//elsewhere.example/jobs/", "//elsewhere.example/jobs/"),
        ("https://spark-master:8080/jobs/", "https://spark-master:8080/jobs/"),
    ],
)
def test_a_redirect_is_told_as_the_browser_must_see_it(gateway: ModuleType, value: str, seen: str) -> None:
    assert upstreams.location(value, upstreams.UPSTREAMS["spark"], "spark") == seen


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("", ""),
        ("theme=dark", "theme=dark"),
        ("theme=dark; jupyterhub-session-id=s; token=t", "theme=dark; token=t"),
        ("jupyterhub-user-ada=s; service-ui=s; _xsrf=s; jupyterhub-hub-login=s", ""),
        ('quoted="a b"; service-ui-oauth-state=s', 'quoted="a b"'),
    ],
)
def test_the_hubs_cookies_are_kept_back(gateway: ModuleType, header: str, kept: str) -> None:
    assert gateway.cookies(header) == kept


@pytest.mark.parametrize(
    ("links", "names"),
    [(None, ["spark", "history", "s3", "mail"]), ("spark,s3", ["spark", "s3"]), ("mail,nosuch", ["mail"]), ("", [])],
)
def test_only_the_pages_of_this_stack_are_shown(
    gateway: ModuleType, monkeypatch: pytest.MonkeyPatch, links: str | None, names: list[str]
) -> None:
    monkeypatch.delenv("SANDBOX_UI_LINKS", raising=False)
    if links is not None:
        monkeypatch.setenv("SANDBOX_UI_LINKS", links)
    assert list(upstreams.shown()) == names


@pytest.mark.usefixtures("known")
def test_a_page_that_does_not_run_says_what_to_do(ask: Ask) -> None:
    status, _, text = ask("dead/")

    assert status == 502
    assert "Dead does not answer" in text
    assert "sandbox status" in text
    assert 'href="/services/ui/"' in text
