from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub.apihandlers.users import UserTokenListAPIHandler
from sandbox_hub.users import accounts_api
from tornado import web


class Handler:
    """As much of JupyterHub's handler as is used."""

    current_user = "ada"

    def __init__(self, body: Any, tokens: int = 0) -> None:
        self._body, self._tokens = body, tokens

    def get_json_body(self) -> Any:
        return self._body

    def find_user(self, name: str) -> Any:
        return SimpleNamespace(name=name, api_tokens=[None] * self._tokens)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whose tokens JupyterHub has made."""
    made: list[str] = []

    async def post(handler: Any, name: str) -> None:
        del handler
        made.append(name)

    monkeypatch.setattr(UserTokenListAPIHandler, "post", post)
    accounts_api.limit_tokens()
    return made


def ask(body: Any, tokens: int = 0) -> None:
    asyncio.run(UserTokenListAPIHandler.post(Handler(body, tokens), "ada"))  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [None, {}, {"note": "x" * 200}, {"note": None}, ["JupyterHub's to refuse"]])
def test_a_token_is_made_as_before(made: list[str], body: Any) -> None:
    ask(body, 499)
    assert made == ["ada"]


@pytest.mark.parametrize(
    ("body", "tokens", "status"),
    [({"note": "x" * 201}, 0, 400), ({"note": ["x" * 300]}, 0, 400), ({}, 500, 429)],
)
def test_tokens_that_would_fill_the_hub_are_refused(made: list[str], body: Any, tokens: int, status: int) -> None:
    with pytest.raises(web.HTTPError) as caught:
        ask(body, tokens)
    assert caught.value.status_code == status
    assert made == []
