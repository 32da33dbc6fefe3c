"""Where the shelf's links lead, and by which host a server is asked for: where there is one address, and with many."""

from __future__ import annotations

import pytest
from sandbox_hub.shelf import handlers

from tests.unit.hub.sandbox_hub.shelf.test_store import RECORD

HUB = "http://localhost:8000"
SHELF = "http://shelf--service.localhost:8000/services/shelf/"
LAB = "/hub/user-redirect/sandbox/open/ada/late-orders/v1"


def test_at_one_address_links_are_paths() -> None:
    assert handlers.page_link(RECORD) == "/services/shelf/ada/late-orders"
    assert handlers.page_link(RECORD, version=True) == "/services/shelf/ada/late-orders/v1"
    assert handlers.open_link(RECORD) == LAB


def test_with_subdomains_links_name_the_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "HUB_ORIGIN", HUB)
    monkeypatch.setattr(handlers, "PUBLIC_URL", SHELF)

    assert handlers.page_link(RECORD) == f"{SHELF}ada/late-orders"
    assert handlers.open_link(RECORD) == HUB + LAB
