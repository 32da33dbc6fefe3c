"""Runs made of plain Parquet: what they read, what is refused before anything is written, and who refuses them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import parquet
from spark_etl.adopting import files as adopted_files
from spark_etl.errors import ArgumentError, CheckpointError, DamagedFileError, RunNotFoundError
from spark_etl.reading import Run, Runs, guard, part_files
from spark_etl.reading.commands import remake_command
from spark_etl.reading.repeat import run_to_repeat
from spark_etl.store import RunDocument, StoredRun, checkpoint_state, files_digest
from spark_etl.store.manifest import parse_manifest

from tests.unit.spark_etl.reading.conftest import MakeRun
from tests.unit.spark_etl.reading.conftest import make_run as make_run  # noqa: PLC0414 - a fixture, used by its name

DAYS = ("2024-02-28", "2024-02-29")
WRITTEN = "20240229T101112Z-aaaaaa"


def write(file: Path, columns: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), file)
    return file


@pytest.fixture
def production(tmp_path: Path) -> Path:
    """`orders`, of two days in two regions, and `users`, as a job of Spark and one of Hive leave them."""
    folder = tmp_path / "production"
    for day in DAYS:
        for number, region in enumerate(("NO", "__HIVE_DEFAULT_PARTITION__")):
            ids = pa.array([int(day[-2:]) * 10 + number], pa.int64())
            write(folder / f"orders/_dt={day}/region={region}/part-0.parquet", {"id": ids, "amount": [2.5]})
    (folder / "orders/_SUCCESS").touch()
    (folder / "orders/_temporary/0").mkdir(parents=True)
    (folder / "orders/_temporary/0/part-9.parquet").write_bytes(b"half")
    write(folder / "users/000000_0", {"user_id": [1, 2, 3]})
    return folder


@pytest.fixture
def runs(scratch: Path) -> Runs:
    return Runs(str(scratch))


@pytest.fixture
def adopted(runs: Runs, production: Path) -> Run:
    return runs.adopt(str(production), ["orders,users"], pipeline="shop", failed="totals", start_date=DAYS[0])


def test_an_adopted_run_reads_like_any_other(adopted: Run, runs: Runs) -> None:
    orders = runs[adopted.id]["orders"]
    assert orders.schema == {"id": "bigint", "amount": "double", "_dt": "date", "region": "string"}
    first = {"id": 280, "amount": 2.5, "_dt": date(2024, 2, 28), "region": "NO"}
    assert orders.arrow(limit=1).to_pylist() == [first]
    assert orders.arrow(columns=["region", "id"], where="_dt > date '2024-02-28'").to_pylist() == [
        {"region": "NO", "id": 290},
        {"region": None, "id": 291},
    ]
    assert orders.arrow(where=pc.field("_dt") == date(2024, 2, 28), limit=1).to_pylist() == [first]
    assert orders.sql("select count(*) as n from this join users on id % 3 + 1 = user_id", users=adopted["users"])[
        "n"
    ].tolist() == [4]
    assert list(orders.head(2).columns) == list(orders.schema)
    profile = {column.name: column for column in orders.profile()}
    assert (profile["_dt"].least, profile["_dt"].distinct, profile["region"].nulls) == (date(2024, 2, 28), 2, 2)
    assert len(orders.pandas()) == len(orders) == orders.rows == 4
    assert adopted.verify().whole


def test_nothing_is_written_beside_the_data(adopted: Run, production: Path, scratch: Path) -> None:
    names = {file.name for file in production.rglob("*") if file.is_file()}
    assert names == {"part-0.parquet", "part-9.parquet", "_SUCCESS", "000000_0"}
    assert not list(scratch.rglob("*.parquet"))
    assert adopted.stored.manifest_path("orders") == f"{adopted.path}/orders/_manifest.json"


def test_the_run_says_what_is_known_of_it(adopted: Run, production: Path) -> None:
    document = adopted.document
    assert (document.kind, document.status, document.dates) == ("adopted", "failed", DAYS[0])
    assert document.graph == {"orders": [], "users": [], "totals": []}
    assert [feature.state for feature in adopted.features.values()] == ["succeeded", "succeeded", "failed"]
    assert (document.versions, document.spark, document.git, document.session) == ({}, None, None, None)
    assert adopted.failure is not None
    assert adopted.failure.feature == "totals"
    assert document.user
    shown = repr(adopted)
    assert f"adopted run {adopted.id} of sandbox/shop for {DAYS[0]}: failed" in shown
    assert f"`orders` adopted from file://{production}/orders" in shown


def test_lists_mark_it_and_latest_never_means_it(adopted: Run, runs: Runs, make_run: MakeRun) -> None:
    with pytest.raises(RunNotFoundError):
        runs.latest()
    make_run(WRITTEN, pipeline="shop")
    assert [run.id for run in runs.list()] == [adopted.id, WRITTEN]
    assert runs.list()[0].summary()[4:] == ["failed, adopted", "", "totals"]
    assert runs.latest("shop").id == WRITTEN
    assert runs.latest("shop", kind="adopted").id == runs.latest(kind=None).id == adopted.id


def test_it_is_not_resumed(adopted: Run, runs: Runs) -> None:
    with pytest.raises(ArgumentError, match=r"was adopted from .*none of them can be reused") as caught:
        run_to_repeat(runs, adopted.id, "ada")
    assert f'CheckpointSource("{adopted.id}", "orders")' in str(caught.value.hint)


def test_features_are_added_to_it(runs: Runs, production: Path, make_run: MakeRun) -> None:
    first = runs.adopt(str(production), "people=users")
    added = runs.adopt(str(production), "orders", into=first.id[-6:], failed="totals", start_date=date(2024, 2, 28))
    assert (added.id, added.checkpoints, added.status) == (first.id, ["people", "orders"], "failed")
    (listed,) = runs.list(pipeline="production")
    assert (listed.status, listed.dates) == ("failed", DAYS[0])
    assert len(runs.store.contents(added.stored).marks) == 1, "the index has its new mark alone"
    with pytest.raises(ArgumentError, match="has a feature `orders` already"):
        runs.adopt(str(production), "orders", into=first.id)
    with pytest.raises(ArgumentError, match="was not adopted"):
        runs.adopt(str(production), "users", into=make_run(WRITTEN).run_id)


def grown(file: Path) -> None:
    write(file, {"id": [1, 2], "amount": [2.5, 1.0]})


@pytest.mark.parametrize(
    ("change", "reason"), [(grown, "when it was adopted"), (Path.unlink, "it is not there any more")]
)
def test_a_file_that_production_has_replaced_is_named(
    adopted: Run, runs: Runs, production: Path, change: Callable[[Path], None], reason: str
) -> None:
    file = production / f"orders/_dt={DAYS[0]}/region=NO/part-0.parquet"
    change(file)
    with pytest.raises(DamagedFileError, match=re.escape(str(file))) as caught:
        runs[adopted.id]["orders"].pandas()
    assert "is not what was adopted" in caught.value.message
    assert reason in caught.value.message
    assert f"spark-etl adopt {production}/orders --feature orders=. --pipeline shop" in str(caught.value.hint)
    (problem,) = runs[adopted.id].verify()["orders"].problems
    assert reason in problem.reason


def test_a_file_of_the_same_size_and_another_etag_is_refused_too(
    adopted: Run, runs: Runs, production: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_files, "is_s3", lambda _: True)  # the times of local files don't count
    monkeypatch.setattr(guard, "MOST_LISTED", 0)
    file = production / f"orders/_dt={DAYS[0]}/region=NO/part-0.parquet"
    os.utime(file, (0, 0))
    with pytest.raises(DamagedFileError, match="written again, or copied, after it was adopted"):
        runs[adopted.id]["orders"].head()


def test_a_day_that_production_adds_later_is_no_problem(adopted: Run, production: Path) -> None:
    write(production / "orders/_dt=2024-03-01/region=NO/part-0.parquet", {"id": [1], "amount": [1.0]})
    assert adopted.verify().whole
    assert len(adopted["orders"].pandas()) == 4


def test_a_pin_sees_its_files_where_they_lie(adopted: Run, production: Path) -> None:
    folder, manifest = adopted["orders"].path, adopted["orders"].manifest
    digest = files_digest([vars(file) for file in manifest.files])
    assert checkpoint_state(folder, digest) == "unchanged"
    (production / f"orders/_dt={DAYS[0]}/region=NO/part-0.parquet").unlink()
    assert checkpoint_state(folder, digest) == "gone"


def test_a_run_of_ours_and_its_checkpoint_are_named(runs: Runs, scratch: Path, make_run: MakeRun) -> None:
    run = make_run(WRITTEN)
    with pytest.raises(ArgumentError, match=f"is a run already: .*{WRITTEN}") as caught:
        runs.adopt(run.root, "orders")
    assert "sandbox runs show" in str(caught.value.hint)
    with pytest.raises(ArgumentError, match=f"belongs to a run already: .*{WRITTEN}") as caught:
        runs.adopt(run.checkpoint_path("orders"), "orders")
    assert '["orders"]' in str(caught.value.hint)
    with pytest.raises(ArgumentError, match=rf"{WRITTEN}/orders is a checkpoint of run .*{WRITTEN} already"):
        runs.adopt(str(scratch), "team")


def test_without_a_feature_the_folders_with_parquet_are_listed(runs: Runs, production: Path) -> None:
    (production / "users/000000_0").rename(production / "users/part-0.parquet")
    (production / "logs").mkdir()
    with pytest.raises(ArgumentError, match=r"Folders with Parquet in .*: orders, users") as caught:
        runs.adopt(str(production))
    assert caught.value.hint == "--feature orders,users"
    with pytest.raises(ArgumentError, match="Parquet lies right there"):
        runs.adopt(str(production / "orders"))
    with pytest.raises(ArgumentError, match=r"no Parquet file in .*/order") as caught:
        runs.adopt(str(production), "order")
    assert "logs, orders, users" in str(caught.value.hint)


def text_file(folder: Path) -> None:
    (folder / "orders/notes.csv").write_text("a,b\n")


def cut_off(folder: Path) -> None:
    file = folder / f"orders/_dt={DAYS[0]}/region=NO/part-0.parquet"
    file.write_bytes(file.read_bytes()[:-20])


def empty_file(folder: Path) -> None:
    (folder / f"orders/_dt={DAYS[0]}/region=NO/part-1.parquet").touch()


def other_types(folder: Path) -> None:
    write(folder / f"orders/_dt={DAYS[0]}/region=NO/part-1.parquet", {"id": ["x"], "amount": [1.0], "note": ["n"]})


def unreadable(folder: Path) -> None:
    nanos = pa.array([1], pa.timestamp("ns"))
    write(folder / "users/000000_0", {"user_id": [1], "at": pa.array([{"t": 1}], pa.struct({"t": nanos.type}))})


def delta(folder: Path) -> None:
    (folder / "users/_delta_log").mkdir()
    (folder / "users/_delta_log/00000000000000000000.json").write_text("{}")


def iceberg(folder: Path) -> None:
    (folder / "users/metadata").mkdir()
    (folder / "users/metadata/v1.metadata.json").write_text("{}")


def uneven(folder: Path) -> None:
    write(folder / f"orders/_dt={DAYS[0]}/part-1.parquet", {"id": [1], "amount": [1.0]})


def between(folder: Path) -> None:
    write(folder / "orders/old/_dt=2024-02-27/region=NO/part-1.parquet", {"id": [1], "amount": [1.0]})


def escaped(folder: Path) -> None:
    write(folder / "users/city=Troms%C3%B8/part-0.parquet", {"user_id": [1]})
    (folder / "users/000000_0").unlink()


def nothing(folder: Path) -> None:
    (folder / "users/000000_0").rename(folder / "users/_old")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (text_file, "orders has other files than Parquet: notes.csv"),
        (cut_off, "part-0.parquet is no whole Parquet file: its end is missing"),
        (empty_file, r"part-1.parquet is no whole Parquet file: it is empty \(0 bytes\)"),
        (other_types, r"do not have the same columns\s+`id`: bigint in .* and 3 more; string in .*part-1.parquet"),
        (unreadable, r"`users` in .*: Spark can't read\s+`at.t`: timestamp\[ns\] in 000000_0"),
        (delta, "users is a Delta table"),
        (iceberg, "users is an Iceberg table"),
        (uneven, "are not the same for all files: _dt of .*/part-1.parquet; _dt, region of"),
        (between, "old/_dt=2024-02-27/region=NO/part-1.parquet: folders `name=value` are columns"),
        (escaped, "Troms%C3%B8/part-0.parquet: Spark reads the escapes"),
        (nothing, "no Parquet file in .*users"),
    ],
)
def test_what_is_no_frame_is_refused_before_anything_is_written(
    runs: Runs, production: Path, scratch: Path, spoil: Callable[[Path], None], message: str
) -> None:
    spoil(production)
    with pytest.raises(ArgumentError, match=message) as caught:
        runs.adopt(str(production), "orders,users")
    assert caught.value.hint
    assert not scratch.exists() or not list(scratch.rglob("*.json"))


def test_a_folder_of_very_many_files_is_refused(runs: Runs, production: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adopted_files, "MOST_FILES", 3)
    with pytest.raises(ArgumentError, match="more than 3 files"):
        runs.adopt(str(production), "orders")


def test_how_far_it_is_is_told(runs: Runs, production: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    runs.adopt(str(production / "orders"), "sold", on_progress=lambda *known: seen.append(known))
    assert seen[-1] == ("sold", 4, 4)


@pytest.mark.parametrize(
    ("values", "kind"), [(("2024-02-28", "2024-02-29"), "date"), (("007", "1e3"), "string"), (("2024-2-9",), "string")]
)
def test_a_folder_column_is_a_date_or_a_text(runs: Runs, tmp_path: Path, values: tuple[str, ...], kind: str) -> None:
    for value in values:
        write(tmp_path / f"x/day={value}/0.parquet", {"id": [1]})
    kept = runs.adopt(str(tmp_path / "x"), "x")["x"]
    assert kept.schema["day"] == kind
    assert [str(value) for value in kept.pandas()["day"]] == sorted(values)


def test_in_a_notebook_it_lies_below_the_users_own_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs("s3a://scratch/")
    assert runs._own_scratch(None) == ("s3a://scratch", None)
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    assert runs._own_scratch(None) == ("s3a://scratch/users", "ada")
    assert runs._own_scratch("data") == ("s3a://scratch/users/ada", "data")
    assert Runs("s3a://scratch/users/ada").scratch == Runs("s3a://scratch/users/ada")._own_scratch(None)[0]
    assert Runs("/tmp/x")._own_scratch("t") == ("file:///tmp/x", "t")


def test_what_adopts_it_again_is_what_its_owner_can_type() -> None:
    def command(root: str, team: str) -> str:
        known = {"kind": "adopted", "adopted": {"orders": "s3a://published/orders"}}
        return remake_command(RunDocument("id", root, team, "shop", **known), "orders", True)  # type: ignore[arg-type]

    again = "./sandbox runs adopt s3a://published/orders --feature orders=. --pipeline shop"
    assert command("s3a://scratch/sandbox/shop/id", "sandbox") == again
    assert command("s3a://scratch/data/shop/id", "data") == f"{again} --team data"
    own = 'runs.adopt("s3a://published/orders", "orders=.", pipeline="shop")'
    assert command("s3a://scratch/users/ada/shop/id", "ada") == own


def test_a_folder_of_this_machine_makes_no_run_in_s3(production: Path) -> None:
    with pytest.raises(ArgumentError, match="where others can't read it") as caught:
        Runs("s3a://scratch/").adopt(str(production), "orders")
    assert f"spark-etl adopt {production} --local" in str(caught.value.hint)


@pytest.mark.parametrize("folder", ["file:///etc", "/etc", "s3a://published/../x", "gs://x", 1, "s3a://published/x\0"])
def test_a_manifest_in_s3_leads_to_no_file_of_the_reader(adopted: Run, folder: Any) -> None:
    path = Path(StoredRun(adopted.path).manifest_path("orders").removeprefix("file://"))
    content = json.loads(path.read_text()) | {"data_folder": folder}
    with pytest.raises(CheckpointError, match="data_folder"):
        parse_manifest(json.dumps(content).encode(), "s3a://scratch/a/b/c/orders/_manifest.json")


def test_only_an_adopted_manifest_is_of_a_newer_format(adopted: Run, make_run: MakeRun) -> None:
    own = make_run(WRITTEN)
    manifests = [Path(run.manifest_path("orders").removeprefix("file://")) for run in (own, adopted.stored)]
    was, is_new = (json.loads(path.read_text()) for path in manifests)
    assert (was["format"], is_new["format"]) == (2, 3)
    assert not {"data_folder", "partitions"} & was.keys()
