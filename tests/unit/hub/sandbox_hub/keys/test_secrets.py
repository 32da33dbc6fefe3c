"""Secrets of the hub's container."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandbox_hub.keys import secrets


def test_a_secret_is_read_without_the_end_of_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "FOLDER", tmp_path)
    (tmp_path / "hub_admin_token").write_text("t0ken\n")
    assert secrets.read_secret("hub_admin_token") == "t0ken"
