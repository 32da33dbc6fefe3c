from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sandbox_cli.settings import Settings
from sandbox_cli.stack import ports, secrets, state
from sandbox_cli.stack.session import Session


def test_the_runs_of_a_stack_are_reached_without_this_process_being_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the-users-own")
    monkeypatch.setenv("SANDBOX_SCRATCH", "s3a://elsewhere/")
    before = dict(os.environ)
    settings = Settings(stack="one", state_home=tmp_path)
    state.write(settings.state_dir / secrets.FILE, {"s3_identity_key": "k"})
    state.write(settings.state_dir / ports.FILE, {"s3": 9123})
    engine: Any = None

    runs = Session(engine, settings).runs

    assert runs.scratch == "s3a://scratch"
    assert runs.store.settings
    assert (runs.store.settings.endpoint, runs.store.settings.access_key) == ("http://127.0.0.1:9123", "runner")
    assert dict(os.environ) == before
