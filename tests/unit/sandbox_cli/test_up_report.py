"""The report of `up`: how to log in, with a password only where there is one; and its options."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox_cli import program
from sandbox_cli.app import run_command
from sandbox_cli.commands import up
from sandbox_cli.console import Console
from sandbox_cli.settings import Settings
from sandbox_cli.stack.hub import accounts

LINKS = {"hub": "http://127.0.0.1:8000/"}


@pytest.mark.parametrize(
    ("plain", "account", "authenticator", "expected"),
    [
        (True, "engineer", "native", "log in as `engineer`; the password: ./sandbox --stack demo users show engineer"),
        (False, "engineer", "native", "log in as   engineer   its-password"),
        (True, None, "github", "log in through `github`, as hub-auth.yaml says"),
        (False, None, "github", "log in through `github`, as hub-auth.yaml says"),
    ],
)
def test_how_to_log_in(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    plain: bool,
    account: str | None,
    authenticator: str,
    expected: str,
) -> None:
    monkeypatch.setenv(program.LAUNCHED, "./sandbox")
    settings = Settings(stack="demo", state_home=tmp_path)
    accounts.remember(settings, "engineer", "its-password", admin=False)

    up._end(Console(plain=plain), settings, {"links": LINKS, "account": account, "authenticator": authenticator})

    shown = capsys.readouterr().out
    assert expected in shown
    assert ("its-password" in shown) == (not plain and account is not None)


@pytest.mark.parametrize(("options", "tested"), [([], True), (["--no-smoke-test"], False), (["--no-proof"], False)])
def test_the_smoke_test_can_be_left_out_by_its_former_name_too(
    monkeypatch: pytest.MonkeyPatch, options: list[str], tested: bool
) -> None:
    calls: list[bool] = []

    def bring_up(console: Console, settings: Settings, *, with_sample: bool, with_smoke_test: bool) -> dict[str, str]:
        calls.append(with_smoke_test)
        return {}

    monkeypatch.setattr(up, "bring_up", bring_up)

    assert run_command(["up", "--json", *options]) == 0
    assert calls == [tested]


def test_the_former_name_is_not_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    run_command(["up", "--help"])
    page = capsys.readouterr().out
    assert "--no-smoke-test" in page
    assert "--no-proof" not in page
