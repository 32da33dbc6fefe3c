"""How long the services believe what the hub said of a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sandbox_hub.gateway.service
from jupyterhub.services.auth import HubOAuth
from sandbox_hub.shelf import service
from tornado import web

NONE: Any = None


@pytest.fixture
def fresh() -> Iterator[None]:
    """A process that has asked the hub nothing yet."""
    HubOAuth.clear_instance()
    yield
    HubOAuth.clear_instance()


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    ("application", "page"),
    [
        (lambda: sandbox_hub.gateway.service.application({}), sandbox_hub.gateway.service.ProxyHandler),
        (lambda: service.application(NONE, NONE, NONE), service.NotebookHandler),
    ],
    ids=["gateway", "shelf"],
)
def test_a_user_who_is_removed_is_out_in_seconds(application: Callable[[], web.Application], page: Any) -> None:
    application()

    assert page.hub_auth_class.instance().cache.max_age == 10
