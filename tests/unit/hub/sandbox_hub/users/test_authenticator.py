"""Which passwords an account may have, and who may log in."""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from sandbox_hub.users.login_attempts import LoginAttempts
from tornado import web
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
        ("correct horse\0", "control character"),
        ("correct horse\ud800", "control character"),
    ],
)
def test_a_weak_password_is_reported(authenticator: Any, password: str, problem: str) -> None:
    assert problem in authenticator.password_problem(password)


@pytest.mark.parametrize("password", ["a" * 10, "a" * LONGEST, "ž" * (LONGEST // 2), "correct horse battery"])
def test_a_good_password_is_taken(authenticator: Any, password: str) -> None:
    assert authenticator.password_problem(password) is None


class Browser:
    """A request to log in, with as much of Tornado's handler as is used."""

    def __init__(self, address: str = "10.0.0.7") -> None:
        self.request = SimpleNamespace(connection=None, remote_ip=address, path="/hub/login", protocol="http")
        self.cookies: dict[str, bytes] = {}

    def get_signed_cookie(self, name: str, max_age_days: float) -> bytes | None:
        return self.cookies.get(name)

    def set_signed_cookie(self, name: str, value: str, **more: Any) -> None:
        self.cookies[name] = value.encode()


@pytest.fixture
def ada(authenticator: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ada's account, whose password is `right`; passwords are kept as they are."""
    info = SimpleNamespace(is_authorized=True, password=b"right")
    monkeypatch.setattr(
        type(authenticator), "get_user", lambda self, name: info if name == "ada" else None, raising=False
    )
    bcrypt = sys.modules["sandbox_hub.users.authenticator"].bcrypt  # type: ignore[attr-defined]
    monkeypatch.setattr(bcrypt, "checkpw", lambda given, hashed: given == hashed, raising=False)
    return info


def log_in(authenticator: Any, password: str, browser: Browser | None = None, name: str = "ada") -> Any:
    return asyncio.run(authenticator.authenticate(browser or Browser(), {"username": name, "password": password}))


@pytest.mark.parametrize(
    ("password", "name"),
    [("right", "ada"), ("wrong", None), ("ž" * 37, None), ("a" * 73, None), ("right\0", None), ("\ud800", None)],
)
def test_only_the_right_password_is_right(authenticator: Any, ada: Any, password: str, name: str | None) -> None:
    assert log_in(authenticator, password) == name


def test_a_password_that_would_be_cut_off_never_is_right(authenticator: Any, ada: Any) -> None:
    ada.password = b"a" * 73

    assert log_in(authenticator, "a" * 73) is None


def test_who_may_not_log_in_does_not(authenticator: Any, ada: Any) -> None:
    ada.is_authorized = False

    assert log_in(authenticator, "right") is None
    assert log_in(authenticator, "right", name="nobody") is None


@pytest.mark.parametrize("form", [{}, {"username": "ada"}, {"password": "right"}])
def test_half_a_form_is_said_to_be_that(authenticator: Any, ada: Any, form: dict[str, str]) -> None:
    with pytest.raises(web.HTTPError) as caught:
        asyncio.run(authenticator.authenticate(Browser(), form))
    assert (caught.value.status_code, caught.value.log_message) == (400, "A login has a `username` and a `password`")


def test_wrong_passwords_of_a_kernel_lock_nobody_out(authenticator: Any, ada: Any) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    authenticator._attempts = LoginAttempts(lambda: 1000.0, sleep)
    kernel, owner = Browser("172.18.0.9"), Browser("172.18.0.1")
    for _ in range(20):
        assert log_in(authenticator, "wrong", kernel) is None
    waits = len(slept)

    assert log_in(authenticator, "right", owner) == "ada"
    assert len(slept) == waits > 0

    for _ in range(20):  # now from the address that her browser has as well, such as a proxy's
        log_in(authenticator, "wrong", Browser("172.18.0.1"))
    waits = len(slept)
    assert log_in(authenticator, "right", owner) == "ada"
    assert len(slept) == waits


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
