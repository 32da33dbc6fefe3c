"""Wrong passwords slow down their source: they are counted by source and account.

1. `FREE` wrong passwords of a source for an account cost nothing. After each further one the next attempt waits: one
   second, then twice as long each time, up to `MAX_DELAY`. So a source tries less than 3,000 passwords a day.
2. Attempts of one source for one account come one after another. Of more than `MAX_WAITING` the rest is refused.
3. The right password, and `FORGET_SECONDS` without a wrong one, end the delay.
4. No account is ever locked: from any other source its owner's password is looked at without delay. All browsers
   behind one address that are new to the account are one source, so they delay each other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

FREE, MAX_DELAY, FORGET_SECONDS = 5, 30, 3600
MAX_WAITING = 3
# A hundred bytes each. Sources are addresses in the stack, and browsers that have logged in before.
MAX_REMEMBERED = 10_000


class TooManyAttemptsError(Exception):
    """Raised when enough attempts of a source are waiting for an account already."""


@dataclass
class Attempts:
    """Those of one source for one account.

    Attributes:
        wrong: How many were wrong since the last right one.
        last: When the last wrong one was.
        waiting: How many are being looked at, or wait for that.
    """

    wrong: int = 0
    last: float = 0.0
    waiting: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @property
    def delay(self) -> float:
        """Seconds from the last wrong password to the next attempt."""
        return 0.0 if self.wrong < FREE else float(min(2 ** min(self.wrong - FREE, 10), MAX_DELAY))


class LoginAttempts:
    """The attempts of all sources.

    Args:
        clock: Returns seconds.
        sleep: Waits for some.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], object] = asyncio.sleep):
        self._clock, self._sleep = clock, sleep
        self._attempts: dict[tuple[str, str], Attempts] = {}

    @asynccontextmanager
    async def turn(self, source: str, account: str) -> AsyncIterator[Callable[[bool], None]]:
        """Waits until an attempt may be looked at; gives what is to be called with whether the password is right.

        Raises:
            TooManyAttemptsError: `MAX_WAITING` wait already.
        """
        key = (source, account)
        attempts = self._attempts.get(key) or Attempts()
        if attempts.waiting >= MAX_WAITING:
            raise TooManyAttemptsError
        self._remember(key, attempts)
        attempts.waiting += 1
        try:
            async with attempts.turn:
                await self._wait(attempts)
                yield lambda is_right: self._record(key, attempts, is_right)
        finally:
            attempts.waiting -= 1
            if not attempts.wrong and not attempts.waiting:
                self._attempts.pop(key, None)

    async def _wait(self, attempts: Attempts) -> None:
        since = self._clock() - attempts.last
        if since > FORGET_SECONDS:
            attempts.wrong = 0
        if (seconds := attempts.delay - since) > 0:
            await self._sleep(seconds)  # type: ignore[misc]

    def _record(self, key: tuple[str, str], attempts: Attempts, is_right: bool) -> None:
        attempts.wrong, attempts.last = 0 if is_right else attempts.wrong + 1, self._clock()
        self._remember(key, attempts)

    def _remember(self, key: tuple[str, str], attempts: Attempts) -> None:
        """Moves it to the end; what was wrong the longest ago is forgotten when there are too many."""
        self._attempts.pop(key, None)
        self._attempts[key] = attempts
        if len(self._attempts) > MAX_REMEMBERED:
            oldest = next((key for key, one in self._attempts.items() if not one.waiting), None)
            if oldest:
                del self._attempts[oldest]

    def forget(self, account: str) -> None:
        """Ends all delays of an account: it has another password."""
        for key in [key for key in self._attempts if key[1] == account]:
            self._attempts[key].wrong = 0
