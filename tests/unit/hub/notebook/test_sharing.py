"""How a user's server asks the shelf."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sandbox_lab.errors import RefusedError
from sandbox_lab.sharing import call_shelf


@pytest.mark.parametrize(
    ("host", "sent"), [("", {}), ("shelf--service.localhost:8000", {"Host": "shelf--service.localhost:8000"})]
)
def test_a_shelf_with_an_address_of_its_own_is_asked_for_by_it(
    monkeypatch: pytest.MonkeyPatch, host: str, sent: dict[str, str]
) -> None:
    calls: list[Any] = []

    def request(method: str, url: str, **more: Any) -> Any:
        calls.append((url, more["headers"], more["data"]))
        return SimpleNamespace(ok=True, json=lambda: {"job": "j"})

    monkeypatch.setattr("requests.request", request)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "its-token")
    monkeypatch.setenv("SANDBOX_SHELF_HOST", host)

    assert call_shelf("POST", "share", {"path": "ü.ipynb"}) == {"job": "j"}
    headers = {"Authorization": "token its-token", "Content-Type": "application/json", **sent}
    assert calls == [("http://hub:8000/services/shelf/api/share", headers, '{"path": "ü.ipynb"}'.encode())]


def test_what_the_shelf_says_when_it_refuses_reaches_the_author(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = SimpleNamespace(ok=False, status_code=429, json=lambda: {"message": "3 notebooks of ada wait already"})
    monkeypatch.setattr("requests.request", lambda *_, **__: answer)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "its-token")

    with pytest.raises(RefusedError) as refused:
        call_shelf("POST", "share", {})

    assert (refused.value.status, refused.value.message) == (429, "3 notebooks of ada wait already")
