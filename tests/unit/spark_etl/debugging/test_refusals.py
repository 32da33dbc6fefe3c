"""What can be replayed, and what is refused before anything is started."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from spark_etl.debugging import own_process
from spark_etl.debugging.origin import find_origin
from spark_etl.debugging.own_process import made_in_own_process
from spark_etl.debugging.request import ReplayRequest
from spark_etl.errors import ArgumentError, RunFailedError, SparkEtlError
from spark_etl.reading import Runs
from spark_etl.store import CodeRecord

from tests.unit.spark_etl.reading.conftest import MakeRun, make_run

__all__ = ["make_run"]
ID = "20240229T101112Z-7f3a2c"
CODE = CodeRecord("a" * 64, 1, 10)


@pytest.fixture
def runs(make_run: MakeRun, scratch: Path) -> Runs:
    """One run, which failed at `late`, of a config in a folder of its project."""
    edit(make_run(ID, status="failed").document_path, code=vars(CODE) | {"more": {}})
    return Runs(str(scratch))


def edit(document: str, **known: Any) -> None:
    file = Path(document.removeprefix("file://"))
    file.write_text(json.dumps(json.loads(file.read_text()) | known))


def test_a_run_alone_means_the_feature_that_it_failed_at(runs: Runs) -> None:
    assert find_origin(runs, "latest", other_code=False).name == f"{ID}/late"
    assert find_origin(runs, "7f3a2c/net", other_code=False).name == f"{ID}/net"
    assert find_origin(runs, f"{runs.scratch}/team/revenue/{ID}", other_code=False).feature == "late"
    assert find_origin(runs, "latest/fresh", other_code=True).feature == "fresh"


@pytest.mark.parametrize(
    ("name", "known", "why"),
    [
        ("nosuch/late", {}, "no such run"),
        ("latest/lat", {}, "Did you mean `late`"),
        ("latest", {"error": None}, "which feature of run"),
        ("latest", {"status": "running"}, "still running"),
        ("latest", {"code": None}, "of an earlier version"),
        (ID, {"code": None, "kind": "adopted"}, "another program has made its rows"),
        ("latest", {"format": 99}, "is damaged"),
    ],
)
def test_what_can_not_be_replayed_is_wrong_usage(runs: Runs, name: str, known: Mapping[str, Any], why: str) -> None:
    """Its exit code is not 1, which says that rows differ."""
    edit(runs[ID].stored.document_path, **known)
    with pytest.raises(ArgumentError, match=why) as refused:
        find_origin(runs, name, other_code=False)
    assert refused.value.exit_code == 2


def test_the_config_of_other_code_lies_where_the_runs_does_or_at_the_top(runs: Runs, tmp_path: Path) -> None:
    known = {"config_path": "/home/ada/shop/conf/sales.yaml", "options": {"project": "/home/ada/shop"}}
    edit(runs[ID].stored.document_path, **known)
    origin = find_origin(runs, "latest", other_code=False)
    assert origin.config_in(tmp_path) is None
    for name in ("feature_config.yaml", "sales.yaml", "conf/sales.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
        assert origin.config_in(tmp_path) == tmp_path / name


@pytest.mark.parametrize(("code", "error"), [(2, ArgumentError), (5, RunFailedError), (130, RunFailedError)])
def test_what_the_process_of_the_runs_own_code_refuses_is_refused(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, code: int, error: type[SparkEtlError]
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(own_process, "_output", lambda argv: (commands.append(argv), (code, b"no JSON\n"))[1])
    request = ReplayRequest(find_origin(runs, "latest/fresh", other_code=True), runs, runs.scratch)
    with pytest.raises(error, match=f"`net`, `orders` can't be computed by the code of run {ID}"):
        made_in_own_process(request, ["net", "orders"])
    assert f"{ID}/net" in commands[0], "it need not know a feature that other code alone has"


def test_what_it_says_of_sources_is_passed_on(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"path": runs[ID].path, "notes": ["source `raw` is not as the run had read it"]}
    monkeypatch.setattr(own_process, "_output", lambda _: (0, f"print\n{json.dumps(said)}\n".encode()))
    request = ReplayRequest(find_origin(runs, "latest", other_code=True), runs, runs.scratch)
    made = made_in_own_process(request, ["orders"])
    assert (made["orders"].rows, made.notes) == (5, (*said["notes"],))
