"""The first thing a newcomer's machine runs: it must say in one line what is missing."""

from __future__ import annotations

import builtins
import importlib.util
import os
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts" / "bootstrap.py"


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The script as a module, working on an empty checkout."""
    spec = importlib.util.spec_from_file_location("bootstrap_under_test", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "requirements").mkdir()
    for level in module.LEVELS:
        (tmp_path / "requirements" / f"{level}.lock").write_text(level)
    for name, value in {"ROOT": tmp_path, "VENV": tmp_path / ".venv", "PROJECTS": (tmp_path,)}.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "sandbox-stamp.json")
    return module


def test_a_python_that_is_too_old_is_named(
    bootstrap: types.ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(shutil, "which", lambda name: None)

    assert bootstrap.main(["cli"]) == 2

    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "Python 3.11 or newer is needed" in shown
    assert "3.9" in shown


def test_a_newer_python_beside_it_is_used(bootstrap: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/{name}" if name == "python3.12" else None)
    monkeypatch.setattr(subprocess, "call", lambda command, **_: 0)
    monkeypatch.setattr(os, "execv", lambda path, argv: used.append(path) or sys.exit(0))

    with pytest.raises(SystemExit):
        bootstrap.main(["cli"])

    assert used == ["/opt/python3.12"]


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_missing_module_is_named_with_its_package(
    bootstrap: types.ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: str
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name == module:
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)

    assert bootstrap.main(["cli"]) == 2
    assert f"`{module}`: install it (Debian, Ubuntu: apt install python3." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("WARNING: … NewConnectionError('…'): Temporary failure in name resolution\nERROR: No matching", "network"),
        ("ERROR: Could not find a version that satisfies rich (from versions: none)", "network"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] Max retries exceeded", "PIP_CERT"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("noise\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES\nmore", "DO NOT MATCH THE HASHES"),
        ("", "no output"),
    ],
)
def test_a_failed_install_is_explained_in_one_line(bootstrap: types.ModuleType, output: str, expected: str) -> None:
    explained = bootstrap.explain("the packages could not be installed", output)

    assert expected in explained
    assert "\n" not in explained


def test_an_interrupted_environment_is_made_again(
    bootstrap: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_made = tmp_path / ".venv" / "bin" / "python"
    half_made.parent.mkdir(parents=True)
    half_made.write_text("not an interpreter")
    commands = record_commands(bootstrap, monkeypatch)

    assert bootstrap.main(["cli"]) == 0

    assert [sys.executable, "-m", "venv", str(tmp_path / ".venv")] in commands
    assert not half_made.exists() or half_made.read_text() == ""


def test_the_second_call_runs_nothing(
    bootstrap: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = record_commands(bootstrap, monkeypatch)
    bootstrap.main(["dev"])
    commands.clear()

    assert bootstrap.main(["dev"]) == 0
    assert bootstrap.main(["cli"]) == 0, "what tests need contains what the command needs"
    assert commands == []


def test_a_changed_lock_installs_again(
    bootstrap: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = record_commands(bootstrap, monkeypatch)
    bootstrap.main(["cli"])
    commands.clear()

    (tmp_path / "requirements" / "cli.lock").write_text("changed")
    bootstrap.main(["cli"])

    assert any("--require-hashes" in command for command in commands)


def test_every_package_in_the_locks_has_a_hash_and_no_address() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text()
        assert "://" not in text
        packages = [block for block in text.replace("\\\n", " ").splitlines() if block and not block.startswith("#")]
        assert packages
        assert all("==" in block and "--hash=sha256:" in block for block in packages), lock


def test_the_real_second_call_is_fast() -> None:
    call = [sys.executable, str(SCRIPT), "dev"]
    if subprocess.run(call, check=False, capture_output=True).returncode:
        pytest.skip("this checkout has no environment of its own")

    done = subprocess.run(call, check=True, capture_output=True, text=True, timeout=2)

    assert done.stderr == ""


def record_commands(bootstrap: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Replaces running by recording; making the environment leaves an empty file for its interpreter."""
    commands: list[list[str]] = []

    def run(command: list[str], failure: str) -> None:
        commands.append(command)
        bootstrap.python().parent.mkdir(parents=True, exist_ok=True)
        bootstrap.python().write_text("")

    monkeypatch.setattr(bootstrap, "run", run)
    monkeypatch.setattr(bootstrap, "works", bootstrap.STAMP.exists)
    return commands
