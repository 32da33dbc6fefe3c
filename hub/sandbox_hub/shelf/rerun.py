"""A notebook, run again from its first cell to its last, in a fresh server that is nobody's and keeps nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from spark_etl import documents
from spark_etl.errors import DamagedError

from sandbox_hub.shelf.handed_in import IN_MEMORY, IN_OBJECTS, LARGEST, LONGEST_LINE, ROOM, outcome_of

START_SECONDS = 90
RUN_SECONDS = 1200
ASK_SECONDS = 60
EVERY, LOOK_SECONDS = 0.25, 5
ENDED = "the fresh server ended while the notebook ran: did it need more memory than there is?"
log = logging.getLogger("sandbox.shelf")


class RerunError(Exception):
    """Raised when a notebook could not be run again for a reason that is not its own."""


@dataclass(frozen=True)
class Again:
    """What came of it.

    Attributes:
        notebook: The notebook as it came out.
        verdict: See `sandbox_hub.shelf.store.Record`; so for `why`, `diff`, `reads` and `packages`.
    """

    notebook: dict[str, Any]
    verdict: str
    seconds: float
    why: list[str] = field(default_factory=list)
    diff: str = ""
    reads: list[dict[str, Any]] = field(default_factory=list)
    packages: dict[str, str] = field(default_factory=dict)


class Rerun:
    """Runs notebooks in the server of one user of the hub.

    Args:
        hub: URL of the hub's proxy, without a path.
        token: The service's token: it may start and stop that one server, and make tokens that open it.
        user: The server's user.
    """

    def __init__(self, hub: str, token: str, user: str) -> None:
        self._hub, self._user = hub, user
        self._headers = {"Authorization": f"token {token}"}

    async def run(self, notebook: bytes, tell: Callable[[str], None]) -> Again:
        """Runs a notebook and returns what came of it.

        Args:
            notebook: As JSON in UTF-8: it may take twenty minutes, and an object of it many times the memory.
            tell: Is told how far it is, a line at a time.

        Raises:
            RerunError: The server did not start, or ended while it ran.
        """
        timeout = aiohttp.ClientTimeout(total=ASK_SECONDS)
        async with aiohttp.ClientSession(headers=self._headers, timeout=timeout) as session:
            try:
                await self._stop(session)  # of a publication that was interrupted
                tell("starting a fresh server")
                host = await self._start(session)
                async with self._access(session) as opens:
                    return await self._execute(session, {**host, **opens}, notebook, tell)
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
        model = await self._until(session, lambda model: model is None or model["ready"], START_SECONDS)
        if not model:
            raise RerunError("the fresh server did not start")
        return host_of(model)

    async def _stop(self, session: aiohttp.ClientSession) -> None:
        async with session.delete(f"{self._hub}/hub/api/users/{self._user}/server") as answer:
            if answer.status not in {202, 204, 400, 404}:
                raise RerunError(f"the hub refuses to stop a server: {answer.status}")
        await self._until(session, lambda model: model is None, START_SECONDS)

    @asynccontextmanager
    async def _access(self, session: aiohttp.ClientSession) -> AsyncIterator[dict[str, str]]:
        """Gives the header that opens the server: what runs there is a stranger's, and could keep a token.

        This one opens that server only, and is taken back afterwards.
        """
        url = f"{self._hub}/hub/api/users/{self._user}/tokens"
        lives = RUN_SECONDS + START_SECONDS
        scopes = [f"access:servers!user={self._user}"]
        async with session.post(url, json={"note": "a re-run", "expires_in": lives, "scopes": scopes}) as answer:
            if answer.status not in {200, 201}:
                raise RerunError(f"the hub gives no token: {answer.status} {(await answer.text())[:200]}")
            made = await answer.json()
        try:
            yield {"Authorization": f"token {made['token']}"}
        finally:
            await asyncio.shield(self._take_back(session, f"{url}/{made['id']}"))

    async def _take_back(self, session: aiohttp.ClientSession, url: str) -> None:
        """What came of the notebook is not lost for that: the token ends by itself."""
        try:
            async with session.delete(url) as answer:
                if answer.status not in {204, 404}:
                    log.warning("the hub does not take back the token of a re-run: %s", answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("the hub does not take back the token of a re-run: %s", error)

    async def _until(
        self,
        session: aiohttp.ClientSession,
        settled: Callable[[dict[str, Any] | None], bool],
        seconds: float,
    ) -> dict[str, Any] | None:
        """Asks for the server until it has settled; returns it, None when there is none."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            async with session.get(f"{self._hub}/hub/api/users/{self._user}") as answer:
                servers = (await answer.json()).get("servers", {}) if answer.status == 200 else {}
            model = servers.get("")
            if settled(model) or asyncio.get_running_loop().time() > deadline:
                return model if model is None or model["ready"] else None
            await asyncio.sleep(EVERY)

    async def _execute(
        self,
        session: aiohttp.ClientSession,
        headers: dict[str, str],
        notebook: bytes,
        tell: Callable[[str], None],
    ) -> Again:
        try:
            async with asyncio.timeout(RUN_SECONDS) as limit:
                return await self._while_it_lives(session, self._followed(session, headers, notebook, tell))
        except TimeoutError:
            if limit.expired():
                raise RerunError(
                    f"it did not end within {RUN_SECONDS // 60} minutes, which is what running it again may take"
                ) from None
            raise

    async def _while_it_lives(self, session: aiohttp.ClientSession, followed: Coroutine[Any, Any, Again]) -> Again:
        """Returns what came of it; of a server that was killed, nothing says that no more will come."""
        following = asyncio.ensure_future(followed)
        gone = asyncio.ensure_future(self._gone(session))
        try:
            await asyncio.wait({following, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                raise RerunError(ENDED)
            return await following
        finally:
            following.cancel()
            gone.cancel()

    async def _gone(self, session: aiohttp.ClientSession) -> None:
        """Returns when the hub knows of no server any more; a hub that is just away knows nothing."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(f"{self._hub}/hub/api/users/{self._user}") as answer:
                    if answer.status == 200 and "" not in (await answer.json()).get("servers", {}):
                        return

    async def _followed(
        self,
        session: aiohttp.ClientSession,
        headers: dict[str, str],
        notebook: bytes,
        tell: Callable[[str], None],
    ) -> Again:
        url = f"{self._hub}/user/{self._user}/sandbox/execute"
        given, json_headers = b'{"notebook": %b}' % notebook, {**headers, "Content-Type": "application/json"}
        endless = aiohttp.ClientTimeout(total=None)
        # Whoever answers there is not to send this process elsewhere.
        asked = session.post(url, data=given, headers=json_headers, timeout=endless, allow_redirects=False)
        async with asked as answer:
            if answer.status != 200:
                raise RerunError(f"the fresh server refuses: {answer.status} {(await answer.text())[:200]}")
            async for line in lines(answer.content.iter_any()):
                event = _event(line)
                if "told" in event:
                    tell(str(event["told"])[:LONGEST_LINE])
                elif "error" in event:
                    raise RerunError(str(event["error"])[:LONGEST_LINE])
                elif "ended" in event:
                    return _again(event["ended"])
        raise RerunError(ENDED)


def _event(line: bytes) -> dict[str, Any]:
    try:
        event = documents.parsed(
            line, "it", largest=LARGEST + ROOM, in_objects=IN_OBJECTS, in_memory=IN_MEMORY, finite=False
        )
    except DamagedError as error:
        raise RerunError(f"what came of the notebook can't be read: {error.message}") from None
    return event if isinstance(event, dict) else {}


def _again(ended: Any) -> Again:
    try:
        return Again(**outcome_of(ended))
    except DamagedError as error:
        raise RerunError(error.message) from None


def host_of(model: dict[str, Any]) -> dict[str, str]:
    """Returns the Host header of a server: its URL has a host only if that is its own."""
    host = urlsplit(model["url"]).netloc
    return {"Host": host} if host else {}


async def lines(chunks: AsyncIterator[bytes], largest: int = LARGEST + ROOM) -> AsyncIterator[bytes]:
    """Yields the lines of an answer.

    Args:
        largest: In bytes.

    Raises:
        RerunError: A line is longer.
    """
    kept: list[bytes] = []
    size = 0
    async for chunk in chunks:
        *ends, rest = chunk.split(b"\n")
        size += len(chunk)
        if size > largest:
            raise RerunError(f"the notebook comes out larger than {LARGEST // 1024**2} MB: it prints too much")
        for end in ends:
            if line := b"".join([*kept, end]).strip():
                yield line
            kept.clear()
        kept.append(rest)
        if ends:
            size = len(rest)
