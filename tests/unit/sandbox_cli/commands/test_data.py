"""`sandbox data` over folders instead of buckets, without a stack."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox_cli.app import run_command
from sandbox_cli.console import Console
from sandbox_cli.stack import data
from sandbox_cli.stack.data import DataStore
from tests.support.folder_store import FolderStore

RUN = "20240229T101112Z-7f3a2c"
CSV = "id,amount\n1,2.50\n2,3.75\n"
SNAPSHOT = "s3a://published/orders/_dt=2024-02-29/part-00000.parquet"


@pytest.fixture
def store(folder_store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    monkeypatch.setenv("SANDBOX_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("SANDBOX_STACK", raising=False)

    def running(_console: Console, _settings: object, user: str | None = None) -> DataStore:
        return DataStore("s3a://scratch", None, f"s3a://scratch/users/{user}" if user else "")

    monkeypatch.setattr(data, "running", running)
    return folder_store


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(CSV)
    return path


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> list[str]:
    """Has a terminal that gives this answer; returns what it is asked."""
    asked: list[str] = []
    init = Console.__init__

    def with_terminal(self: Console, **options: Any) -> None:
        init(self, **options)
        self.plain = False

    monkeypatch.setattr(Console, "ask", lambda _self, question: (asked.append(question), text == "y")[1])
    monkeypatch.setattr(Console, "__init__", with_terminal)
    return asked


def put(path: Path, *more: str) -> int:
    return run_command(["data", "put", str(path), *more])


def snapshot(path: Path, *more: str) -> int:
    return put(path, "s3://published", "--as-snapshot", "orders", "--date", "2024-02-29", *more)


def test_a_file_goes_as_it_is_and_its_path_is_data(
    store: FolderStore, orders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert put(orders, "s3://published/raw/") == 0
    assert capsys.readouterr().out == "s3a://published/raw/orders.csv\n"
    assert store.files() == {"s3a://published/raw/orders.csv": CSV.encode()}


def test_a_snapshot_s_columns_and_rows_are_shown_before_it_is_written(
    store: FolderStore, orders: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(monkeypatch, "n")
    assert snapshot(orders, "--type", "amount=decimal(12,2)") == 1
    shown = capsys.readouterr()
    assert asked == ["Write it?"]
    assert ["amount", "decimal(12,2)", "by", "--type"] in [line.split() for line in shown.out.splitlines()]
    assert ["1", "2.50"] in [line.split() for line in shown.out.splitlines()]
    assert "nothing was written" in shown.err
    assert store.files() == {}


def test_a_snapshot_is_written_and_told_as_json(
    store: FolderStore, orders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert snapshot(orders, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert set(store.files()) == {SNAPSHOT}
    assert document["written"] == [{"path": SNAPSHOT, "bytes": len(store.files()[SNAPSHOT])}]
    assert document["snapshot"]["columns"] == {"id": "bigint", "amount": "double"}
    assert document["snapshot"]["source"] == 'S3PublishedSource("s3a://published/", "orders")'


def test_a_second_one_of_the_day_needs_overwrite(
    store: FolderStore, orders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert snapshot(orders, "--yes") == 0
    assert snapshot(orders, "--yes") == 2
    assert "a snapshot of orders for 2024-02-29 already" in capsys.readouterr().err
    assert snapshot(orders, "--yes", "--overwrite") == 0


def test_without_a_date_it_is_of_today(store: FolderStore, orders: Path) -> None:
    assert put(orders, "s3://published", "--as-snapshot", "orders", "--yes") == 0
    assert f"_dt={datetime.now(UTC).date()}" in next(iter(store.files()))


WRONG = [
    (["nothing.csv", "s3://published/"], "there is no file `nothing.csv`", "orders.csv"),
    (["orders.csv"], "Where to?", "--user NAME"),
    (["orders.csv", "published/raw"], "no place in the store", "s3://published/"),
    (["orders.csv", "s3://publishd/raw"], "Did you mean `published`?", "data ls"),
    (["orders.csv", "s3://events/x"], "where Spark writes its logs", "--user NAME"),
    (["orders.csv", "s3://scratch/team/x"], "the runs of the team `team`", "users/NAME"),
    (["orders.csv", "s3://published", "--date", "2024-02-29"], "--date is for a snapshot", "--as-snapshot"),
    (["orders.csv", "s3://published", "--null", "x"], "--null is for a snapshot", "--as-snapshot"),
    (
        ["orders.csv", "s3://published", "--as-snapshot", "o", "--date", "29.2.2024"],
        "'29.2.2024' is not a date",
        "2024-02-29",
    ),
    (["orders.csv", "s3://published", "--as-snapshot", "o", "--date", "2024-02-30"], "is not a date", "--date"),
    (["orders.csv", "s3://published", "--as-snapshot", "a/b"], "--as-snapshot `a/b`", "--as-snapshot orders"),
    (["orders.csv", "s3://published", "--as-snapshot", "o", "--type", "x=int"], "there is no such column", ""),
]


@pytest.mark.parametrize(("line", "reason", "hint"), WRONG)
def test_wrong_usage_is_2_and_names_what_there_is(
    store: FolderStore,
    orders: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: list[str],
    reason: str,
    hint: str,
) -> None:
    monkeypatch.chdir(orders.parent)
    assert run_command(["data", "put", *line]) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert hint in error
    assert store.files() == {}


@pytest.mark.parametrize(
    "more",
    [
        ["--as-snapshot", "a/b"],
        ["--as-snapshot", "o", "--date-col", "a-b"],
        ["--as-snapshot", "o", "--date", "29.2.2024"],
        ["--as-snapshot", "o", "--type", "x=money"],
        ["--as-snapshot", "o", "--delimiter", ""],
        ["--date-col", "day"],
    ],
)
def test_wrong_words_are_refused_before_a_stack_is_asked_for(
    orders: Path, monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    monkeypatch.setattr(data, "running", lambda *_: pytest.fail("a stack was asked for"))
    assert put(orders, "s3://published", *more) == 2


def test_a_user_s_place_needs_no_s3(store: FolderStore, orders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["data", "ls", "--user", "ada"]) == 0  # before the first login, there is nothing in it
    assert put(orders, "--user", "ada") == 0
    assert put(orders, "raw/", "--user", "ada") == 0
    assert sorted(store.files()) == ["s3a://scratch/users/ada/orders.csv", "s3a://scratch/users/ada/raw/orders.csv"]
    capsys.readouterr()
    assert run_command(["data", "ls", "--user", "ada", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(entry["name"], entry["kind"], entry["bytes"]) for entry in listed["entries"]] == [
        ("orders.csv", "object", len(CSV)),
        ("raw", "folder", None),
    ]


def test_the_buckets_are_listed(store: FolderStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["data", "ls"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == [
        "events/",
        "published/",
        "scratch/",
    ]


def test_head_shows_rows_of_parquet_and_lines_of_text(
    store: FolderStore, orders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot(orders, "--yes")
    put(orders, "s3://published/raw/")
    capsys.readouterr()
    assert run_command(["data", "head", "s3://published/orders", "-n", "1"]) == 0
    shown = capsys.readouterr()
    assert [line.split() for line in shown.out.splitlines()] == [["id:", "bigint", "amount:", "double"], ["1", "2.5"]]
    assert "part-00000.parquet: 2 rows" in shown.err
    assert run_command(["data", "head", "s3://published/raw/orders.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lines"] == CSV.splitlines()


def test_bytes_come_back_and_no_file_is_replaced(
    store: FolderStore, orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(orders, "s3://published/raw/")
    target = tmp_path / "back.csv"
    line = ["data", "get", "s3://published/raw/orders.csv", str(target)]
    assert run_command(line) == 0
    assert target.read_text() == CSV
    assert run_command(line) == 2
    capsys.readouterr()
    assert run_command([*line, "--overwrite", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == len(CSV)


def test_rm_asks_and_without_a_terminal_wants_yes(
    store: FolderStore, orders: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(orders, "s3://published/raw/")
    line = ["data", "rm", "s3://published/raw"]
    assert run_command(line) == 2
    assert "data rm s3://published/raw --yes" in capsys.readouterr().err
    with monkeypatch.context() as patched:
        assert answer(patched, "n") == []
        assert run_command(line) == 1
    assert "s3a://published/raw/: 1 object, 24 B" in capsys.readouterr().err
    assert store.files()
    assert run_command([*line, "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["deleted"] == ["s3a://published/raw/orders.csv"]
    assert store.files() == {}
    assert run_command([*line, "--yes"]) == 2


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("s3://published", "is a whole bucket"),
        ("s3://scratch/users/ada", f"has run {RUN} in it"),
        (f"s3://scratch/team/p/{RUN}", f"belongs to run {RUN}"),
        ("s3://scratch/team", "the runs of the team"),
    ],
)
def test_rm_deletes_nothing_that_belongs_to_runs(
    store: FolderStore, capsys: pytest.CaptureFixture[str], path: str, reason: str
) -> None:
    store.put(f"s3a://scratch/users/ada/sales/{RUN}/run.json", b"{}")
    before = store.files()
    assert run_command(["data", "rm", path, "--yes"]) == 2
    assert reason in capsys.readouterr().err
    assert store.files() == before


def test_ctrl_c_leaves_nothing_and_is_130(store: FolderStore, orders: Path) -> None:
    store.fail_at, store.error = "part-00000", KeyboardInterrupt()
    assert snapshot(orders, "--yes") == 130
    assert store.files() == {}
