"""`sandbox.run`: the command line that it makes of its arguments, and what it makes of the answer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.errors import ConfigError
from spark_etl.reading import Runs
from spark_etl.store import ErrorRecord, RunStore, Status

from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import variables
from sandbox_cli.testing.command import Command
from sandbox_cli.testing.stack import FailedRunError, SandboxStack
from tests.support.runs import run_writer

CONFIG = "features:\n  orders: {class: shop.Orders, params: {since: '${SINCE}'}}\n  net: {class: shop.Net}\n"
SAY = """
import json, os, sys
print(json.dumps([sys.argv[1:], os.environ.get("SINCE"), os.environ["SANDBOX_STACK"]]), file=open("called", "w"))
print("some line", file=sys.stderr)
print(os.environ["ANSWER"])
sys.exit(int(os.environ["CODE"]))
"""


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SandboxStack:
    (tmp_path / "feature_config.yaml").write_text(CONFIG)
    monkeypatch.setenv("SINCE", "2024-01-01")
    settings = Settings(stack="demo", state_home=tmp_path, without=("hub", "connect"))
    variables.remember(settings, {})
    compose: Any = SimpleNamespace(session=SimpleNamespace(runs=Runs(str(tmp_path / "scratch"))), settings=settings)
    return SandboxStack(Command([sys.executable, "-c", SAY], "demo", tmp_path), compose, tmp_path)


def answer(sandbox: SandboxStack, monkeypatch: pytest.MonkeyPatch, status: Status, code: int) -> str:
    """Makes the command answer as `sandbox run` does after a run, and returns the run's id."""
    stored = RunStore(str(sandbox.folder / "scratch")).new_run("pytest", "shop")
    writer = run_writer(stored, {"start_date": "2024-02-29", "end_date": "2024-02-29"}, {"net": {}})
    writer.store()
    writer.end(status, ErrorRecord("net broke", feature="net") if code else None)
    monkeypatch.setenv("ANSWER", json.dumps({"run_id": stored.run_id, "path": stored.root, "status": status}))
    monkeypatch.setenv("CODE", str(code))
    return stored.run_id


def called(sandbox: SandboxStack) -> list[Any]:
    """Returns arguments, a variable, and the stack."""
    found: list[Any] = json.loads((sandbox.folder / "called").read_text())
    return found


def test_a_run_keeps_all_features_of_its_config_for_one_day(
    sandbox: SandboxStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = answer(sandbox, monkeypatch, "succeeded", 0)
    assert sandbox.run("feature_config.yaml", start_date="2024-02-29").id == run_id
    words = f"run {sandbox.folder}/feature_config.yaml --team-name pytest --start-date 2024-02-29 --end-date 2024-02-29"
    assert called(sandbox) == [f"{words} --checkpoint orders net --json".split(), "2024-01-01", "demo"]
    assert [run.id for run in sandbox.made] == [run_id]


def test_what_is_kept_and_further_options_are_given(sandbox: SandboxStack, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(sandbox, monkeypatch, "succeeded", 0)
    given: dict[str, Any] = {"options": ["--sample", "0.1"], "environment": {"SINCE": "2024-02-01"}, "team": "ci"}
    sandbox.run(".", start_date="2024-02-28", end_date="2024-02-29", checkpoint="net", **given)
    words, since, _ = called(sandbox)
    assert " ".join(words[2:]) == (
        "--team-name ci --start-date 2024-02-28 --end-date 2024-02-29 --checkpoint net --sample 0.1 --json"
    )
    assert since == "2024-02-01"
    sandbox.run(".", start_date="2024-02-29", checkpoint=())
    assert "--checkpoint" not in called(sandbox)[0]


def test_a_run_that_fails_is_in_the_error(sandbox: SandboxStack, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = answer(sandbox, monkeypatch, "failed", 5)
    with pytest.raises(FailedRunError, match=rf"run {run_id} of pytest/shop failed:\nsome line") as raised:
        sandbox.run(".", start_date="2024-02-29")
    assert (raised.value.run.id, raised.value.run.error and raised.value.run.error.feature) == (run_id, "net")
    assert sandbox.run(".", start_date="2024-02-29", check=False).status == "failed"


@pytest.mark.parametrize("said", ["", json.dumps({"run_id": None, "path": None, "status": "refused"})])
def test_what_could_not_begin_is_an_error_with_what_was_said(
    sandbox: SandboxStack, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("ANSWER", said)
    monkeypatch.setenv("CODE", "2")
    with pytest.raises(StackError, match=r"ended with exit code 2:\nsome line"):
        sandbox.run(".", start_date="2024-02-29", check=False)
    with pytest.raises(ConfigError):
        sandbox.run("no.yaml", start_date="2024-02-29")
    assert sandbox.made == []


def test_what_the_stack_was_started_without_is_named_with_the_setting(sandbox: SandboxStack) -> None:
    with pytest.raises(UsageError, match="has no hub") as raised:
        sandbox.user("reviewer")
    assert raised.value.hint == "add `hub` to `sandbox_services` in pytest's ini"
    with pytest.raises(UsageError, match="has no spark-connect"), sandbox.spark():
        pass
    with pytest.raises(UsageError, match="has no hub"):
        _ = sandbox.hub
