"""Each file of the state folder, broken in each way: the commands name it and say what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox_cli.app import run_command
from sandbox_cli.settings import Settings
from sandbox_cli.stack import ports, secrets, services, state, teardown, variables
from sandbox_cli.stack.doctor import smoke_test
from sandbox_cli.stack.engine import connection
from sandbox_cli.stack.hub import accounts, authentication
from sandbox_cli.stack.pipelines import packages

SOUND: dict[str, dict[str, Any]] = {
    ports.FILE: {"hub": 18000, "s3": 19000},
    secrets.FILE: dict.fromkeys(secrets.GENERATED, "hunter2"),
    accounts.FILE: {"engineer": {"password": "p" * 12, "admin": False}},
    variables.FILE: {"workers": 2, "subdomains": "", "variables": {"SANDBOX_HUB_PORT": "18000"}},
    secrets.INSTALLED: {"minio": ["digest", "2024-02-29T10:11:12Z"]},
    smoke_test.FILE: {"stack_start": "[]", "at": 1.5},
    packages.FILE: {"key": "2024-02-29T10:11:12Z"},
}
# Reads the file, as the commands do.
READERS: dict[str, Callable[[Any], Any]] = {
    ports.FILE: lambda session: ports.remembered(session.settings),
    secrets.FILE: lambda session: secrets.load(session.settings),
    accounts.FILE: lambda session: accounts.remembered(session.settings),
    variables.FILE: lambda session: variables.remembered(session.settings),
    secrets.INSTALLED: lambda session: secrets._recorded(session.settings, secrets.INSTALLED),
    smoke_test.FILE: smoke_test.passed_at,
    packages.FILE: packages._installed,
}
BROKEN = [
    b"",
    b"{",
    b'{"hub": 1',
    b"[]",
    b"null",
    b"7",
    b'"text"',
    b"\xff\xfe{}",
    b"[" * 100_000,
    b'{"x": NaN, "y": [}',
]
WRONG = [None, [], {}, True, "", [1], {"password": 1}, -1]
# What an older version wrote, or nobody minds.
ALLOWED = {"workers None", "subdomains None", "variables None", "subdomains ", "variables {}", "stack_start ", "at -1"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of a stack, whose engine has containers of it."""
    monkeypatch.setenv("SANDBOX_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("SANDBOX_STACK", "demo")
    monkeypatch.setattr(connection, "connect", lambda console, settings: SimpleNamespace())
    listed = [services.StackContainer("1", "demo-hub-1", "hub", "running", "healthy", "Up")]
    monkeypatch.setattr(services, "containers", lambda engine, settings: listed)
    folder = Settings(stack="demo", state_home=tmp_path).state_dir
    folder.mkdir(mode=0o700)
    for name, content in SOUND.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(json.dumps(content))
    return folder


@pytest.fixture
def session(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(smoke_test, "stack_start", lambda session: "[]")
    return SimpleNamespace(settings=Settings(stack="demo", state_home=folder.parent))


@pytest.mark.parametrize("name", list(SOUND))
def test_what_was_written_is_read(session: Any, name: str) -> None:
    assert READERS[name](session)


@pytest.mark.parametrize("name", list(SOUND))
def test_a_broken_file_is_named_with_what_to_do(session: Any, folder: Path, name: str) -> None:
    for content in BROKEN:
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
        refused(session, folder / name)


@pytest.mark.parametrize("name", list(SOUND))
def test_a_folder_in_its_place_is_named(session: Any, folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    refused(session, folder / name)


@pytest.mark.parametrize("name", list(SOUND))
def test_a_value_of_another_kind_is_named_and_not_shown(session: Any, folder: Path, name: str) -> None:
    for key, wrong in product(SOUND[name], WRONG):
        if f"{key} {wrong}" in ALLOWED:
            continue
        (folder / name).write_text(json.dumps({**SOUND[name], key: wrong}))
        message = refused(session, folder / name)
        assert key in message or "password" in message


@pytest.mark.parametrize(("wrong", "said"), [("two", "a text"), (0, "a wrong number")])
def test_a_value_is_said_with_what_it_must_be(session: Any, folder: Path, wrong: object, said: str) -> None:
    path = folder / variables.FILE
    path.write_text(json.dumps({"workers": wrong}))
    assert f"{path}: `workers` is {said}. It must be a number from 1 to " in refused(session, path)


def refused(session: Any, path: Path) -> str:
    with pytest.raises(state.UsageError) as caught:
        READERS[path.name](session)
    assert str(path) in caught.value.message
    assert str(caught.value.hint).startswith(f"mv {path} {path}.bad && sandbox up")
    assert "hunter2" not in caught.value.message
    return caught.value.message


COMMANDS = [
    ["status"], ["status", "--json"], ["users"], ["users", "show", "engineer"], ["runs"], ["runs", "show"],
    ["logs", "hub"], ["open"], ["share", "x.ipynb"],
]  # fmt: skip


@pytest.mark.parametrize("line", COMMANDS, ids=" ".join)
def test_a_lost_state_folder_beside_running_containers_is_told_from_a_stack_that_never_was(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, line: list[str]
) -> None:
    shutil.rmtree(folder)
    assert run_command(line) == 4
    error = capsys.readouterr().err
    assert f"The stack `demo` has 1 container, but its ports and secrets are not in {folder}" in error
    assert "next: sandbox --stack demo up" in error

    monkeypatch.setattr(services, "containers", lambda engine, settings: [])
    assert run_command(line) == 4
    assert "There is no stack `demo`" in capsys.readouterr().err


@pytest.mark.parametrize("line", [*COMMANDS, ["up"], ["down"]], ids=" ".join)
@pytest.mark.parametrize("place", ["state home", "state folder"])
def test_a_file_in_the_place_of_the_folder_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], line: list[str], place: str
) -> None:
    path = folder if place == "state folder" else folder.parent
    shutil.rmtree(path)
    path.write_text("x")
    assert run_command(line) in {1, 2}
    out, error = capsys.readouterr()
    assert f"{path} is a file. It must be a folder" in out + error
    assert f"mv {path} {path}.bad" in out + error
    assert "Traceback" not in error


@pytest.mark.parametrize("name", [ports.FILE, secrets.FILE, variables.FILE])
@pytest.mark.parametrize("line", [["users"], ["open"], ["share", "x.ipynb"]], ids=" ".join)
def test_a_file_that_lacks_something_is_completed_by_up(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, line: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "unready", lambda containers, needs: {})
    kept = dict(list(SOUND[name].items())[1:])
    state.write(folder / name, {} if name == variables.FILE else kept)
    if line == ["open"] and name == secrets.FILE:
        return  # needs none
    assert run_command(line) == 4
    error = capsys.readouterr().err
    assert str(folder / name) in error
    assert "next: sandbox --stack demo up\n        It adds what is missing.\n" in error


def test_a_state_folder_that_was_open_to_others_is_closed_and_it_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.chmod(0o755)
    monkeypatch.setattr(teardown, "_down", lambda console, settings, engine: {})
    assert run_command(["down"]) == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "was open to others" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["up.lock", "secrets.json", "ports.json"])
def test_what_may_not_be_used_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = Path.open

    def denied(self: Path, *arguments: Any, **more: Any) -> Any:
        if self.name == name:
            raise PermissionError(13, "Permission denied", str(self))
        return before(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", denied)
    assert run_command(["down" if name == "up.lock" else "status"]) == 2
    error = capsys.readouterr().err
    assert f"{folder / name}: your account has no permission to read this file or its folder.\n" in error
    assert "next: chmod -R u+rwX" in error


def test_a_lock_that_is_a_folder_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "up.lock").mkdir()
    assert run_command(["down"]) == 2
    assert f"{folder / 'up.lock'} is a folder. It must be a file" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"\xff", b"[" * 700, b"{a: [}", b"7", b"a: !!python/object:os.system x"])
def test_a_broken_hub_auth_is_named(folder: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    path = folder / authentication.FILE
    path.write_bytes(content)
    path.chmod(0o600)
    assert run_command(["up"]) == 2
    assert str(path) in capsys.readouterr().err
    assert json.loads((folder / ports.FILE).read_text()) == SOUND[ports.FILE]
