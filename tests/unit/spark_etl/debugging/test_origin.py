"""Which run and feature a name means, and what of them is there."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from spark_etl import runs
from spark_etl.debugging.origin import Origin, find_origin
from spark_etl.errors import ArgumentError, SparkEtlError
from spark_etl.reading import Checkpoint, Runs
from spark_etl.storage import name_of, normalise, storage_for
from spark_etl.store import Manifest, RunInputs, StoredRun
from spark_etl.store.inputs import FeatureInputs, ObjectRecord, SourceRecord

from tests.support.runs import run_writer
from tests.unit.spark_etl.reading.conftest import head, keep

RUN, OLDER = "20240301T101112Z-00abed", "20240229T101112Z-bbbbbb"
ROWS = [pa.table({"id": [1], "name": ["x"]})]


def kept(paths: StoredRun, folder: str) -> Manifest:
    """Writes a checkpoint of one row, with the ETags of its files."""
    manifest = keep(paths, folder, ROWS)
    etags = {name_of(item.path): item.etag for item in storage_for(paths.root).walk(paths.checkpoint_path(folder))}
    manifest = replace(manifest, files=[replace(file, etag=etags[file.name]) for file in manifest.files])
    paths.write_manifest(folder, manifest)
    return manifest


class MakeRun:
    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch

    def __call__(
        self, run_id: str = RUN, *, team: str = "team", failed: str | None = "late", end: bool = True, **known: Any
    ) -> StoredRun:
        """A run with a checkpoint of `orders` and `add`, a feature whose name may be the end of an id."""
        paths = StoredRun.at(normalise(str(self.scratch)), team, "revenue", run_id)
        shutil.rmtree(paths.root.removeprefix("file://"), ignore_errors=True)
        aliases = ["orders", "add", "net", "late"]
        writer = run_writer(paths, head(aliases), {alias: {"checkpoint": alias != "net"} for alias in aliases})
        for alias in ("orders", "add"):
            manifest = kept(paths, alias)
            writer.feature_ended(alias, "succeeded", rows=manifest.rows, bytes=manifest.bytes)
        writer.store()
        content = json.loads(self._file(paths).read_text())
        if end:
            content |= {"status": "failed" if failed else "succeeded"}
        if failed:
            content["features"][failed]["state"] = "failed"
            content["error"] = {"feature": failed, "message": f"{failed} broke", "traceback": "", "type": "KeyError"}
        self._file(paths).write_text(json.dumps(content | known))
        return paths

    def _file(self, paths: StoredRun) -> Path:
        return Path(paths.document_path.removeprefix("file://"))


@pytest.fixture
def make(scratch: Path) -> MakeRun:
    return MakeRun(scratch)


def found(name: str, *, other_code: bool = True) -> tuple[str, str]:
    origin = find_origin(runs, name, other_code=other_code)
    return origin.run.id, origin.feature


@pytest.mark.parametrize(
    ("name", "feature"),
    [
        (RUN, "late"),
        (f"{RUN}/", "late"),
        (f" {RUN}/orders ", "orders"),
        ("latest", "late"),
        ("latest/net", "net"),
        ("00abed/add", "add"),  # `add` could be the end of an id, too
        ("20240301T10/add", "add"),
        ("team/revenue/00abed", "late"),
        (f"team/revenue/{RUN}/orders", "orders"),
    ],
)
def test_a_name_means_a_run_and_a_feature(make: MakeRun, name: str, feature: str) -> None:
    make(OLDER)
    make()
    assert found(name) == (RUN, feature)


def test_a_path_may_end_in_the_end_of_an_id_that_looks_like_a_feature(make: MakeRun) -> None:
    make("20240302T101112Z-abcdef")
    assert found("team/revenue/abcdef") == ("20240302T101112Z-abcdef", "late")


def test_what_a_user_keeps_is_found_by_its_path_alone(make: MakeRun) -> None:
    make(OLDER)
    make(team="users/ada")
    assert found(f"users/ada/revenue/{RUN}/orders") == (RUN, "orders")
    assert found("latest")[0] == OLDER
    with pytest.raises(SparkEtlError):
        found(f"{RUN}/orders")


@pytest.mark.parametrize(
    "name", ["nothing", "nothing/orders", "../revenue/00abed", f"team/../{RUN}", "", "/", "latest/"]
)
def test_other_names_are_refused(make: MakeRun, name: str) -> None:
    make(failed=None)
    with pytest.raises(SparkEtlError):
        found(name)


def test_a_feature_has_to_be_one_of_the_run_unless_other_code_has_it(make: MakeRun) -> None:
    make()
    with pytest.raises(ArgumentError, match=r"no feature `order`\. Did you mean `orders`"):
        found(f"{RUN}/order", other_code=False)
    assert found(f"{RUN}/order") == (RUN, "order")


def test_of_a_run_that_did_not_fail_the_feature_is_asked_for(make: MakeRun) -> None:
    make(failed=None)
    with pytest.raises(ArgumentError, match="which feature") as refused:
        found(RUN)
    assert refused.value.hint == f"name it: {RUN}/orders"


@pytest.mark.parametrize(("known", "message"), [({"status": "odd"}, "damaged"), ({"format": 99}, "damaged")])
def test_a_damaged_run_is_refused(make: MakeRun, known: dict[str, Any], message: str) -> None:
    make(**known)
    with pytest.raises(ArgumentError, match=message):
        found(f"{RUN}/orders")


def test_a_run_that_goes_on_is_refused_and_one_that_died_is_not(make: MakeRun) -> None:
    paths = make(end=False, failed=None)
    paths.beat(every=1e6)
    for name in (RUN, f"{RUN}/orders"):
        with pytest.raises(ArgumentError, match="still running"):
            found(name)
    beat = Path(paths.root.removeprefix("file://")) / "_heartbeat.json"
    beat.write_text(json.dumps({"at": "2024-03-01T10:11:12Z", "every": 15}))
    assert find_origin(runs, f"{RUN}/orders", other_code=True).run.status == "died"


def origin_of(feature: str) -> Origin:
    return Origin(Runs()[RUN], feature)


def test_there_is_a_checkpoint_or_the_reason_why_there_is_none(make: MakeRun) -> None:
    paths = make()
    kept(paths, "late")  # of a response that was broken
    origin = origin_of("late")
    orders = origin.checkpoint("orders")
    assert isinstance(orders, Checkpoint)
    assert orders.rows == 1
    assert origin.checkpoint("nope") == f"run {RUN} has no feature `nope`"
    assert origin.checkpoint("late") == f"`late` failed in run {RUN}"
    assert origin.checkpoint("net") == f"run {RUN} kept no checkpoint of `net`"
    (Path(orders.path.removeprefix("file://")) / "part-00000.parquet").write_bytes(b"other")
    assert "are gone, or other ones" in str(origin.checkpoint("orders"))


def test_a_checkpoint_reused_from_a_run_that_is_gone_is_none(make: MakeRun) -> None:
    third = make(OLDER)
    make()
    content = json.loads(make._file(StoredRun(f"{third.root.rpartition('/')[0]}/{RUN}")).read_text())
    content["features"]["orders"] |= {"state": "reused", "reused_from": third.root}
    make._file(StoredRun(f"{third.root.rpartition('/')[0]}/{RUN}")).write_text(json.dumps(content))
    assert isinstance(origin_of("late").checkpoint("orders"), Checkpoint)
    shutil.rmtree(third.root.removeprefix("file://"))
    assert origin_of("late").checkpoint("orders") == f"run {RUN} kept no checkpoint of `orders`"


def test_kept_rows_of_a_source_are_those_of_this_feature(make: MakeRun) -> None:
    paths = make()
    for folder in ("late.raw", "net.raw"):
        kept(paths, folder)
    inputs = {"raw": "late.raw", "other": "net.raw", "orders": "orders", "gone": "late.gone"}
    paths.write_failure_report("late", {"feature": "late", "message": "late broke", "inputs": inputs, "not_kept": {}})
    assert (raw := origin_of("late").failure_input("raw"))
    assert raw.rows == 1
    assert [origin_of("late").failure_input(name) for name in ("other", "orders", "gone", "nope")] == [None] * 4
    assert origin_of("orders").failure_input("raw") is None


@pytest.mark.parametrize("damaged", [False, True])
def test_what_a_source_had_read(make: MakeRun, damaged: bool) -> None:
    paths = make()
    record = SourceRecord("Csv('x')", (ObjectRecord("s3a://b/x.csv", 3, "e"),))
    paths.write_inputs(RunInputs({"late": FeatureInputs({"raw": record, "orders": "orders"}, {})}))
    if damaged:
        (Path(paths.root.removeprefix("file://")) / "_inputs.json").write_text("{")
    assert origin_of("late").recorded("late", "raw") == (None if damaged else record)
    assert origin_of("late").recorded("late", "orders") is None
    assert origin_of("late").recorded("net", "raw") is None


def test_a_failure_of_the_output_is_told_from_one_of_the_feature(make: MakeRun) -> None:
    output = {"feature": "late", "path": "s3a://published/late", "state": "failed"}
    error = {"feature": "late", "message": "the store refuses", "traceback": "", "type": "StorageError"}
    make(publish=[output], error=error)
    assert (origin_of("late").output, origin_of("late").is_error_of_ours) == ("s3a://published/late", True)
    assert (origin_of("net").output, origin_of("net").is_error_of_ours) == (None, False)
    make(publish=[output | {"state": "skipped"}], error=error | {"type": "ZeroDivisionError"})
    assert (origin_of("late").output, origin_of("late").is_error_of_ours) == (None, False)


def test_what_is_left_out_of_the_code_is_named_without_caches(make: MakeRun) -> None:
    left_out = {
        "keys.py": "looks like a secret: a token",
        "a/__pycache__/": "a cache",
        ".git/": "hidden",
        "data/": "data",
    }
    make(code={"sha256": "0" * 64, "left_out": left_out})
    assert origin_of("late").left_out == "data/ (data), keys.py (looks like a secret: a token)"
    make()
    assert origin_of("late").left_out == ""
