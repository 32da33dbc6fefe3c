"""Which user a command is about, and which names can't be an account's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sandbox_cli.errors import UsageError
from sandbox_cli.stack.hub import users


@pytest.fixture
def session() -> Any:
    accounts = [{"name": "engineer"}, {"name": "ada"}]
    return SimpleNamespace(hub=SimpleNamespace(accounts=lambda: accounts, authenticator=lambda: "native"))


@pytest.fixture
def provider(session: Any) -> None:
    """People log in through a provider."""
    session.hub.authenticator = lambda: "github"


def test_whoever_works_alone_need_not_be_named(session: Any) -> None:
    assert users.resolve_user(session, None) == "engineer"
    assert users.resolve_user(session, "ada") == "ada"


@pytest.mark.usefixtures("provider")
def test_where_a_provider_lets_users_in_a_user_must_be_named(session: Any) -> None:
    assert users.resolve_user(session, "ada") == "ada"
    with pytest.raises(UsageError) as caught:
        users.resolve_user(session, None)
    assert "--user NAME" in caught.value.hint


def test_an_unknown_name_is_refused_with_the_known_ones(session: Any) -> None:
    with pytest.raises(UsageError, match=r"no account `carl`. Known: ada, engineer") as caught:
        users.resolve_user(session, "carl")
    assert caught.value.hint == "sandbox users add carl"


@pytest.mark.usefixtures("provider")
def test_accounts_of_a_provider_are_not_made_here(session: Any) -> None:
    with pytest.raises(UsageError) as caught:
        users.resolve_user(session, "carl")
    assert "first login" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("proof", "`proof` is reserved for the stack itself"),
        ("Carl", "`Carl` can't be a user's name here"),
        ("ada", "There is an account `ada` already"),
    ],
)
def test_a_name_that_can_be_no_account_s_is_refused_before_a_password_is_asked_for(
    session: Any, name: str, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        users.refuse_existing(session, name)


def test_a_new_name_is_fine(session: Any) -> None:
    users.refuse_existing(session, "carl")
