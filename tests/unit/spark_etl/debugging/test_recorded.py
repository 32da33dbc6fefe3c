"""What the sources of a replay read: what the run had read, or they are refused."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl import ParquetSource, Source, SparkFeature
from spark_etl.dates import DateRange
from spark_etl.debugging.origin import Origin
from spark_etl.debugging.recorded import RecordedInputs, SourceChangedError
from spark_etl.graph import Graph
from spark_etl.reading import Run
from spark_etl.runner.inputs import ResolvedInputs
from spark_etl.source import InputObject
from spark_etl.storage import storage_for
from spark_etl.store import RunDocument, StoredRun

DATES = DateRange(date(2024, 2, 29), date(2024, 2, 29))


class Versionless(Source):
    def inputs(self, dates: DateRange) -> list[InputObject]:
        return [InputObject("jdbc:x#orders", 0, None)]

    def read(self, spark: Any, dates: DateRange) -> Any:
        raise NotImplementedError


def graph_of(**sources: Source) -> Graph:
    feature = type("Feature", (SparkFeature,), {"transform": lambda self, spark, start_date, end_date, **_: None})()
    feature.sources = dict(sources)
    return Graph({"report": feature})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project" / "data"
    folder.mkdir(parents=True)
    for name in "ab":
        write(folder / f"{name}.parquet", {"id": [1, 2]})
    return folder


def write(file: Path, columns: dict[str, list[Any]]) -> None:
    parquet.write_table(pa.table(columns), file)


Record = Callable[..., RecordedInputs]


@pytest.fixture
def again(tmp_path: Path, folder: Path) -> Record:
    """Records what sources read now; what is returned reads it again in the way of a replay."""
    recorded: list[Origin] = []

    def replay(sources: dict[str, Source], *, project: Path = folder.parent, **known: bool) -> RecordedInputs:
        if not recorded:
            path = str(tmp_path / "scratch/team/revenue/20240229T101112Z-aaaaaa")
            stored = StoredRun(f"file://{path}")
            document = RunDocument("20240229T101112Z-aaaaaa", path, "team", "revenue", project_path=str(folder.parent))
            stored.write_inputs(ResolvedInputs(graph_of(**sources), ["report"], DATES).record({"report": {}}))
            recorded.append(Origin(Run(stored, document), "report"))
        known = {"other_code": False, "allow_changed": False} | known
        return RecordedInputs(recorded[0], project, graph_of(**sources), ["report"], DATES, **known)

    return replay


def names(found: RecordedInputs, source: str = "x") -> list[str]:
    return [Path(item.path).name for item in found.objects("report", source)]


def test_what_is_as_it_was_is_read_and_nothing_that_came_later(again: Record, folder: Path) -> None:
    assert names(again({"x": ParquetSource(str(folder))})) == ["a.parquet", "b.parquet"]
    write(folder / "c.parquet", {"other": ["columns"]})
    found = again({"x": ParquetSource(str(folder))})
    assert names(found) == ["a.parquet", "b.parquet"]
    assert found.notes == []


@pytest.mark.parametrize("columns", [{"id": [3, 4]}, {"other": ["columns"]}])
def test_what_has_changed_or_is_gone_is_named_and_refused(
    again: Record, folder: Path, columns: dict[str, list[Any]]
) -> None:
    def source() -> dict[str, Source]:
        return {"x": ParquetSource(str(folder))}

    again(source())
    write(folder / "b.parquet", columns)
    with pytest.raises(SourceChangedError, match=r"source `x` of `report`: .*/b\.parquet \(other content\)") as refused:
        again(source())
    assert refused.value.exit_code == 2
    assert "--allow-changed-sources" in str(refused.value.hint)
    (folder / "b.parquet").unlink()
    with pytest.raises(SourceChangedError, match=r"b\.parquet \(gone\)"):
        again(source())

    write(folder / "c.parquet", {"id": [5]})
    allowed = again(source(), allow_changed=True)
    assert names(allowed) == ["a.parquet", "c.parquet"]
    assert "source `x` is not as the run had read it" in allowed.notes[0]
    shutil.rmtree(folder)
    with pytest.raises(SourceChangedError, match=r"a\.parquet \(gone\)"):
        again(source())


def test_what_was_copied_as_it_is_has_the_same_content(
    again: Record, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again({"x": ParquetSource(str(folder))})
    os.utime(folder / "b.parquet", (1, 1))  # its ETag is made of that
    stored = type(storage_for(str(folder)).find(str(folder / "b.parquet")))
    monkeypatch.setattr(stored, "has_content", lambda *_: True)  # as S3 knows of copies
    assert names(again({"x": ParquetSource(str(folder))})) == ["a.parquet", "b.parquet"]
    monkeypatch.undo()
    with pytest.raises(SourceChangedError, match="other content"):
        again({"x": ParquetSource(str(folder))})


def test_a_source_without_a_version_is_said_to_be_read_as_it_is(again: Record) -> None:
    assert again({"x": Versionless()}).notes == ["source `x` has no version: it is read as it is now"]


def test_two_names_of_one_source_read_the_same(again: Record, folder: Path) -> None:
    one = ParquetSource(str(folder))
    again({"x": one, "y": one})
    write(folder / "c.parquet", {"id": [5]})
    found = again({"x": one, "y": one})
    assert names(found) == names(found, "y") == ["a.parquet", "b.parquet"]


def test_a_source_that_only_other_code_has_is_read_as_it_is(again: Record, folder: Path) -> None:
    again({"x": ParquetSource(str(folder / "a.parquet"))})
    found = again({"x": ParquetSource(str(folder)), "y": ParquetSource(str(folder))}, other_code=True)
    assert names(found) == names(found, "y") == ["a.parquet", "b.parquet"]
    assert found.notes == [
        "source `x` is different from the run's. It is read as it is now",
        "source `y` is not a source of the run. It is read as it is now",
    ]
    with pytest.raises(SourceChangedError, match="source `y` of `report`: the run did not record what it had read"):
        again({"x": ParquetSource(str(folder / "a.parquet")), "y": ParquetSource(str(folder))})


def test_data_beside_the_code_is_found_where_it_was(again: Record, folder: Path, tmp_path: Path) -> None:
    again({"x": ParquetSource(str(folder))})
    unpacked = tmp_path / "unpacked"
    sources: dict[str, Source] = {name: ParquetSource(str(unpacked / "data")) for name in "x"}
    found = again(sources, project=unpacked)
    assert names(found) == ["a.parquet", "b.parquet"]
    write(folder / "b.parquet", {"id": [7, 8]})
    with pytest.raises(SourceChangedError, match="other content"):
        again(sources, project=unpacked)


def test_a_path_with_the_projects_in_its_middle_stays_what_it_is(again: Record, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "copy" / str(folder.parent)[1:] / "data"
    shutil.copytree(folder, other)
    again({"x": ParquetSource(str(other))})
    assert names(again({"x": ParquetSource(str(other))}, project=tmp_path / "unpacked")) == ["a.parquet", "b.parquet"]


def test_data_beside_other_code_is_said_to_be_that_codes(again: Record, folder: Path, tmp_path: Path) -> None:
    again({"x": ParquetSource(str(folder))})
    other = tmp_path / "other"
    shutil.copytree(folder, other / "data")
    write(other / "data" / "b.parquet", {"id": [7, 8]})
    found = again({"x": ParquetSource(str(other / "data"))}, project=other, other_code=True)
    assert names(found) == ["a.parquet", "b.parquet"]
    assert found.notes == ["source `x` reads files beside the code, which are those of the other code"]


class Elsewhere(Source):
    """A source of a stack that is not here."""

    def __init__(self) -> None:
        self.asked = 0

    def __repr__(self) -> str:
        return "Elsewhere()"

    def inputs(self, dates: DateRange) -> list[InputObject]:
        self.asked += 1
        return [InputObject("s3a://published/orders/x.parquet", 3, "e" * 32)]

    def read(self, spark: Any, dates: DateRange) -> Any:
        raise NotImplementedError


@pytest.fixture
def imported(tmp_path: Path) -> Origin:
    """A run of another stack in a folder, whose source had read from that stack's store."""
    root = f"file://{tmp_path}/scratch/elsewhere/revenue/20240229T101112Z-aaaaaa"
    graph = graph_of(x=Elsewhere())
    StoredRun(root).write_inputs(ResolvedInputs(graph, ["report"], DATES).record({"report": {}}))
    document = RunDocument(root[-23:], root, "elsewhere", "revenue", kind="imported")
    return Origin(Run(StoredRun(root), document), "report")


def read(origin: Origin, source: Source, tmp_path: Path, *, allow_changed: bool = False) -> RecordedInputs:
    graph = graph_of(x=source)
    options = {"other_code": False, "allow_changed": allow_changed}
    return RecordedInputs(origin, tmp_path, graph, ["report"], DATES, **options)


def test_a_source_of_another_stack_is_not_asked_for_here(imported: Origin, tmp_path: Path) -> None:
    source = Elsewhere()
    with pytest.raises(SourceChangedError, match=r"orders/x\.parquet \(of another stack\)") as refused:
        read(imported, source, tmp_path)
    assert "sandbox replay" in str(refused.value.hint)
    assert source.asked == 0
    assert names(read(imported, source, tmp_path, allow_changed=True)) == ["x.parquet"], "unless that is asked for"


def test_in_the_container_of_its_replay_it_is_where_it_was(
    imported: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_ETL_ISOLATED", "1")
    assert names(read(imported, Elsewhere(), tmp_path)) == ["x.parquet"]
