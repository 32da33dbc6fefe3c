"""Rows of checkpoints and of plain Parquet, as the page in JupyterLab is given them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from sandbox_lab.errors import RefusedError
from sandbox_lab.preview import preview
from spark_etl.reading import Runs
from spark_etl.storage import normalise
from spark_etl.store import DataFile, ErrorRecord, Manifest, StoredRun

from tests.support.runs import run_writer

RUN = "20240229T101112Z-7f3a2c"
HEIGHTS = (400, 0, 850)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """What JupyterLab shows."""
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def run(home: Path) -> StoredRun:
    """A run that kept `orders` in three files, has begun to write `net`, and never kept `late`."""
    paths = StoredRun.at(normalise(str(home / "scratch")), "team", "revenue", RUN)
    head = {"start_date": "2024-02-29", "end_date": "2024-02-29"}
    order = ["orders", "net", "late"]
    known = {"orders": {"checkpoint": True}, "net": {"checkpoint": True}, "late": {"checkpoint": False}}
    record = run_writer(paths, {**head, "order": order, "graph": {}}, known)
    record.feature_started("orders")
    manifest = keep(paths)
    record.feature_ended("orders", "succeeded", rows=manifest.rows, bytes=manifest.bytes)
    record.end("failed", ErrorRecord("net broke", feature="net"))
    write(home / f"scratch/team/revenue/{RUN}/net/part-0.parquet", {"x": [1]})
    return paths


def keep(paths: StoredRun) -> Manifest:
    folder = Path(paths.checkpoint_path("orders").removeprefix("file://"))
    files, first = [], 1
    for number, height in enumerate(HEIGHTS):
        file = folder / f"part-{number}.parquet"
        write(file, {"id": pa.array(range(first, first + height), pa.int64())}, row_group_size=300)
        files.append(DataFile(file.name, height, file.stat().st_size))
        first += height
    rows, size = sum(HEIGHTS), sum(file.bytes for file in files)
    written = "2024-02-29T10:12:00Z"
    manifest = Manifest("orders", paths.run_id, {"id": "bigint"}, {}, rows, size, files, {}, {}, written)
    paths.write_manifest("orders", manifest)
    return manifest


def write(path: Path, columns: dict[str, Any], **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), path, **options)


def show(home: Path, path: str, offset: int = 0, limit: int = 100) -> dict[str, Any]:
    shown = preview(path, str(home), offset, limit)
    json.dumps(shown, allow_nan=False)
    return shown


def refused(home: Path, path: str, offset: int = 0, limit: int = 100) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        preview(path, str(home), offset, limit)
    return caught.value


@pytest.mark.parametrize("below", ["", "/_manifest.json", "/part-2.parquet"])
def test_a_checkpoint_is_shown_by_its_folder_its_manifest_and_any_of_its_files(
    home: Path, run: StoredRun, below: str
) -> None:
    shown = show(home, f"scratch/team/revenue/{RUN}/orders{below}")

    assert (shown["path"], shown["kind"]) == (run.checkpoint_path("orders"), "checkpoint")
    assert shown["columns"] == [{"name": "id", "type": "bigint"}]
    assert (shown["total"], shown["files"]) == (1250, 3)
    assert shown["checkpoint"]["feature"] == "orders"
    assert shown["checkpoint"]["run"] == RUN
    assert shown["checkpoint"]["of"] == "team/revenue"
    assert shown["checkpoint"]["status"] == "failed"
    assert shown["checkpoint"]["written"] == "2024-02-29T10:12:00Z"


@pytest.mark.parametrize(
    ("offset", "limit", "first", "rows"),
    [
        (0, 3, 1, 3),
        (299, 3, 300, 3),
        (399, 3, 400, 3),
        (700, 100, 701, 100),
        (1249, 100, 1250, 1),
        (1250, 100, None, 0),
    ],
)
def test_a_page_begins_where_it_is_asked_to_across_row_groups_and_files(
    home: Path, run: StoredRun, offset: int, limit: int, first: int | None, rows: int
) -> None:
    shown = show(home, f"scratch/team/revenue/{RUN}/orders", offset, limit)

    assert shown["offset"] == offset
    assert [row[0] for row in shown["rows"]] == list(range(first, first + rows) if first else [])


def test_the_snippet_reads_the_same_rows_in_a_notebook(
    home: Path, run: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_SCRATCH", str(home / "scratch"))
    snippet = show(home, f"scratch/team/revenue/{RUN}/orders")["snippet"]
    assert snippet == f'from spark_etl import runs\nruns["{RUN}"]["orders"].head()'

    monkeypatch.setenv("SANDBOX_SCRATCH", "s3a://elsewhere/")
    names: dict[str, Any] = {}
    snippet = show(home, f"scratch/team/revenue/{RUN}/orders")["snippet"].replace("\nruns", "\nshown = runs")
    exec(snippet, names)  # noqa: S102 - what a user pastes
    assert list(names["shown"]["id"]) == list(range(1, 11))


def test_an_adopted_checkpoint_shows_its_files_with_the_columns_of_their_folders(home: Path) -> None:
    for day in ("2024-02-28", "2024-02-29"):
        write(home / f"production/orders/_dt={day}/0.parquet", {"id": [int(day[-2:])]})
    adopted = Runs(str(home / "scratch")).adopt(str(home / "production"), "orders")
    shown = show(home, adopted["orders"].path.removeprefix(f"file://{home}/"))
    assert (shown["kind"], shown["total"], shown["files"]) == ("checkpoint", 2, 2)
    assert shown["columns"] == [{"name": "id", "type": "bigint"}, {"name": "_dt", "type": "date"}]
    assert shown["rows"] == [[28, "2024-02-28"], [29, "2024-02-29"]]


def test_a_checkpoint_whose_run_is_gone_is_shown_by_its_manifest(home: Path, run: StoredRun) -> None:
    Path(run.document_path.removeprefix("file://")).unlink()

    shown = show(home, f"scratch/team/revenue/{RUN}/orders")

    assert shown["total"] == 1250
    assert shown["checkpoint"]["of"] is None


def test_what_a_run_left_without_a_manifest_is_no_checkpoint_and_why_is_said(home: Path, run: StoredRun) -> None:
    error = refused(home, f"scratch/team/revenue/{RUN}/net/part-0.parquet")

    assert error.status == 404
    assert "`net` has no manifest" in error.message
    assert "failed" in error.message


def test_a_folder_of_several_checkpoints_is_no_frame(home: Path, run: StoredRun) -> None:
    error = refused(home, "scratch")

    assert error.status == 422
    assert f"{RUN}/orders/_manifest.json" in str(error.hint)


def test_a_folder_of_parquet_has_the_columns_that_its_folders_tell(home: Path) -> None:
    write(home / "sales/_dt=2024-02-28/part-0.parquet", {"x": [1, 2]})
    write(home / "sales/_dt=2024-02-29/part-0.parquet", {"x": [3], "new": ["a"]})
    write(home / "sales/_temporary/0.parquet", {"x": [99]})
    (home / "sales/_SUCCESS").touch()

    shown = show(home, "sales")

    assert [column["name"] for column in shown["columns"]] == ["x", "_dt"]
    assert shown["rows"] == [[1, "2024-02-28"], [2, "2024-02-28"], [3, "2024-02-29"]]
    assert (shown["total"], shown["kind"], shown["checkpoint"]) == (3, "folder", None)


def test_folders_are_read_as_sources_read_them(home: Path) -> None:
    write(home / "sales/city=Z%C3%BCrich/day=007/a.parquet", {"day": [1]})
    write(home / "sales/city=__HIVE_DEFAULT_PARTITION__/day=1e3/b.parquet", {"day": [2]})

    shown = show(home, "sales")

    assert shown["columns"] == [{"name": "day", "type": "string"}, {"name": "city", "type": "string"}]
    assert shown["rows"] == [["007", "Zürich"], ["1e3", None]]


def test_a_column_that_a_file_lacks_is_null_in_it(home: Path) -> None:
    write(home / "sales/a.parquet", {"x": [1], "y": ["a"]})
    write(home / "sales/b.parquet", {"x": [2]})

    assert show(home, "sales")["rows"] == [[1, "a"], [2, None]]


def test_one_file_shows_only_what_is_in_it(home: Path) -> None:
    write(home / "sales/_dt=2024-02-28/part 0.parquet", {"x": [1]})

    shown = show(home, "sales/_dt=2024-02-28/part 0.parquet")

    assert shown["kind"] == "file"
    assert shown["columns"] == [{"name": "x", "type": "int64"}]
    assert f'pd.read_parquet("{home}/sales/_dt=2024-02-28/part 0.parquet")' in shown["snippet"]


VALUES = [
    (pa.array([None], pa.int64()), None),
    (pa.array([True]), True),
    (pa.array([2**53 - 1]), 2**53 - 1),
    (pa.array([2**60]), "1152921504606846976"),
    (pa.array([1.5]), 1.5),
    (pa.array([float("nan")]), "nan"),
    (pa.array([float("inf")]), "inf"),
    (pa.array([Decimal("1.50")]), "1.50"),
    (pa.array([date(2024, 2, 29)]), "2024-02-29"),
    (pa.array([datetime(2024, 2, 29, 10, tzinfo=UTC)]), "2024-02-29 10:00:00+00:00"),
    (pa.array([253_402_300_800_000_000], pa.timestamp("us")), "10000-01-01 00:00:00"),
    (pa.array([b"\x00\xff"]), "0x00ff"),
    (pa.array([["a", None]]), '["a", null]'),
    (pa.array([{"city": "Zürich", "since": date(2024, 1, 1)}]), '{"city": "Zürich", "since": "2024-01-01"}'),
    (pa.array([[253_402_300_800_000_000]], pa.list_(pa.timestamp("us", "UTC"))), '["10000-01-01 00:00:00+00:00"]'),
    (pa.Array.from_buffers(pa.string(), 1, pa.array([b"M\xfc"]).buffers()), r"M\xfc"),
    (pa.array(["a\x1b]52;\u202eb\nc"]), "a\\x1b]52;\\u202eb\nc"),
    (pa.array(["<b>"]), "<b>"),
    (pa.array(["x" * 5000]), "x" * 1000 + "… (5,000 characters)"),
]


@pytest.mark.parametrize(("values", "shown"), VALUES, ids=[str(values.type) for values, _ in VALUES])
def test_a_value_that_json_has_no_word_for_is_a_text(home: Path, values: pa.Array, shown: Any) -> None:
    write(home / "one.parquet", {"x": values})

    assert show(home, "one.parquet")["rows"] == [[shown]]


def test_text_that_is_no_utf8_is_shown_escaped_and_its_column_is_named(home: Path) -> None:
    texts = pa.Array.from_buffers(pa.string(), 1, pa.array([b"M\xfc"]).buffers())
    write(home / "latin.parquet", {"id": [1], "name": texts})
    shown = show(home, "latin.parquet")
    assert shown["rows"] == [[1, r"M\xfc"]]
    assert "`name`" in shown["notes"][0]
    write(home / "utf8.parquet", {"name": ["Mü"]})
    assert show(home, "utf8.parquet")["notes"] == []


@pytest.mark.parametrize("content", [None, b"PAR1"])
def test_a_damaged_file_of_a_checkpoint_is_named_with_what_makes_it_again(
    home: Path, run: StoredRun, content: bytes | None
) -> None:
    file = home / f"scratch/team/revenue/{RUN}/orders/part-2.parquet"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    error = refused(home, f"scratch/team/revenue/{RUN}/orders", offset=1000)
    assert error.status == 422
    assert "`orders`" in error.message
    assert "orders/part-2.parquet: it " in error.message
    assert f"--resume {RUN} --checkpoint orders" in str(error.hint)


def test_a_damaged_file_is_refused_with_its_name_and_the_cause(home: Path) -> None:
    (home / "broken.parquet").write_bytes(b"PAR1 not really")

    error = refused(home, "broken.parquet")

    assert error.status == 422
    assert "broken.parquet can't be read as Parquet: Parquet magic bytes not found" in error.message


@pytest.mark.parametrize(
    ("path", "offset", "limit", "status"),
    [
        ("gone.parquet", 0, 100, 404),
        ("../other/secret.parquet", 0, 100, 404),
        ("/../other/secret.parquet", 0, 100, 404),
        ("s3:", 0, 100, 400),
        ("one.parquet", -1, 100, 400),
        ("one.parquet", 0, 0, 400),
        ("one.parquet", 0, 1001, 400),
    ],
)
def test_what_can_not_be_shown_is_refused(home: Path, path: str, offset: int, limit: int, status: int) -> None:
    write(home / "one.parquet", {"x": [1]})
    write(home.parent / "other/secret.parquet", {"x": [1]})

    assert refused(home, path, offset, limit).status == status


def test_a_file_without_rows_has_columns(home: Path) -> None:
    write(home / "empty.parquet", {"x": pa.array([], pa.int64())})

    shown = show(home, "empty.parquet")

    assert (shown["columns"], shown["rows"], shown["total"]) == ([{"name": "x", "type": "int64"}], [], 0)


def test_of_very_many_files_no_more_footers_are_read_than_a_page_needs(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox_lab.frames.MOST_FOOTERS", 2)
    for number in range(4):
        write(home / f"sales/part-{number}.parquet", {"x": [2 * number, 2 * number + 1]})

    shown = show(home, "sales", offset=5, limit=2)

    assert (shown["rows"], shown["total"], shown["files"]) == ([[5], [6]], None, 4)
