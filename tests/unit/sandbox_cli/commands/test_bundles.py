"""`sandbox export` and `sandbox import`: what they need of a stack, ask, print and refuse."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from spark_etl.reading import Runs

from sandbox_cli import console
from sandbox_cli.app import run_command
from sandbox_cli.commands import exporting, importing
from tests.support.bundles import RUN_ID, failed_run, keep, members, tree

IMAGES = {"spark": {"ref": "sandbox/spark:1", "id": "sha256:1"}}


@pytest.fixture(autouse=True)
def needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the commands have needed of a stack, whose runs are in a folder."""
    monkeypatch.setenv("SANDBOX_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nosuch.sock")
    for name in ("SANDBOX_STACK", "SANDBOX_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    failed_run(tmp_path)
    seen: list[Any] = []

    def running(_console: Any, _settings: Any, needs: Any) -> SimpleNamespace:
        seen.append(needs)
        scratch = tmp_path / ("there" if len(seen) > 1 else "scratch")
        return SimpleNamespace(runs=Runs(str(scratch)), engine=None, links=lambda: {"runs": "http://hub/runs/"})

    for command in (exporting, importing):
        monkeypatch.setattr(command.session, "running", running)
    monkeypatch.setattr(exporting.inventory, "identities", lambda *_: IMAGES)
    return seen


def test_there_and_back(needed: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["export", RUN_ID, "x.bundle", "--feature", "orders,net"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "x.bundle\n"
    assert "nothing is masked" in shown.err
    assert "next: sandbox import x.bundle" in shown.err
    info = json.loads(members(tmp_path / "x.bundle")["bundle.json"])
    assert info["images"] == IMAGES
    assert info["tool"].startswith("sandbox ")
    assert run_command(["import", "x.bundle", "--as", "ci"]) == 0
    shown = capsys.readouterr()
    assert f"imported run {RUN_ID} of ci/revenue" in shown.out
    assert f"next: sandbox runs show {RUN_ID}" in shown.err
    assert f"sandbox replay {RUN_ID}/net" in shown.err
    assert needed == [exporting.session.STORE] * 2
    assert run_command(["import", "x.bundle", "--as", "ci", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["was_there"] is True


def test_what_looks_personal_needs_a_yes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(Runs(str(tmp_path / "scratch"))[RUN_ID].stored, "orders", pa.table({"email": ["ada@example.com"]}))
    assert run_command(["export", RUN_ID, "x.bundle"]) == 2
    assert "--yes-unmasked" in capsys.readouterr().err
    assert not (tmp_path / "x.bundle").exists()


def test_yes_unmasked_asks_nothing(tmp_path: Path) -> None:
    keep(Runs(str(tmp_path / "scratch"))[RUN_ID].stored, "orders", pa.table({"email": ["ada@example.com"]}))
    assert run_command(["export", RUN_ID, "x.bundle", "--yes-unmasked"]) == 0
    assert json.loads(members(tmp_path / "x.bundle")["bundle.json"])["personal"] == [
        ["orders", "email", "personal, by its name"]
    ]


@pytest.mark.parametrize("answer", [True, False])
def test_a_terminal_is_asked(answer: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(Runs(str(tmp_path / "scratch"))[RUN_ID].stored, "orders", pa.table({"email": ["ada@example.com"]}))
    init = console.Console.__init__

    def with_terminal(self: Any, *, plain: bool | None = None) -> None:
        init(self, plain=False)

    monkeypatch.setattr(console.Console, "__init__", with_terminal)
    monkeypatch.setattr(console.Console, "ask", lambda *_: answer)
    assert run_command(["export", RUN_ID, "x.bundle"]) == (0 if answer else 1)
    assert (tmp_path / "x.bundle").exists() is answer


@pytest.mark.parametrize("name", ["users", "connect", "_x", "a/b"])
def test_a_wrong_name_needs_no_stack(name: str, needed: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["import", "x.bundle", "--as", name]) == 2
    assert "--as" in capsys.readouterr().err
    assert needed == []


def test_a_damaged_file_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.bundle").write_bytes(b"PK\3\4 nothing")
    before = tree(tmp_path)
    assert run_command(["import", "x.bundle"]) == 1
    assert "x.bundle is no bundle, or was cut" in capsys.readouterr().err
    assert tree(tmp_path) == before


def test_what_is_not_there_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["export", "20990101", "x.bundle"]) == 2
    assert run_command(["import", "nothing.bundle"]) == 2
    shown = capsys.readouterr().err
    assert "no such run" in shown
    assert "nothing.bundle can't be read" in shown
