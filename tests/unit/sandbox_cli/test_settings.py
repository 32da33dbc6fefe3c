"""Names, folders and extras that the command takes, and those that it doesn't."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings, checked_extras, checked_stack, checked_subdomains, state_home


@pytest.mark.parametrize(
    ("option", "environment", "name"),
    [
        (None, {}, "sandbox"),
        (None, {"SANDBOX_STACK": ""}, "sandbox"),
        (None, {"SANDBOX_STACK": "ci-7"}, "ci-7"),
        ("mine", {"SANDBOX_STACK": "ci-7"}, "mine"),
        ("ab", {}, "ab"),
        ("a" * 31, {}, "a" * 31),
    ],
)
def test_the_option_goes_before_the_environment(option: str | None, environment: dict[str, str], name: str) -> None:
    assert checked_stack(option, environment) == name


@pytest.mark.parametrize("name", ["a", "a" * 32, "1a", "-a", "Ab", "a_b", "a.b", "a b", "../a", "a\n", "až"])
def test_a_name_that_can_be_no_stacks_is_refused(name: str) -> None:
    for option, environment in ((name, {}), (None, {"SANDBOX_STACK": name})):
        with pytest.raises(UsageError, match="can't be a stack's name") as caught:
            checked_stack(option, environment)
        assert f"`{name}`" in caught.value.message
        assert caught.value.hint


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"SANDBOX_STATE_DIR": "/var/x", "XDG_STATE_HOME": "/var/y"}, "/var/x"),
        ({"XDG_STATE_HOME": "/var/y"}, "/var/y/sandbox"),
        ({"SANDBOX_STATE_DIR": "", "XDG_STATE_HOME": ""}, "/home/ada/.local/state/sandbox"),
        ({}, "/home/ada/.local/state/sandbox"),
        ({"SANDBOX_STATE_DIR": "~/x"}, "/home/ada/x"),
        ({"SANDBOX_STATE_DIR": "x"}, "/usr/x"),
    ],
)
def test_where_state_is_stored(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], folder: str) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.chdir("/usr")
    assert state_home(environment) == Path(folder)


def test_each_stack_has_a_folder_of_its_own(tmp_path: Path) -> None:
    assert Settings(stack="mine", state_home=tmp_path).state_dir == tmp_path / "mine"


@pytest.mark.parametrize(
    ("text", "without", "profiles"),
    [
        ("", (), ["history", "mail"]),
        ("mail", ("mail",), ["history"]),
        ("history,mail", ("history", "mail"), []),
        (" mail , history ", ("mail", "history"), []),
        ("connect", ("connect",), ["history", "mail"]),
        ("history,mail,hub", ("history", "mail", "hub", "connect"), []),
    ],
)
def test_what_may_be_left_out(text: str, without: tuple[str, ...], profiles: list[str]) -> None:
    assert checked_extras(text) == without
    assert Settings(without=without).profiles == profiles


@pytest.mark.parametrize("text", ["minio", "mail,docker-api", "Mail"])
def test_what_the_stack_needs_is_not_left_out(text: str) -> None:
    with pytest.raises(UsageError, match="can't be without") as caught:
        checked_extras(text)
    assert "history, mail, connect, hub" in caught.value.message


@pytest.mark.parametrize(
    ("wanted", "below", "subdomains"),
    [
        (None, None, None),
        (True, None, "localhost"),
        (False, None, ""),
        (None, "https://sandbox.example.com", "https://sandbox.example.com"),
        (True, "https://Sandbox.example.com:8443/", "https://sandbox.example.com:8443"),
    ],
)
def test_subdomains_of_what(wanted: bool | None, below: str | None, subdomains: str | None) -> None:
    assert checked_subdomains(wanted, below) == subdomains


@pytest.mark.parametrize(
    "below",
    [
        "",
        "sandbox.example.com",
        "http://sandbox.example.com",
        "https://192.0.2.7",
        "https://[::1]",
        "https://localhost",
        "https://sandbox.example.com/hub",
        "https://ada@sandbox.example.com",
        "https://-x.example.com",
        "https://sandbox.example.com:",
        "https://sandbox.example.com\n",
    ],
)
def test_below_that_there_are_none(below: str) -> None:
    with pytest.raises(UsageError, match="There can be no subdomains of") as caught:
        checked_subdomains(None, below)
    assert "--subdomains-of https://" in str(caught.value.hint)


def test_subdomains_and_none_at_once_are_refused() -> None:
    with pytest.raises(UsageError, match="not both"):
        checked_subdomains(False, "https://sandbox.example.com")
