"""A file of a checkpoint that is not the one that the run wrote: each read names it, and so does `verify`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import compute, parquet
from spark_etl import runs
from spark_etl.errors import CheckpointError, DamagedFileError
from spark_etl.reading import Checkpoint, Run
from spark_etl.reading.commands import remake_command
from spark_etl.reading.part_files import SPARK_SCHEMA, footer_problem, has_page_checksums
from spark_etl.storage import storage_for
from spark_etl.store import DataFile

from tests.unit.spark_etl.reading.conftest import MakeRun, checkpoint

RUN = "20240229T101112Z-aaaaaa"
READS: dict[str, Callable[[Checkpoint], Any]] = {
    "head": lambda found: found.head(),
    "pandas": lambda found: found.pandas(),
    "where": lambda found: found.pandas(where="id > 0"),
    "batches": lambda found: list(found.batches()),
    "sql": lambda found: found.sql("select * from this"),
    "profile": lambda found: found.profile(),
}


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def replace(file: Path) -> None:
    parquet.write_table(pa.table({"id": [7, 8], "name": ["x", "y"]}), file)


def flip(file: Path) -> None:
    _flip(file, file.read_bytes().index(b"n2"))


def flip_end(file: Path) -> None:
    _flip(file, -6)


def _flip(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 0xFF
    file.write_bytes(content)


LISTED = {
    "truncated": (truncate, "bytes\\)"),
    "empty": (empty, "it has 0 B, where the run wrote"),
    "deleted": (Path.unlink, "it is not there any more"),
    "replaced": (replace, "bytes\\)"),
}
UNLISTED = {"a page": (flip, "checksum"), "the footer": (flip_end, "can't be read as Parquet")}
DAMAGE = {**LISTED, **UNLISTED}


@pytest.fixture
def run(make_run: MakeRun) -> Run:
    """A run whose checkpoint has files with checksums, as Spark writes them, and its ETags."""
    stored = make_run(RUN)
    manifest = runs[RUN]["orders"].manifest
    folder = Path(stored.checkpoint_path("orders").removeprefix("file://"))
    files = []
    for file in manifest.files:
        table = parquet.read_table(folder / file.name)
        parquet.write_table(table, folder / file.name, write_page_checksum=True)
        found = storage_for(stored.root).find(f"{stored.checkpoint_path('orders')}/{file.name}")
        assert found
        files.append(DataFile(file.name, file.rows, found.size, found.etag))
    manifest.files[:] = files
    stored.write_manifest("orders", manifest)
    document = stored.document()
    assert document
    document.config_path = "/pipelines/my shop/feature_config.yaml"
    document.path = f"s3a://scratch/team/revenue/{RUN}"
    stored.write_document(document)
    return runs[RUN]


def part(run: Run, name: str = "part-00001.parquet") -> Path:
    return Path(run.stored.checkpoint_path("orders").removeprefix("file://")) / name


def test_a_run_that_is_as_it_was_written_is_whole(run: Run) -> None:
    seen: list[tuple[str, int, int]] = []
    found = run.verify(on_progress=lambda *progress: seen.append(progress))
    assert found.whole
    (orders,) = found.checkpoints
    assert orders.checked == ("sizes", "ETags", "footers", "rows", "page checksums")
    assert (orders.files, orders.rows, orders.problems, orders.remake) == (3, 5, (), "")
    assert repr(found).startswith(f"run {RUN}: whole, 1 checkpoint\n")
    assert found.to_dict()["whole"] is found.to_dict()["checkpoints"][0]["whole"] is True
    assert seen[-1][0] == "orders"
    assert 0 < seen[-1][1] <= seen[-1][2] == orders.bytes


@pytest.mark.parametrize(("damage", "reason"), DAMAGE.values(), ids=DAMAGE.keys())
def test_verify_names_the_file_what_is_wrong_and_the_command(
    run: Run, damage: Callable[[Path], None], reason: str
) -> None:
    damage(part(run))
    found = run["orders"].verify()
    assert not found.whole
    assert {problem.file for problem in found.problems} == {"part-00001.parquet"}
    shown = repr(run.verify())
    assert f"run {RUN}: changed since it was written: `orders`" in shown
    assert f"{run.stored.checkpoint_path('orders')}/part-00001.parquet: " in shown
    assert (
        "again: ./sandbox run feature_config.yaml --team-name team --start-date 2024-02-29 --end-date 2024-02-29 "
        f"--resume {RUN} --checkpoint orders" in shown
    ), "`--resume` looks at sizes and ETags"
    assert "<li>" in found._repr_html_()
    assert shown.count("make `orders` again") == 1


@pytest.mark.parametrize(
    ("damage", "reason", "read"),
    [(*DAMAGE[kind], read) for kind in ("deleted", "a page") for read in READS.values()]
    + [(*known, READS["head"]) for known in DAMAGE.values()],
)
def test_a_read_of_a_damaged_file_names_it_and_the_command(
    run: Run, damage: Callable[[Path], None], reason: str, read: Callable[[Checkpoint], Any]
) -> None:
    damage(part(run))
    with pytest.raises(DamagedFileError, match=reason) as caught:
        read(run["orders"])
    assert f"`orders` of run {RUN} is damaged. {run.stored.checkpoint_path('orders')}/part-00001" in str(caught.value)
    assert "sandbox run feature_config.yaml --team-name team" in str(caught.value.hint)
    assert "--checkpoint orders makes it again" in str(caught.value.hint)
    resumed = f"--resume {RUN}" in str(caught.value.hint)
    assert resumed is (damage in {known for known, _ in LISTED.values()}), "what `--resume` can't see it would reuse"


def test_what_a_file_says_of_nulls_is_no_other_type(run: Run) -> None:
    field = {"name": "id", "type": "long", "nullable": True, "metadata": {}}
    said = json.dumps({"type": "struct", "fields": [field]})
    table = parquet.read_table(part(run)).replace_schema_metadata({SPARK_SCHEMA: said.encode()})
    parquet.write_table(table, part(run))
    manifest = run["orders"].manifest
    for schema, problem in ((field | {"nullable": False}, False), (field | {"type": "integer"}, True)):
        known = replace_fields(manifest, spark_schema={"type": "struct", "fields": [schema]})
        found = footer_problem(f"file://{part(run)}", manifest.files[1], known, None)
        assert (found is not None) is problem


def test_a_file_that_was_added_is_named_and_no_read_minds_it(run: Run) -> None:
    parquet.write_table(pa.table({"id": [9], "name": ["x"]}), part(run, "part-00009.parquet"))
    part(run, "_SUCCESS").touch()
    (problem,) = run["orders"].verify().problems
    assert (problem.file, problem.kind) == ("part-00009.parquet", "added")
    assert run["orders"].verify().remake == "", "nothing has to be computed again"
    assert run["orders"].pandas()["id"].tolist() == [1, 2, 3, 4, 5]


def test_a_file_that_was_copied_is_read_and_verify_says_so(run: Run) -> None:
    content = part(run).read_bytes()
    part(run).unlink()
    part(run).write_bytes(content)
    assert run["orders"].pandas()["id"].tolist() == [1, 2, 3, 4, 5], "a folder that was copied can be read"
    assert [problem.kind for problem in run["orders"].verify().problems] == ["changed"]


def test_a_copy_in_a_store_with_etags_is_read_with_a_warning(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spark_etl.reading.part_files.is_s3", lambda _: True)
    content = part(run).read_bytes()
    part(run).unlink()
    part(run).write_bytes(content)
    with pytest.warns(UserWarning, match="1 file written again, or copied, after the run, such as part-00001.parquet"):
        assert run["orders"].pandas()["id"].tolist() == [1, 2, 3, 4, 5]
    flip_end(part(run))
    with pytest.raises(DamagedFileError, match="can't be read as Parquet"):
        run["orders"].pandas()


def test_a_checkpoint_without_its_manifest_and_damaged_documents_are_named(run: Run) -> None:
    part(run, "_manifest.json").write_text("{")
    (run_folder := part(run).parents[1]).joinpath("_inputs.json").write_text("[")
    shown = repr(run.verify())
    assert "_manifest.json is damaged" in shown
    with pytest.raises(CheckpointError, match="is damaged") as caught:
        run["orders"]
    assert f"--resume {RUN} --checkpoint orders makes it again" in str(caught.value.hint)
    assert "_inputs.json" in shown
    part(run, "_manifest.json").unlink()
    assert "`orders` has no manifest" in repr(run.verify())
    with pytest.raises(CheckpointError, match="`orders` has no manifest") as caught:
        run["orders"]
    assert f"--resume {RUN} --checkpoint orders makes it again" in str(caught.value.hint)
    (run_folder / "run.json").write_text("{}")
    assert not runs[RUN].verify().whole
    assert "run.json" in repr(runs[RUN].verify())


QUESTIONS = (
    "select parquet from this",
    "select page",
    "selct",
    "select cast('page' as int) from this",
    "select 'x'::int page from this",
    "select cast(9223372036854775807 + 1 as bigint) as page from this",
    "select error('a corrupt page')",
    "select regexp_matches('x', 'page(') from this",
)


def test_a_question_that_is_wrong_is_no_damage(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spark_etl.reading.guard.first_problem", lambda *_: pytest.fail("looks at the files"))
    for query in QUESTIONS:
        with pytest.raises(CheckpointError, match="DuckDB refuses"):
            run["orders"].sql(query)
    with pytest.raises(CheckpointError, match="pyarrow refuses"):
        run["orders"].pandas(where=compute.field("page") == 1)


def test_where_there_are_no_checksums_none_were_checked(tmp_path: Path) -> None:
    found = checkpoint(tmp_path, pa.table({"id": [1]})).verify()
    assert found.checked == ("sizes", "footers", "rows")
    assert not has_page_checksums(f"file://{tmp_path}/0.parquet", None)


def test_what_a_user_wrote_is_shown_escaped(run: Run) -> None:
    part(run, "x\x1b]52;c;eA==\x07.parquet").write_bytes(b"")
    shown = repr(run.verify())
    assert "\x1b" not in shown
    assert "\\x1b]52" in shown


def test_the_command_has_what_makes_it_the_same_run(run: Run) -> None:
    options = {"pipeline": "my shop", "sample": "0.01", "sample_key": "order_id", "keys": None}
    known = replace_fields(run.document, session="local", path=f"file:///home/ada/s/t/p/{RUN}", options=options)
    assert remake_command(known, "orders", False) == (
        "spark-etl run --local --feature-config feature_config.yaml --team-name team --start-date 2024-02-29 "
        "--end-date 2024-02-29 --scratch-path /home/ada/s --pipeline 'my shop' --sample 0.01 --sample-key order_id "
        "--checkpoint orders"
    )
    usual = replace_fields(known, path=f"file:///home/ada/.spark-etl/scratch/t/p/{RUN}", options=None)
    assert "--scratch-path" not in remake_command(usual, "orders", True)
    assert remake_command(usual, "orders.source", True).endswith(f"--resume {RUN}"), "what had been read is no feature"
