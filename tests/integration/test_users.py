"""Accounts, as whoever runs the stack makes and removes them."""

from __future__ import annotations

from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox


def lets_in(stack: Sandbox, name: str, password: str) -> bool:
    with HubClient(stack.port("hub")) as browser:
        browser.try_login(name, password)
        return bool(browser.http.get("/hub/home").url.path == "/hub/home")


def test_the_password_of_the_first_account_is_shown(stack: Sandbox) -> None:
    assert lets_in(stack, "engineer", stack("users", "show", "engineer").out.strip())


def test_an_account_is_made_used_and_removed(stack: Sandbox) -> None:
    stack("users", "add", "ada", "--generate")
    first = stack("users", "show", "ada").out.strip()
    assert lets_in(stack, "ada", first)
    assert "ada" in stack("users", "list").out

    stack("users", "passwd", "ada", "--generate")
    second = stack("users", "show", "ada").out.strip()
    assert not lets_in(stack, "ada", first)
    assert lets_in(stack, "ada", second)

    stack("users", "remove", "ada", "--yes")
    assert "ada" not in {account["name"] for account in stack("users", "list", "--json").json}
    assert not lets_in(stack, "ada", second)
