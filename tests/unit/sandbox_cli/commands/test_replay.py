"""`sandbox replay`: which runs are replayed on the cluster, and which in a place of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from spark_etl.debugging.origin import Origin
from spark_etl.reading import Run
from spark_etl.store import RunDocument, StoredRun

from sandbox_cli.app import run_command
from sandbox_cli.commands import replay as command

ID = "20240229T101112Z-7f3a2c"
ROOT = f"s3a://scratch/elsewhere/shop/{ID}"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is done; the run is one of the runner's until a test says otherwise."""
    done: list[Any] = []

    @contextmanager
    def no_code(*_: object) -> Iterator[None]:
        yield None

    def replay(where: str, arguments: list[str], minutes: int | None = None) -> int:
        done.append((where, arguments, minutes))
        return 5

    monkeypatch.setattr(command.session, "running", lambda _console, _settings, needs: done.append(needs))
    monkeypatch.setattr(command.session, "require", lambda _session, needs: done.append(needs))
    monkeypatch.setattr(command.replaying, "code_of", no_code)
    monkeypatch.setattr(command.replaying, "replay", lambda *given, **_: replay("the cluster", given[4]))
    monkeypatch.setattr(
        command.private, "replay", lambda *given, minutes, **_: replay("a place of its own", given[4], minutes)
    )
    return done


def find(monkeypatch: pytest.MonkeyPatch, **known: Any) -> None:
    found = Origin(Run(StoredRun(ROOT), RunDocument(ID, ROOT, "elsewhere", "shop", **known)), "net")
    monkeypatch.setattr(command.replaying, "find", lambda *_, **__: found)


def test_a_run_of_the_runners_needs_the_cluster(monkeypatch: pytest.MonkeyPatch, steps: list[Any]) -> None:
    find(monkeypatch, kind="run")
    assert run_command(["replay", f"{ID}/net", "--json"]) == 5
    assert steps == [command.session.STORE, command.session.CLUSTER, ("the cluster", ["--json"], None)]


@pytest.mark.parametrize("known", [{"kind": "imported"}, {"kind": "replay", "imported": {"kind": "replay"}}])
def test_an_imported_run_needs_the_store_and_no_more(
    monkeypatch: pytest.MonkeyPatch, steps: list[Any], known: dict[str, Any]
) -> None:
    find(monkeypatch, **known)
    assert run_command(["replay", f"{ID}/net"]) == 5
    assert steps == [command.session.STORE, ("a place of its own", [], 30)]


def test_the_time_limit_is_one_of_imported_code(
    monkeypatch: pytest.MonkeyPatch, steps: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    find(monkeypatch, kind="imported")
    assert run_command(["replay", f"{ID}/net", "--time-limit", "90"]) == 5
    assert steps[-1] == ("a place of its own", [], 90)
    assert run_command(["replay", f"{ID}/net", "--time-limit", "0"]) == 2

    find(monkeypatch, kind="run")
    assert run_command(["replay", f"{ID}/net", "--time-limit", "90"]) == 2
    assert "--time-limit is for runs that were imported" in capsys.readouterr().err
