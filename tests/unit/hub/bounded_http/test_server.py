"""What a hostile client gets of a server, and that the others go on being served."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bounded_http import Body, Limits, source_address
from bounded_http.log_limit import LOG_LIMIT
from tornado import web
from tornado.httpserver import HTTPServer

from tests.unit.hub.bounded_http.clients import SECONDS, Answer, Connection, ask, serving

KB, MB = 1024, 1024**2
LIMITS = Limits(connections=8, body_bytes=64 * MB, bodies_bytes=MB, body_seconds=30, header_seconds=30, drain_seconds=1)
SMALL = replace(LIMITS, body_bytes=256 * KB)
HASTY = replace(LIMITS, body_seconds=0.1, header_seconds=0.1, idle_seconds=0.1)
CHUNK = b"10000\r\n" + bytes(64 * KB) + b"\r\n"


class Page(web.RequestHandler):
    """Says how much it got; `/slow` waits for ever."""

    async def get(self) -> None:
        if self.request.path == "/slow":
            await asyncio.Event().wait()
        if self.request.path == "/large":
            await asyncio.sleep(0.2)  # so that all have asked before the first is answered
            self.write(LARGE)
        if self.request.path == "/source":
            await self.finish(source_address(self.request))
            return
        await self.finish(f"{len(self.request.body)} bytes")

    post = get


LARGE = b"x" * (8 * MB)
APPLICATION = web.Application([(".*", Page)], log_function=lambda handler: None)


@pytest.fixture(autouse=True)
def fresh_log_limit() -> None:
    """Nothing has been logged yet."""
    LOG_LIMIT.reset()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 4 * SECONDS))


def memory() -> int:
    """Returns the bytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def begin(port: int, sent: bytes = b"x", *, length: int = 60 * MB, source: str = "127.0.0.1") -> Connection:
    """Begins a body that doesn't end."""
    connection = await Connection.to(port, source=source)
    return await connection.send("POST", "/", sent, Content_Length=str(length))


async def wait_for_nothing(port: int, client: str, source: str = "127.0.0.1") -> Connection:
    """Asks for what has no end, through the proxy."""
    return await (await Connection.to(port, source=source)).send("GET", "/slow", X_Forwarded_For=client)


async def ended(connections: list[Connection], least: int = 0) -> int:
    """Returns how many of the connections have an answer, or are closed, once it is the least that there have to be."""
    waiting = {asyncio.ensure_future(connection.answer()) for connection in connections}
    _, waiting = await asyncio.wait(waiting, timeout=0.2)
    while len(connections) - len(waiting) < least:
        _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for answer in waiting:
        answer.cancel()
    return len(connections) - len(waiting)


def test_a_body_that_is_too_large_is_refused_before_it_comes() -> None:
    async def refused() -> Answer:
        async with serving(APPLICATION, SMALL) as port:
            return await ask(port, "POST", body=b"x", Content_Length=str(99 * MB))

    status, body = run(refused())
    assert (status, "larger than the limit of 256 KB" in body) == (413, True)


def test_a_large_body_is_read_to_its_end_so_that_the_answer_arrives() -> None:
    async def refused() -> Answer:
        async with serving(APPLICATION, SMALL) as port:
            return await ask(port, "POST", body=bytes(8 * MB))

    assert run(refused())[0] == 413


def test_a_client_that_waits_for_100_continue_is_refused() -> None:
    async def refused() -> list[Answer]:
        async with serving(APPLICATION, SMALL) as port:
            connection = await Connection.to(port)
            await connection.send("POST", "/", Content_Length=str(99 * MB), Expect="100-continue")
            return [await connection.answer(), await connection.answer()]

    assert [status for status, _ in run(refused())] == [413, 0]


def test_a_body_without_a_length_is_counted_as_it_comes() -> None:
    async def refused() -> Answer:
        async with serving(APPLICATION, SMALL) as port:
            connection = await Connection.to(port)
            await connection.send("POST", "/", CHUNK * 5, Content_Length="", Transfer_Encoding="chunked")
            return await connection.answer()

    assert run(refused())[0] == 413


def test_a_slow_body_is_refused_in_words() -> None:
    async def refused() -> Answer:
        async with serving(APPLICATION, HASTY) as port:
            return await ask(port, "POST", body=b"x", Content_Length="100")

    status, body = run(refused())
    assert (status, "longer than 0.1 s" in body) == (408, True)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost:", b"GET / HTTP/1.1\r\nX: " + b"x" * 64 * KB])
def test_slow_and_endless_headers_end_the_connection(sent: bytes) -> None:
    async def closed() -> Answer:
        async with serving(APPLICATION, HASTY) as port:
            connection = await (await Connection.to(port)).more(sent)
            return await connection.answer()

    assert run(closed()) == (0, "")


def test_slow_bodies_of_many_megabytes_fill_no_memory_and_others_are_answered() -> None:
    async def grown() -> tuple[int, Answer, list[int]]:
        sent = b"x" * (30 * MB)
        before = memory()
        async with serving(APPLICATION, LIMITS) as port:
            bodies = [await begin(port, sent) for _ in range(6)]
            answer = await ask(port, "POST", body=b"login")
            return memory() - before, answer, [(await body.answer())[0] for body in bodies]

    grew, answer, refused = run(grown())
    assert grew < 40 * MB, "of 180 MB"
    assert answer == (200, "5 bytes")
    assert refused == [503] * 6


def test_answers_that_nobody_reads_fill_no_memory_and_others_are_answered() -> None:
    limits = replace(LIMITS, connections=64, answers_bytes=20 * MB)

    async def grown() -> tuple[int, list[Answer], int]:
        async with serving(APPLICATION, limits) as port:
            others = await (await Connection.to(port)).send("GET", "/large")
            before = memory()
            crowd = [await (await Connection.to(port, source="127.0.0.2")).send("GET", "/large") for _ in range(30)]
            await asyncio.sleep(0.5)
            grew = memory() - before
            answers = [await others.answer(), await ask(port)]
            return grew, answers, [(await one.answer())[0] for one in crowd].count(0)

    grew, answers, lost = run(grown())
    assert grew < 60 * MB, "of 240 MB"
    assert [(status, len(body)) for status, body in answers] == [(200, 8 * MB + 7), (200, 7)]
    assert lost >= 20


def test_what_many_bodies_hold_is_bounded_and_whoever_holds_most_gives_way() -> None:
    async def share_bodies() -> tuple[list[Answer], Answer]:
        async with serving(APPLICATION, LIMITS) as port:
            first, _, third = [await begin(port, length=400 * KB, source="127.0.0.2") for _ in range(3)]
            refused = await third.answer()
            another = await ask(port, "POST", body=bytes(300 * KB))
            return [refused, await first.answer()], another

    refused, another = run(share_bodies())
    assert [status for status, _ in refused] == [503, 503]
    assert "more than 1 MB of bodies" in refused[0][1]
    assert another == (200, f"{300 * KB} bytes")


def test_what_a_body_held_is_free_after_its_answer() -> None:
    async def repeat() -> list[int]:
        async with serving(APPLICATION, LIMITS) as port:
            connection = await Connection.to(port)
            answers = []
            for _ in range(4):
                await connection.send("POST", "/", bytes(800 * KB))
                answers.append((await connection.answer())[0])
            answers.append((await ask(port, "POST", body=bytes(800 * KB)))[0])
            return answers

    assert run(repeat()) == [200] * 5


def test_many_connections_of_one_address_leave_room_for_another() -> None:
    async def crowded() -> tuple[Answer, int]:
        async with serving(APPLICATION, LIMITS) as port:
            crowd = [await Connection.to(port, source="127.0.0.2") for _ in range(40)]
            return await ask(port), await ended(crowd, 40 - LIMITS.connections)

    others, lost = run(crowded())
    assert others[0] == 200
    assert lost >= 40 - LIMITS.connections


def test_many_requests_of_one_client_through_the_proxy_leave_room_for_another() -> None:
    async def crowded() -> tuple[list[Answer], int]:
        async with serving(APPLICATION, LIMITS) as port:
            others = [await wait_for_nothing(port, "172.18.0.1") for _ in range(2)]
            crowd = [await wait_for_nothing(port, "172.18.0.66") for _ in range(40)]
            answers = [await ask(port, X_Forwarded_For="172.18.0.1") for _ in range(3)]
            assert await ended(crowd, 40 - LIMITS.connections)
            return answers, await ended(others)

    answers, lost = run(crowded())
    assert answers == [(200, "0 bytes")] * 3
    assert lost == 0, "requests of the others went on"


def test_who_makes_up_clients_behind_it_is_still_one_address() -> None:
    async def crowded() -> int:
        async with serving(APPLICATION, LIMITS) as port:
            others = [await wait_for_nothing(port, "172.18.0.1") for _ in range(2)]
            crowd = [await wait_for_nothing(port, f"10.0.0.{n}", source="127.0.0.2") for n in range(40)]
            assert await ended(crowd, 40 - LIMITS.connections)
            return await ended(others)

    assert run(crowded()) == 0


def test_requests_that_come_before_the_last_is_answered_wait_their_turn() -> None:
    async def answered() -> list[Answer]:
        async with serving(APPLICATION, LIMITS) as port:
            connection = await Connection.to(port)
            await connection.more(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n" * 500)
            return [await connection.answer() for _ in range(500)]

    assert run(answered()) == [(200, "0 bytes")] * 500


def test_who_is_refused_again_and_again_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def refused() -> None:
        async with serving(APPLICATION, SMALL) as port:
            for _ in range(10):
                await ask(port, "POST", body=b"x", Content_Length=str(99 * MB))

    caplog.set_level(logging.INFO)
    run(refused())
    (line,) = [record for record in caplog.records if record.name.startswith("tornado")]
    assert line.levelno == logging.WARNING
    assert line.getMessage().startswith("Refused a request, 413: the body is larger than the limit of 256 KB")


def test_an_application_that_makes_its_own_server_gets_this_one() -> None:
    from bounded_http import BoundedServer  # noqa: PLC0415

    async def refused() -> int:
        async with serving(APPLICATION) as port:
            return (await ask(port, "POST", body=b"x", Content_Length=str(99 * MB)))[0]

    HTTPServer.configure(BoundedServer, limits=SMALL)
    try:
        assert run(refused()) == 413
    finally:
        HTTPServer.configure(None)


def test_many_headers_are_refused_and_take_no_memory() -> None:
    async def attempt() -> tuple[Answer, int, Answer]:
        async with serving(APPLICATION, replace(LIMITS, connections=64)) as port:
            before, open_ones = memory(), []
            for _ in range(40):
                connection = await Connection.to(port)
                await connection.more(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n" + b"aaa:\r\n" * 5000 + b"\r\nx")
                open_ones.append(connection)
            return await open_ones[-1].answer(), memory() - before, await ask(port)

    refused, more, another = run(attempt())

    assert (refused[0], "more than 100 headers" in refused[1]) in {(431, True), (0, False)}
    assert more < 15 * MB, "forty of them would take a megabyte each"
    assert another == (200, "0 bytes")


@web.stream_request_body
class Streamed(web.RequestHandler):
    """Takes a thousand bytes from whom it knows."""

    def prepare(self) -> None:
        if self.request.path == "/refused":
            raise web.HTTPError(403)
        self.body = Body(self.request, 1000, 30)

    def data_received(self, chunk: bytes) -> None:
        self.body.add(chunk)

    def post(self) -> None:
        self.finish(f"{len(self.body.take())} bytes")


def test_who_has_sent_too_much_and_says_no_more_is_cut_off() -> None:
    async def attempt() -> tuple[Answer, Answer]:
        application = web.Application([(".*", Streamed)], log_function=lambda handler: None)
        async with serving(application, replace(LIMITS, drain_seconds=0.2)) as port:
            silent = await begin(port, bytes(2000), length=5000)
            return await silent.answer(), await ask(port, "POST", body=bytes(900))

    assert run(attempt()) == ((0, ""), (200, "900 bytes"))


@pytest.mark.parametrize("body", [b"", b"x"])
def test_an_answer_that_ends_its_connection_says_so(body: bytes) -> None:
    async def attempt() -> tuple[str, str]:
        application = web.Application([(".*", Streamed)], log_function=lambda handler: None)
        async with serving(application, LIMITS) as port:
            connection = await Connection.to(port)
            await connection.send("POST", "/", bytes(9))
            taken = await connection.head()
            refused = await (await Connection.to(port)).send("POST", "/refused", body)
            return taken, await refused.head()

    taken, refused = run(attempt())
    assert "connection: close" not in taken
    assert "connection: close" in refused, "or the proxy sends its next request there, which gets a 503"


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "source"),
    [
        ("127.0.0.1", "10.0.0.7", "10.0.0.7"),  # the proxy, on the hub's own machine
        ("127.0.0.1", "10.9.9.9, 10.0.0.7", "10.0.0.7"),  # whose client has made up the first
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.2", "10.0.0.7", "127.0.0.2"),  # anybody else
    ],
)
def test_only_the_proxy_says_where_a_request_comes_from(peer: str, forwarded_for: str, source: str) -> None:
    async def ask_from() -> str:
        async with serving(APPLICATION, LIMITS) as port:
            connection = await Connection.to(port, source=peer)
            await connection.send("GET", "/source", X_Forwarded_For=forwarded_for)
            return (await connection.answer())[1]

    assert run(ask_from()) == source
