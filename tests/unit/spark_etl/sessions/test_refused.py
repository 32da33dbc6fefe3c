"""Why Spark Connect gives no session, in the words of whoever needs it."""

from __future__ import annotations

import pytest
from spark_etl.sessions.connect import _refused

REASON = (
    "<_InactiveRpcError of RPC that terminated with: status = StatusCode.UNAUTHENTICATED, Invalid authentication token>"
)


def test_a_server_with_former_secrets_is_told_to_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    error = _refused("sc://spark-connect:15002", REASON)
    assert "the stack's secrets were made anew" in error.message
    assert "stop your server" in str(error.hint)
    assert "RPC" not in error.message


def test_another_refusal_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    assert "no executor" in _refused("sc://spark-connect:15002", "no executor").message
    monkeypatch.delenv("JUPYTERHUB_USER")
    assert "Invalid authentication token" in _refused("sc://elsewhere:15002", REASON).message
