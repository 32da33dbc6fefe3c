from __future__ import annotations

import asyncio

import pytest
from sandbox_hub.users import login_attempts
from sandbox_hub.users.login_attempts import FREE, LoginAttempts, TooManyAttemptsError


class Clock:
    """A clock that waits by moving on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> LoginAttempts:
    return LoginAttempts(clock, clock.sleep)


def give(attempts: LoginAttempts, source: str, account: str, *, right: bool = False, times: int = 1) -> None:
    async def one() -> None:
        async with attempts.turn(source, account) as record:
            record(right)

    async def all_of_them() -> None:
        for _ in range(times):
            await one()

    asyncio.run(all_of_them())


def test_a_few_wrong_passwords_cost_nothing(attempts: LoginAttempts, clock: Clock) -> None:
    give(attempts, "10.0.0.7", "ada", times=FREE)

    assert clock.now == 1000


def test_a_source_that_goes_on_tries_less_than_three_thousand_a_day(attempts: LoginAttempts, clock: Clock) -> None:
    give(attempts, "10.0.0.7", "ada", times=3000)

    assert clock.now - 1000 > 24 * 3600


def test_the_owner_elsewhere_and_other_accounts_do_not_wait(attempts: LoginAttempts, clock: Clock) -> None:
    give(attempts, "10.0.0.7", "ada", times=50)
    before = clock.now

    give(attempts, "172.18.0.1", "ada", right=True)
    give(attempts, "10.0.0.7", "bob")

    assert clock.now == before


def test_who_is_slowed_down_comes_in_with_the_right_password(attempts: LoginAttempts, clock: Clock) -> None:
    give(attempts, "10.0.0.7", "ada", times=100)
    before = clock.now
    give(attempts, "10.0.0.7", "ada", right=True)
    assert clock.now - before <= login_attempts.MAX_DELAY

    before = clock.now
    give(attempts, "10.0.0.7", "ada", times=FREE)
    assert clock.now == before


def test_an_hour_without_attempts_and_a_new_password_end_the_delay(attempts: LoginAttempts, clock: Clock) -> None:
    give(attempts, "10.0.0.7", "ada", times=20)
    clock.now += login_attempts.FORGET_SECONDS + 1
    before = clock.now
    give(attempts, "10.0.0.7", "ada", times=FREE)
    assert clock.now == before

    give(attempts, "10.0.0.7", "ada", times=20)
    attempts.forget("ada")
    before = clock.now
    give(attempts, "10.0.0.7", "ada")
    assert clock.now == before


def test_attempts_at_once_are_no_way_round(attempts: LoginAttempts) -> None:
    refused = []

    async def one() -> None:
        try:
            async with attempts.turn("10.0.0.7", "ada") as record:
                await asyncio.sleep(0)
                record(False)
        except TooManyAttemptsError:
            refused.append(1)

    async def flood() -> None:
        await asyncio.gather(*[one() for _ in range(100)])

    asyncio.run(flood())

    assert len(refused) == 100 - login_attempts.MAX_WAITING


def test_sources_without_number_take_no_memory_without_number(
    attempts: LoginAttempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_attempts, "MAX_REMEMBERED", 100)
    for number in range(300):
        give(attempts, f"10.0.{number // 256}.{number % 256}", "ada")

    assert len(attempts._attempts) == 100
