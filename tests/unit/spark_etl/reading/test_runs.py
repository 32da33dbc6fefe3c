from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from spark_etl import runs
from spark_etl.errors import ArgumentError, CheckpointError, ReadError, RunNotFoundError
from spark_etl.store import StoredRun, run_name

from tests.unit.spark_etl.reading.conftest import MakeRun

FIRST, SECOND, THIRD = "20240228T101112Z-aaaaaa", "20240229T101112Z-bbbbbb", "20240301T101112Z-cccccc"


@pytest.fixture
def three(make_run: MakeRun) -> None:
    make_run(SECOND, status="failed")
    make_run(FIRST)
    make_run(THIRD, team="other", pipeline="billing", status="interrupted")


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [THIRD, SECOND, FIRST]),
        ({"team": "team"}, [SECOND, FIRST]),
        ({"pipeline": "billing"}, [THIRD]),
        ({"pipeline": "nothing"}, []),
        ({"status": "failed"}, [SECOND]),
        ({"since": "2024-02-29"}, [THIRD, SECOND]),
        ({"since": date(2024, 3, 1)}, [THIRD]),
        ({"since": datetime(2024, 2, 29, 10, 11, 13, tzinfo=UTC)}, [THIRD]),
        ({"limit": 1}, [THIRD]),
        ({"status": "succeeded", "limit": 1}, [FIRST]),
    ],
)
def test_runs_are_listed_newest_first(wanted: dict[str, object], found: list[str]) -> None:
    assert [run.id for run in runs.list(**wanted)] == found  # type: ignore[arg-type]


@pytest.mark.usefixtures("three")
def test_the_latest_is_the_newest_that_matches() -> None:
    assert runs.latest().id == THIRD
    assert runs.latest("revenue").id == SECOND
    assert runs.latest("revenue", status="succeeded").id == FIRST


@pytest.mark.usefixtures("three")
def test_a_run_is_found_by_its_id_or_what_it_begins_or_ends_with() -> None:
    assert runs[SECOND].status == "failed"
    assert runs["20240301"].id == THIRD
    assert runs["aaaaaa"].id == FIRST
    with pytest.raises(RunNotFoundError, match="3 runs are called so"):
        runs["2024"]
    with pytest.raises(RunNotFoundError, match=f"'nope': no such run .* The newest: {THIRD}, {SECOND}, {FIRST}"):
        runs["nope"]


@pytest.mark.usefixtures("three")
def test_an_unknown_pipeline_or_status_is_reported_with_the_nearest() -> None:
    with pytest.raises(RunNotFoundError, match=r"`revenu` .* Did you mean `revenue`\? Known: billing, revenue\."):
        runs.latest("revenu")
    with pytest.raises(ArgumentError, match=r"no kind `replays`\. Did you mean `replay`\?"):
        runs.list(kind="replays")
    with pytest.raises(ArgumentError, match=r"no status `fail`\. Did you mean `failed`\?"):
        runs.list(status="fail")
    with pytest.raises(ArgumentError, match="is no moment"):
        runs.list(since="yesterday")


def test_an_empty_scratch_has_no_runs(scratch: Path) -> None:
    assert runs.list() == []
    assert repr(runs.list()) == "no runs"
    with pytest.raises(RunNotFoundError, match=r"no run below .* Pipelines: none"):
        runs.latest()


def test_other_folders_are_passed_over(scratch: Path, make_run: MakeRun) -> None:
    make_run(FIRST)
    (scratch / "users" / "ada" / "notes").mkdir(parents=True)
    (scratch / "team" / "revenue" / SECOND).mkdir()
    assert [run.id for run in runs.list()] == [FIRST]


@pytest.fixture
def damage(scratch: Path) -> Callable[[str], None]:
    """Makes the second run's run.json say something else."""

    def damage(text: str) -> None:
        folder = scratch / "team" / "revenue" / SECOND
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "run.json").write_text(text)

    return damage


WHOLE: dict[str, Any] = {
    "format": 1,
    "status": "succeeded",
    "team": "team",
    "pipeline": "revenue",
    "start_date": "2024-02-29",
    "end_date": "2024-02-29",
    "order": ["orders"],
    "features": {"orders": {"state": "succeeded"}},
}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "`format`"),
        ("[]", "holds no object"),
        ('{"status": ', "no JSON"),
        ("\0\1", "no JSON"),
        ("[" * 100_000, "no JSON|deep"),
        ('{"a":' * 2000 + "1" + "}" * 2000, "no JSON|deep"),
        (json.dumps({**WHOLE, "seconds": float("inf")}), "`seconds`"),
        (json.dumps({**WHOLE, "seconds": 7}).replace(" 7", " 1e999"), "`seconds`"),
        ('{"rows": ' + "9" * 5000 + "}", "no JSON"),
        ('{"x": "' + "x" * (17 << 20) + '"}', "more than 16 MB"),
        ('{"x": [' + "[]," * 1_000_000 + "[]]}", "more lists, objects and values"),
        (json.dumps({**WHOLE, "format": 99}), "newer format"),
        *((json.dumps({**WHOLE, name: 3.5}), f"`{name}`") for name in sorted(WHOLE.keys() - {"format"})),
        (json.dumps({**WHOLE, "format": "1"}), "`format`"),
        (json.dumps({**WHOLE, "seconds": "long"}), "`seconds`"),
        (json.dumps({**WHOLE, "seconds": True}), "`seconds`"),
        (json.dumps({**WHOLE, "seconds": 10**400}), "`seconds`"),
        (json.dumps({**WHOLE, "format": 10**400}), "`format`"),
        (json.dumps({**WHOLE, "start_date": "2" * 100_000}), "`start_date`"),
        (json.dumps({**WHOLE, "pipeline": "\x1b[31mred"}), "`pipeline`"),
        (json.dumps({**WHOLE, "error": "it broke"}), "`error`"),
        (json.dumps({**WHOLE, "order": ["gone"]}), "gone"),
        (json.dumps({**WHOLE, "features": {"orders": []}}), "`features`"),
        (json.dumps({**WHOLE, "features": {"orders": {"state": "succeeded", "rows": "many"}}}), "`rows`"),
        (json.dumps({**WHOLE, "features": {"orders": {"state": "succeeded", "bytes": -1}}}), "`bytes`"),
        (json.dumps({**WHOLE, "publish": [{"feature": "orders"}]}), "`path`"),
        (json.dumps({**WHOLE, "graph": {"orders": None}}), "`graph`"),
    ],
)
def test_a_damaged_run_is_listed_so_and_the_rest_goes_on(
    make_run: MakeRun, damage: Callable[[str], None], text: str, message: str
) -> None:
    make_run(FIRST)
    damage(text)

    listed = runs.list()

    assert [(run.id, run.status) for run in listed] == [(SECOND, "damaged"), (FIRST, "succeeded")]
    assert listed[0].summary()[:3] == [SECOND, "team", "revenue"]
    assert [run.id for run in runs.list(status="damaged")] == [SECOND]
    assert runs.latest(status="succeeded").id == FIRST
    assert re.search(message, repr(runs[SECOND])), repr(runs[SECOND])
    assert json.dumps(runs[SECOND].content, allow_nan=False)
    assert runs[SECOND]._repr_html_()
    assert runs[SECOND].checkpoints == []
    with pytest.raises(CheckpointError, match=f"run {SECOND} is damaged"):
        runs[SECOND]["orders"]


def test_a_run_of_this_format_is_whole(damage: Callable[[str], None]) -> None:
    damage(json.dumps({**WHOLE, "config": {"features": {"orders": {"params": {"ceiling": float("inf")}}}}}))
    assert runs[SECOND].status == "succeeded", "a parameter may be any number of YAML"


def test_what_a_user_writes_shadows_no_run(scratch: Path, make_run: MakeRun) -> None:
    make_run(SECOND)
    make_run(SECOND, team="users", pipeline="ada", status="failed")
    make_run(THIRD, team="users", pipeline="revenue")

    assert runs[SECOND].team == runs["bbbbbb"].team == "team"
    assert runs.latest().id == runs.latest("revenue").id == SECOND
    assert [run.id for run in runs.list()] == [SECOND]
    assert [run.id for run in runs.list(team="users", pipeline="ada")] == [SECOND], "whoever asks for it gets it"


def test_without_a_scratch_path_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDBOX_SCRATCH", raising=False)
    with pytest.raises(ReadError) as caught:
        runs.list()
    assert "SANDBOX_SCRATCH" in str(caught.value.hint)


@pytest.mark.usefixtures("three")
def test_tables_show_what_matters() -> None:
    text = repr(runs.list(team="team"))
    assert text.splitlines()[0].split() == ["run", "team", "pipeline", "dates", "status", "seconds", "failed", "at"]
    assert "late" in text
    assert f'<td style="text-align:left">{SECOND}</td>' in runs.list()._repr_html_()


def _start(run: StoredRun, started: str, *, marked: bool) -> None:
    document = run.document()
    assert document
    document.started = started
    run.write_document(document)
    if marked:
        run.mark_ended(document)


@pytest.mark.parametrize("marked", [True, False, None], ids=["marks", "no marks", "some marks"])
def test_runs_of_one_second_are_in_the_order_they_started_in(make_run: MakeRun, marked: bool | None) -> None:
    """Their ids end with chance; what is shown, what is the latest and what is resumed are the same."""
    wanted = []
    for place, end in enumerate(("cc", "aa", "dd", "bb")):
        run = make_run(f"20240229T101112Z-0000{end}")
        _start(run, f"2024-02-29T10:11:12.{place * 90:03}Z", marked=place % 2 == 0 if marked is None else marked)
        wanted.insert(0, run.run_id)
    assert [run.id for run in runs.list()] == wanted
    assert [run.id for run in runs.list(limit=2)] == wanted[:2]
    assert runs.latest().id == runs.latest("revenue").id == wanted[0]
    assert [run.id for run in runs.list()] == wanted, "also with the marks that the first list has written"


def test_runs_that_started_at_one_moment_are_in_the_order_of_their_ids(make_run: MakeRun) -> None:
    for end in ("b", "c", "a"):
        _start(make_run(f"20240229T101112Z-00000{end}"), "2024-02-29T10:11:12Z", marked=end == "b")
    assert [run.id[-1] for run in runs.list()] == ["c", "b", "a"]
    assert runs.latest().id.endswith("c")


@pytest.fixture
def ada(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ada's server, with a run of her team, two that she keeps and one that bob keeps."""
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    make_run(FIRST)
    make_run(SECOND, team="users/ada", pipeline="billing")
    make_run(THIRD, team="users/ada/shop", pipeline="revenue")
    make_run(THIRD, team="users/bob", pipeline="billing")


@pytest.mark.usefixtures("ada")
def test_a_users_own_runs_are_in_their_lists_by_a_name_that_finds_them(scratch: Path) -> None:
    listed = runs.list()
    assert [run.name for run in listed] == [
        f"users/ada/shop/revenue/{THIRD}",
        f"users/ada/billing/{SECOND}",
        FIRST,
    ]
    assert [runs[run.name].path for run in listed] == [run.path for run in listed]
    assert f"users/ada/billing/{SECOND}" in repr(listed)
    assert [run.id for run in runs.list(pipeline="revenue")] == [THIRD, FIRST]
    assert [run.id for run in runs.list(team="shop")] == [THIRD]
    assert [run.id for run in runs.list(own=False)] == [FIRST]
    assert runs.latest().id == runs.latest("revenue").id == FIRST, "nobody's notebook means another one by `latest`"
    whole = runs.at(f"{scratch}/users/ada").list()
    assert [run.id for run in whole] == [THIRD]


@pytest.mark.usefixtures("ada")
def test_a_run_is_named_by_its_path_also_in_part(scratch: Path) -> None:
    for name in (
        f"users/ada/billing/{SECOND}",
        "users/ada/billing/bbbbbb",
        "users/ada/billing/20240229",
        f"{scratch}/users/ada/billing/{SECOND}",
        f"file://{scratch}/users/ada/billing/{SECOND}/",
    ):
        assert runs[name].id == SECOND, name
    assert runs[f"team/revenue/{FIRST}"].id == FIRST
    assert runs[f"users/bob/billing/{THIRD}"].path.endswith(f"users/bob/billing/{THIRD}"), "by its name, if readable"
    assert runs.at(f"{scratch}/users/ada")[f"users/bob/billing/{THIRD}"].team == "bob"


@pytest.mark.usefixtures("ada")
def test_an_id_alone_never_means_what_a_user_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunNotFoundError) as caught:
        runs[SECOND]
    assert caught.value.hint == f'runs["users/ada/billing/{SECOND}"]'
    for name in (
        f"users/ada/billing/../../bob/billing/{THIRD}",
        f"users/ada/billing/{THIRD}",
        "users/ada",
        "/",
        "a//b",
    ):
        with pytest.raises(RunNotFoundError):
            runs[name]
    monkeypatch.setenv("JUPYTERHUB_USER", "../bob")
    assert [run.id for run in runs.list()] == [FIRST]


def test_without_a_scratch_path_a_run_is_named_by_its_whole_path(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(FIRST)
    monkeypatch.delenv("SANDBOX_SCRATCH")
    assert runs[run.root].id == FIRST
    assert runs[run.root.removeprefix("file://")].name == run.root.removeprefix("file://")


@pytest.mark.parametrize(
    ("root", "scratch", "name"),
    [
        ("s3a://scratch/team/revenue/ID", None, "ID"),
        ("s3a://scratch/team/revenue/ID", "s3a://scratch/", "ID"),
        ("s3a://scratch/users/ada/billing/ID", "s3a://scratch/", "users/ada/billing/ID"),
        ("s3a://scratch/users/ada/team/revenue/ID", None, "users/ada/team/revenue/ID"),
        ("s3a://scratch/users/ada/team/revenue/ID", "s3a://scratch/users/ada/", "ID"),
        ("s3a://other/team/revenue/ID", "s3a://scratch/", "s3a://other/team/revenue/ID"),
        ("s3a://scratch/deep/er/team/revenue/ID", "s3a://scratch/", "s3a://scratch/deep/er/team/revenue/ID"),
        ("file:///home/users/ada/.spark-etl/scratch/t/p/ID", None, "/home/users/ada/.spark-etl/scratch/t/p/ID"),
        ("file:///scratch/t/p/ID", "/scratch", "ID"),
    ],
)
def test_a_runs_name(root: str, scratch: str | None, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDBOX_SCRATCH", raising=False)
    assert run_name(root, scratch) == name


def test_a_list_that_is_cut_says_so(make_run: MakeRun) -> None:
    make_run(FIRST)
    make_run(SECOND)
    assert "the newest 1; limit=None lists all" in repr(runs.list(limit=1))
    assert "limit=None lists all" in runs.list(limit=1)._repr_html_()
    assert "newest" not in repr(runs.list())
