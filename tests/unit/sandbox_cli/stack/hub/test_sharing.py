"""Taking a notebook off the shelf from the host: the request to the shelf, and the message when it has none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.stack.hub.sharing import unshare
from sandbox_cli.stack.hub_api import Hub

SHELF = "http://shelf--service.localhost:8001/services/shelf/"


def session(status: int, body: dict[str, Any]) -> tuple[Any, list[httpx.Request]]:
    """A stack whose shelf answers so to a DELETE."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(status, json=body)

    hub = Hub(8001, {"hub_admin_token": "of-the-command"})
    hub._http = httpx.Client(transport=httpx.MockTransport(answer), base_url=hub.url)
    return SimpleNamespace(hub=hub, links=lambda: {"shelf": SHELF}), requests


@pytest.mark.parametrize(("version", "path"), [(None, "/notebooks/ada/late%20x"), (2, "/notebooks/ada/late%20x/v2")])
def test_the_shelf_is_asked_at_its_own_host(version: int | None, path: str) -> None:
    stack, requests = session(200, {"withdrawn": [1, 2]})

    assert unshare(stack, "ada", "late x", version) == [1, 2]

    (request,) = requests
    assert request.url.raw_path.decode() == f"/services/shelf/api{path}"
    assert request.headers["Host"] == "shelf--service.localhost:8001"
    assert request.headers["Authorization"] == "token of-the-command"


def test_what_is_not_there_is_reported_with_what_is() -> None:
    stack, _ = session(404, {"message": "of `ada/lat` there is only v2 on the shelf"})
    with pytest.raises(UsageError, match=r"^Of `ada/lat` there is only v2 on the shelf\.$"):
        unshare(stack, "ada", "lat", 3)


def test_a_store_that_is_away_is_no_missing_notebook() -> None:
    stack, _ = session(503, {"message": "the S3 store does not answer"})
    with pytest.raises(StackError, match="the S3 store does not answer"):
        unshare(stack, "ada", "late", None)
