"""The gateway to the stack's web pages, with an upstream of its own and a hub that always or never knows the user."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import aiohttp
import pytest
import sandbox_hub.gateway.service
from bounded_http import BoundedServer
from sandbox_hub.gateway import forwarding, mail_headers, upstreams, websocket
from tornado import httpserver, iostream, web
from tornado.testing import bind_unused_port
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from tests.unit.hub.bounded_http.clients import Answer, Connection
from tests.unit.hub.bounded_http.clients import ask as ask_at
from tests.unit.hub.conftest import errors

Ask = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(upstreams, "UPSTREAMS", upstreams.UPSTREAMS)
    return sandbox_hub.gateway.service


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


@web.stream_request_body
class Store(web.RequestHandler):
    """Counts what is uploaded; `/store/full` says no at once, and `/store/busy` reads nothing."""

    ended = ""

    async def prepare(self) -> None:
        self.size = 0
        if self.request.path.endswith("busy"):
            await asyncio.sleep(1)
        if self.request.path.endswith("full"):
            raise web.HTTPError(409)

    def data_received(self, chunk: bytes) -> None:
        self.size += len(chunk)

    def put(self) -> None:
        self.write(f"{self.size} bytes, {self.request.headers.get('Content-Length', 'no')} announced")

    def on_connection_close(self) -> None:
        Store.ended = "given up"
        super().on_connection_close()


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
    ("/store.*", Store),
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
        listener, port = bind_unused_port()
        self._upstream = httpserver.HTTPServer(web.Application(PAGES), max_body_size=1 << 40)
        self._upstream.add_socket(listener)
        dead, dead_port = bind_unused_port()
        dead.close()
        upstreams.UPSTREAMS = {
            "page": upstreams.Upstream("Page", f"http://127.0.0.1:{port}", ""),
            "dead": upstreams.Upstream("Dead", f"http://127.0.0.1:{dead_port}", ""),
            "mail": replace(upstreams.UPSTREAMS["mail"], address=f"http://127.0.0.1:{port}"),
            "spark": replace(upstreams.UPSTREAMS["spark"], address=f"http://127.0.0.1:{port}"),
        }
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        listener, self.port = bind_unused_port()
        self._server = BoundedServer(self._gateway.application({"session": self._session}), limits=forwarding.LIMITS)
        self._server.add_socket(listener)
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
    monkeypatch.setattr(gateway.GatewayHandler, "get_current_user", lambda self: {"name": "ada"})


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
        ("api/email", mail_headers.NOTHING_POLICY, None),
        ("api/email/1/html", mail_headers.HTML_POLICY, None),
        ("api/email/1/attachment/a.html", mail_headers.NOTHING_POLICY, 'attachment; filename="a.html"'),
        ("%2561pi/email/1/%2561ttachment/a.html", mail_headers.NOTHING_POLICY, 'attachment; filename="a.html"'),
        (
            "nowhere/%252e%252e/api/email/1/attachment/a.html",
            mail_headers.NOTHING_POLICY,
            'attachment; filename="a.html"',
        ),
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
    monkeypatch.setattr(gateway.GatewayHandler, "get_current_user", lambda self: None)
    monkeypatch.setattr(gateway.GatewayHandler, "get_login_url", lambda self: "/hub/login")

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
    assert upstreams.upstream_url(upstreams.UPSTREAMS[name], name, path, query) == url


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
    assert upstreams.rewrite_location(value, upstreams.UPSTREAMS["spark"], "spark") == seen


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
    assert forwarding.strip_hub_cookies(header) == kept


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
    assert list(upstreams.enabled_upstreams()) == names


@pytest.mark.usefixtures("known")
def test_a_page_that_does_not_run_says_what_to_do(ask: Ask) -> None:
    status, _, text = ask("dead/")

    assert status == 502
    assert "Dead does not answer" in text
    assert "sandbox status" in text
    assert 'href="/services/ui/"' in text


MB = 1024**2


async def parts(number: int) -> AsyncIterator[bytes]:
    """Yields as many megabytes."""
    for _ in range(number):
        yield bytes(MB)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("data", "answer"),
    [(lambda: bytes(3 * MB), "3145728 bytes, 3145728 announced"), (lambda: parts(3), "3145728 bytes, no announced")],
)
def test_an_upload_is_passed_on_whatever_its_size(gateway: ModuleType, data: Callable[[], Any], answer: str) -> None:
    async def upload() -> tuple[int, str]:
        async with Stage(gateway) as stage, aiohttp.ClientSession() as client:
            url = f"http://127.0.0.1:{stage.port}/services/ui/page/store"
            async with client.put(url, data=data()) as sent:
                return sent.status, await sent.text()

    assert asyncio.run(upload()) == (200, answer)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(("path", "status"), [("page/store/full", 409), ("dead/", 502), ("nosuch/", 404)])
def test_an_upload_that_nobody_wants_ends(
    gateway: ModuleType, caplog: pytest.LogCaptureFixture, path: str, status: int
) -> None:
    async def upload() -> Answer:
        async with Stage(gateway) as stage:
            return await ask_at(stage.port, "PUT", f"/services/ui/{path}", bytes(MB))

    assert asyncio.run(upload())[0] == status
    gc.collect()
    assert errors(caplog) == []


@pytest.mark.usefixtures("known")
def test_an_upload_waits_with_its_sender_while_the_page_is_busy(gateway: ModuleType) -> None:
    async def upload() -> int:
        async with Stage(gateway) as stage:
            sent, part = 0, bytes(MB)
            with contextlib.suppress(TimeoutError), socket.create_connection(("127.0.0.1", stage.port)) as connection:
                connection.setblocking(False)
                loop = asyncio.get_running_loop()
                head = f"PUT /services/ui/page/store/busy HTTP/1.1\r\nHost: x\r\nContent-Length: {99 * MB}\r\n\r\n"
                await loop.sock_sendall(connection, head.encode())
                async with asyncio.timeout(0.4):
                    while True:
                        await loop.sock_sendall(connection, part)
                        sent += 1
            return sent

    assert asyncio.run(upload()) < 40, "megabytes, which lie in the kernel's buffers"


@pytest.mark.usefixtures("known")
def test_an_upload_that_its_sender_gives_up_is_given_up(
    gateway: ModuleType, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "ended", "")

    async def upload() -> None:
        async with Stage(gateway) as stage:
            connection = await Connection.to(stage.port)
            await connection.send("PUT", "/services/ui/page/store", bytes(MB), Content_Length=str(9 * MB))
            await asyncio.sleep(0.05)
            connection.close()
            async with asyncio.timeout(10):
                while not Store.ended:
                    await asyncio.sleep(0.01)

    asyncio.run(upload())
    gc.collect()
    assert errors(caplog) == []


def test_no_body_is_taken_in_before_the_login(gateway: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway.GatewayHandler, "get_current_user", lambda self: None)

    async def upload() -> list[int]:
        async with Stage(gateway) as stage:
            length = {"Content_Length": str(99 * MB)}
            paths = ["/services/ui/page/store", "/services/ui/", "/services/ui/oauth_callback"]
            return [(await ask_at(stage.port, "PUT", path, b"x", **length))[0] for path in paths]

    assert asyncio.run(upload()) == [403, 413, 413]


@pytest.mark.usefixtures("known")
def test_a_page_without_end_to_its_message_does_not_fill_the_memory(
    gateway: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (gateway, websocket):
        monkeypatch.setattr(module, "MESSAGE_BYTES", 1000)

    async def talk() -> list[aiohttp.WSMsgType]:
        async with Stage(gateway) as stage, aiohttp.ClientSession() as client:
            url = f"http://127.0.0.1:{stage.port}/services/ui/page/echo"
            async with client.ws_connect(url) as socket:
                await socket.send_str("x" * 900)
                heard = [(await socket.receive(timeout=5)).type]
                await socket.send_str("x" * 995)
                return [*heard, (await socket.receive(timeout=5)).type]

    assert asyncio.run(talk()) == [aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.CLOSE]
