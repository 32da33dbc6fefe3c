"""The hub computes users' S3 secrets; the command, which makes the identities, must compute the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandbox_hub import secrets

from sandbox_cli.stack.secrets import s3_secret


@pytest.mark.parametrize(
    ("key", "name"), [("k" * 64, "user-ada"), ("k" * 64, "user-bob"), ("other", "user-ada"), ("ž", "ž")]
)
def test_the_command_computes_the_same_secret(key: str, name: str) -> None:
    assert secrets.s3_secret(key, name) == s3_secret(key, name)
    assert len(s3_secret(key, name)) == 40


def test_secrets_differ_by_stack_and_by_user() -> None:
    assert len({secrets.s3_secret(key, name) for key in ("a", "b") for name in ("user-ada", "user-bob")}) == 4


def test_a_secret_is_read_without_the_end_of_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "FOLDER", tmp_path)
    (tmp_path / "hub_admin_token").write_text("t0ken\n")
    assert secrets.secret("hub_admin_token") == "t0ken"
