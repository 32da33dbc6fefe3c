"""Whose doing something is, when the command is told and when it isn't."""

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
    assert users.meant(session, None) == "engineer"
    assert users.meant(session, "ada") == "ada"


@pytest.mark.usefixtures("provider")
def test_who_shares_a_hub_is_asked_for_a_name(session: Any) -> None:
    assert users.meant(session, "ada") == "ada"
    with pytest.raises(UsageError) as caught:
        users.meant(session, None)
    assert "--user NAME" in caught.value.hint


def test_an_unknown_name_is_told_with_those_there_are(session: Any) -> None:
    with pytest.raises(UsageError, match=r"no account `carl`. Known: ada, engineer") as caught:
        users.meant(session, "carl")
    assert caught.value.hint == "sandbox users add carl"


@pytest.mark.usefixtures("provider")
def test_accounts_of_a_provider_are_not_made_here(session: Any) -> None:
    with pytest.raises(UsageError) as caught:
        users.meant(session, "carl")
    assert "first login" in caught.value.hint
