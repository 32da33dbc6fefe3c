"""The last words of `up`: how to log in, without a password that there is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox_cli.commands import up
from sandbox_cli.console import Console
from sandbox_cli.settings import Settings
from sandbox_cli.stack.hub import accounts

LINKS = {"hub": "http://127.0.0.1:8000/"}


@pytest.mark.parametrize(
    ("plain", "account", "authenticator", "told"),
    [
        (True, "engineer", "native", "log in as `engineer`; the password: ./sandbox --stack demo users show engineer"),
        (False, "engineer", "native", "log in as   engineer   its-password"),
        (True, None, "github", "log in through `github`, as hub-auth.yaml says"),
        (False, None, "github", "log in through `github`, as hub-auth.yaml says"),
    ],
)
def test_how_to_log_in(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    plain: bool,
    account: str | None,
    authenticator: str,
    told: str,
) -> None:
    settings = Settings(stack="demo", state_home=tmp_path)
    accounts.remember(settings, "engineer", "its-password", admin=False)

    up._end(Console(plain=plain), settings, {"links": LINKS, "account": account, "authenticator": authenticator})

    said = capsys.readouterr().out
    assert told in said
    assert ("its-password" in said) == (not plain and account is not None)
