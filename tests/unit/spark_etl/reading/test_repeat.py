from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from spark_etl.errors import ArgumentError
from spark_etl.reading import Run, Runs
from spark_etl.reading.commands import remake_command
from spark_etl.reading.repeat import is_incomplete, newest_failed, options_of, run_to_repeat, taken_text
from spark_etl.store import ReplayRecord, RunStore

OPTIONS = {"checkpoints": ["clean", "joined"], "project": "/home/ada/shop", "publish": "s3a://published/"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "feature_config.yaml"
    file.write_text("features: {}\n")
    return file


def start(folder: Path, config: Path, user: str = "ada", **known: Any) -> Run:
    """Makes a run that has ended, and returns it."""
    known = {"options": OPTIONS, "config_path": str(config), "by": {"user": user}, **known}
    record = RunStore(str(folder / "scratch")).start(
        "team", "shop", start_date="2024-02-01", end_date="2024-02-03", **known
    )
    record.end("failed")
    record.run.mark_ended(record.document)
    return Runs(str(folder / "scratch"))[record.run.run_id]


def test_alone_it_takes_all_from_my_last_run(tmp_path: Path, config: Path) -> None:
    mine = start(tmp_path, config)
    start(tmp_path, config, user="bob")
    run = run_to_repeat(Runs(str(tmp_path / "scratch")), "latest", "ada")
    assert run.id == mine.id
    words = options_of(run, ["--resume"])
    assert words == [
        *("--feature-config", str(config), "--team-name", "team", "--pipeline", "shop"),
        *("--publish-path", "s3a://published/", "--start-date", "2024-02-01", "--end-date", "2024-02-03"),
        *("--checkpoint", "clean", "joined", "--project-path", "/home/ada/shop", "--resume", run.id),
    ]
    assert taken_text(run, words).splitlines() == [
        f"as in run {run.id}:",
        f"  {config}",
        "  --start-date 2024-02-01 --end-date 2024-02-03",
        "  --checkpoint clean, joined",
    ]


def test_the_newest_failed_run_is_one_of_who_calls(tmp_path: Path, config: Path) -> None:
    runs = Runs(str(tmp_path / "scratch"))
    with pytest.raises(ArgumentError, match=r"no run that failed, of ada or eve, below .*/scratch"):
        newest_failed(runs, {"eve", "ada"})
    mine = start(tmp_path, config)
    assert newest_failed(runs, {"ada"}).id == mine.id
    with pytest.raises(ArgumentError, match="of bob"):
        newest_failed(runs, {"bob"})


def test_what_is_given_wins(tmp_path: Path, config: Path) -> None:
    run = start(tmp_path, config, options={**OPTIONS, "keys": "keys.csv"})
    words = options_of(run, ["--feature-config", "--start-date", "--checkpoint", "--sample"])
    assert not {"--feature-config", "--project-path", "--start-date", "--checkpoint", "--keys"} & set(words)
    assert "--end-date" in words
    assert "--keys" in options_of(run, ["--resume"])


def test_a_config_that_is_gone_is_named(tmp_path: Path, config: Path) -> None:
    run = start(tmp_path, config)
    config.unlink()
    with pytest.raises(ArgumentError, match=f"the config of run {run.id}, {config}, is not there"):
        options_of(run, ["--resume"])


def test_nobody_s_last_run_is_an_error_and_so_is_one_that_says_nothing(tmp_path: Path, config: Path) -> None:
    old = start(tmp_path, config, options=None)
    runs = Runs(str(tmp_path / "scratch"))
    with pytest.raises(ArgumentError, match="bob has none below"):
        run_to_repeat(runs, "latest", "bob")
    with pytest.raises(ArgumentError, match="does not say which config and dates it had"):
        run_to_repeat(runs, old.id, "ada")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["--resume"], True),
        (["--resume", "--feature-config", "--start-date"], True),
        (["--resume", "--feature-config", "--start-date", "--end-date"], False),
        (["--feature-config"], False),
    ],
)
def test_only_a_resumed_run_may_leave_things_out(given: list[str], expected: bool) -> None:
    assert is_incomplete(given) is expected


def test_a_replay_is_not_resumed_but_its_run(tmp_path: Path, config: Path) -> None:
    replay = start(tmp_path, config, kind="replay", replay=ReplayRecord("R1", "/runs/R1", "net"))
    with pytest.raises(ArgumentError, match="a replay of one feature of run R1") as refused:
        run_to_repeat(Runs(str(tmp_path / "scratch")), replay.id, "ada")
    assert refused.value.hint == "go on from that one: --resume R1"
    command = f"spark-etl replay R1/net --scratch-path {tmp_path}/scratch --code DIR"
    assert remake_command(replay.document, "net", True) == command
