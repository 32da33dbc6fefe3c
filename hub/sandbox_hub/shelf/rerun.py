"""A notebook, run again from its first cell to its last, in a fresh, isolated server that keeps nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from spark_etl import bounded_json
from spark_etl.errors import DamagedError

from sandbox_hub.shelf.validation import (
    MAX_DECODED_BYTES,
    MAX_LINE_CHARS,
    MAX_NOTEBOOK_BYTES,
    MAX_PARSED_BYTES,
    OVERHEAD_BYTES,
    check_result,
)

START_SECONDS = 90
MAX_RUN_SECONDS = 1200
REQUEST_SECONDS = 60
POLL_SECONDS, ALIVE_CHECK_SECONDS = 0.25, 5
# An event is a line of JSON; the last one carries the notebook.
MAX_EVENT_BYTES = MAX_NOTEBOOK_BYTES + OVERHEAD_BYTES
SERVER_ENDED = "the fresh server ended while the notebook ran: did it need more memory than there is?"
log = logging.getLogger("sandbox.shelf")


class RerunError(Exception):
    """Raised when a notebook could not be run again, and that is not the notebook's fault."""


@dataclass(frozen=True)
class RerunResult:
    """The result of running a notebook again.

    Attributes:
        notebook: The notebook as it came out.
        verdict: See `sandbox_hub.shelf.store.Record`; so for `why`, `diff`, `ignored`, `reads` and `packages`.
    """

    notebook: dict[str, Any]
    verdict: str
    seconds: float
    why: list[str] = field(default_factory=list)
    diff: str = ""
    ignored: list[str] = field(default_factory=list)
    reads: list[dict[str, Any]] = field(default_factory=list)
    packages: dict[str, str] = field(default_factory=dict)


class RerunServer:
    """Runs notebooks in the server of one user of the hub, the rerun user.

    Args:
        hub: URL of the hub's proxy, without a path.
        token: The service's token: it may start and stop that one server, and make tokens that open it.
        user: The rerun user.
    """

    def __init__(self, hub: str, token: str, user: str) -> None:
        self._hub, self._user = hub, user
        self._headers = {"Authorization": f"token {token}"}

    async def run(self, notebook: bytes, on_progress: Callable[[str], None], author: str = "") -> RerunResult:
        """Runs a notebook and returns the result.

        Args:
            notebook: As JSON in UTF-8: it may take twenty minutes, and an object of it many times the memory.
            on_progress: Is called with a line for each step.
            author: Whose name in an output counts as the rerun user's.

        Raises:
            RerunError: The server did not start, or ended while it ran.
        """
        timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
        body = b'{"author": "%b", "notebook": %b}' % (author.encode(), notebook)
        async with aiohttp.ClientSession(headers=self._headers, timeout=timeout) as session:
            try:
                await self._stop(session)  # of a job that was interrupted
                on_progress("starting a fresh server")
                host = await self._start(session)
                async with self._server_token(session) as token_header:
                    return await self._execute(session, {**host, **token_header}, body, on_progress)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise RerunError(
                    f"the server that runs it again does not answer: {error or type(error).__name__}"
                ) from None
            finally:
                await asyncio.shield(self._stop(session))

    async def _start(self, session: aiohttp.ClientSession) -> dict[str, str]:
        """Starts the server; returns the header by which the proxy finds it, if it has an address of its own."""
        url = f"{self._hub}/hub/api/users/{self._user}/server"
        async with session.post(url) as answer:
            if answer.status not in {201, 202, 400}:
                raise RerunError(f"the hub refuses to start a server: {answer.status} {(await answer.text())[:200]}")
        model = await self._wait_for_server(session, lambda model: model is None or model["ready"], START_SECONDS)
        if not model:
            raise RerunError("the fresh server did not start")
        return host_header(model)

    async def _stop(self, session: aiohttp.ClientSession) -> None:
        async with session.delete(f"{self._hub}/hub/api/users/{self._user}/server") as answer:
            if answer.status not in {202, 204, 400, 404}:
                raise RerunError(f"the hub refuses to stop a server: {answer.status}")
        await self._wait_for_server(session, lambda model: model is None, START_SECONDS)

    @asynccontextmanager
    async def _server_token(self, session: aiohttp.ClientSession) -> AsyncIterator[dict[str, str]]:
        """Gives a header with a token for the server, which is revoked afterwards.

        A notebook could keep any token that its server is sent, so this one opens that server only.
        """
        url = f"{self._hub}/hub/api/users/{self._user}/tokens"
        expires_in = MAX_RUN_SECONDS + START_SECONDS
        scopes = [f"access:servers!user={self._user}"]
        async with session.post(url, json={"note": "a re-run", "expires_in": expires_in, "scopes": scopes}) as answer:
            if answer.status not in {200, 201}:
                raise RerunError(f"the hub gives no token: {answer.status} {(await answer.text())[:200]}")
            token = await answer.json()
        try:
            yield {"Authorization": f"token {token['token']}"}
        finally:
            await asyncio.shield(self._revoke(session, f"{url}/{token['id']}"))

    async def _revoke(self, session: aiohttp.ClientSession, url: str) -> None:
        """Revokes a token; if the hub refuses, the result is not lost, and the token ends by itself."""
        try:
            async with session.delete(url) as answer:
                if answer.status not in {204, 404}:
                    log.warning("the hub does not revoke the token of a re-run: %s", answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("the hub does not revoke the token of a re-run: %s", error)

    async def _wait_for_server(
        self,
        session: aiohttp.ClientSession,
        settled: Callable[[dict[str, Any] | None], bool],
        seconds: float,
    ) -> dict[str, Any] | None:
        """Asks the hub for the server until it has settled; returns its model, None when there is none."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            async with session.get(f"{self._hub}/hub/api/users/{self._user}") as answer:
                servers = (await answer.json()).get("servers", {}) if answer.status == 200 else {}
            model = servers.get("")
            if settled(model) or asyncio.get_running_loop().time() > deadline:
                return model if model is None or model["ready"] else None
            await asyncio.sleep(POLL_SECONDS)

    async def _execute(
        self,
        session: aiohttp.ClientSession,
        headers: dict[str, str],
        body: bytes,
        on_progress: Callable[[str], None],
    ) -> RerunResult:
        try:
            async with asyncio.timeout(MAX_RUN_SECONDS) as limit:
                return await self._unless_server_ends(session, self._follow(session, headers, body, on_progress))
        except TimeoutError:
            if limit.expired():
                raise RerunError(
                    f"it did not end within {MAX_RUN_SECONDS // 60} minutes, which is what running it again may take"
                ) from None
            raise

    async def _unless_server_ends(
        self, session: aiohttp.ClientSession, work: Coroutine[Any, Any, RerunResult]
    ) -> RerunResult:
        """Returns the result, unless the server is killed: its connection would stay open without another word."""
        result = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(self._wait_until_gone(session))
        try:
            await asyncio.wait({result, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not result.done():
                raise RerunError(SERVER_ENDED)
            return await result
        finally:
            result.cancel()
            gone.cancel()

    async def _wait_until_gone(self, session: aiohttp.ClientSession) -> None:
        """Returns when the hub has no such server any more; a hub that doesn't answer doesn't count."""
        while True:
            await asyncio.sleep(ALIVE_CHECK_SECONDS)
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(f"{self._hub}/hub/api/users/{self._user}") as answer:
                    if answer.status == 200 and "" not in (await answer.json()).get("servers", {}):
                        return

    async def _follow(
        self,
        session: aiohttp.ClientSession,
        headers: dict[str, str],
        body: bytes,
        on_progress: Callable[[str], None],
    ) -> RerunResult:
        url = f"{self._hub}/user/{self._user}/sandbox/execute"
        json_headers = {**headers, "Content-Type": "application/json"}
        endless = aiohttp.ClientTimeout(total=None)
        # A redirect could send this process anywhere.
        request = session.post(url, data=body, headers=json_headers, timeout=endless, allow_redirects=False)
        async with request as answer:
            if answer.status != 200:
                raise RerunError(f"the fresh server refuses: {answer.status} {(await answer.text())[:200]}")
            async for line in iter_lines(answer.content.iter_any()):
                event = _parse_event(line)
                if "progress" in event:
                    on_progress(str(event["progress"])[:MAX_LINE_CHARS])
                elif "error" in event:
                    raise RerunError(str(event["error"])[:MAX_LINE_CHARS])
                elif "result" in event:
                    return _parse_result(event["result"])
        raise RerunError(SERVER_ENDED)


def _parse_event(line: bytes) -> dict[str, Any]:
    try:
        event = bounded_json.parse(
            line, "it", largest=MAX_EVENT_BYTES, in_objects=MAX_PARSED_BYTES, in_memory=MAX_DECODED_BYTES, finite=False
        )
    except DamagedError as error:
        raise RerunError(f"the result of the notebook can't be read: {error.message}") from None
    return event if isinstance(event, dict) else {}


def _parse_result(result: Any) -> RerunResult:
    try:
        return RerunResult(**check_result(result))
    except DamagedError as error:
        raise RerunError(error.message) from None


def host_header(model: dict[str, Any]) -> dict[str, str]:
    """Returns the Host header of a server: its URL has a host only if that is its own."""
    host = urlsplit(model["url"]).netloc
    return {"Host": host} if host else {}


async def iter_lines(chunks: AsyncIterator[bytes], largest: int = MAX_EVENT_BYTES) -> AsyncIterator[bytes]:
    """Yields the lines of an answer.

    Args:
        largest: In bytes.

    Raises:
        RerunError: A line is longer.
    """
    unfinished: list[bytes] = []
    size = 0
    async for chunk in chunks:
        *ends, rest = chunk.split(b"\n")
        size += len(chunk)
        if size > largest:
            raise RerunError(
                f"the notebook comes out larger than {MAX_NOTEBOOK_BYTES // 1024**2} MB: it prints too much"
            )
        for end in ends:
            if line := b"".join([*unfinished, end]).strip():
                yield line
            unfinished.clear()
        unfinished.append(rest)
        if ends:
            size = len(rest)
