"""Which passwords an account may have, and who may log in."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from traitlets.config import Config

LONGEST = 72


@pytest.fixture
def authenticator(config: Config) -> Any:
    """The authenticator with the hub's settings."""
    from sandbox_hub.users.authenticator import SandboxAuthenticator  # noqa: PLC0415 - only now there are its packages

    return SandboxAuthenticator(config=config)


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("", "at least 10 characters"),
        ("a" * 9, "at least 10 characters"),
        ("a" * (LONGEST + 1), "more than 72 bytes"),
        ("ž" * (LONGEST // 2 + 1), "more than 72 bytes"),
        ("hunter2-hunter2", "most common"),
    ],
)
def test_a_weak_password_is_reported(authenticator: Any, password: str, problem: str) -> None:
    assert problem in authenticator.password_problem(password)


@pytest.mark.parametrize("password", ["a" * 10, "a" * LONGEST, "ž" * (LONGEST // 2), "correct horse battery"])
def test_a_good_password_is_taken(authenticator: Any, password: str) -> None:
    assert authenticator.password_problem(password) is None


@pytest.mark.parametrize(("password", "name"), [("right", "ada"), ("ž" * 37, None), ("a" * 73, None)])
def test_a_password_that_would_be_cut_off_never_is_right(
    authenticator: Any, monkeypatch: pytest.MonkeyPatch, password: str, name: str | None
) -> None:
    async def right(self: Any, handler: Any, data: dict[str, str]) -> str:
        return data["username"]

    monkeypatch.setattr(type(authenticator).__bases__[0], "authenticate", right)

    assert asyncio.run(authenticator.authenticate(None, {"username": "ada", "password": password})) == name


@pytest.mark.parametrize(
    ("name", "well"),
    [("ada", True), ("a1", True), ("a-b", True), ("a", False), ("Ada", False), ("1a", False), ("a_b", False),
     ("../x", False), ("a" * 31, True), ("a" * 32, False)],
)  # fmt: skip
def test_a_users_name_fits_into_a_containers(authenticator: Any, name: str, well: bool) -> None:
    assert (authenticator.validate_username(name) and name == authenticator.normalize_username(name)) == well


def test_there_is_no_page_to_sign_up(authenticator: Any) -> None:
    paths = [path for path, _ in authenticator.get_handlers(None)]

    assert paths == [r"/api/sign-in", r"/api/accounts", r"/api/accounts/([^/]+)"]


@pytest.mark.parametrize(("name", "well"), [("ada", True), ("proof", False), ("shelf", False), ("published", False)])
def test_nobody_logs_in_as_one_of_the_stacks_own(authenticator: Any, name: str, well: bool) -> None:
    assert authenticator.check_blocked_users(name) is well
