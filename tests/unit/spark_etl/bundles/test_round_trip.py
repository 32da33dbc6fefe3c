"""A run goes into a bundle, and comes out of it: readable, whole, with what a replay reads."""

from __future__ import annotations

import json
import shutil
import stat
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.bundles.export import ExportRequest, export_run, plan_export
from spark_etl.bundles.imports import check_name, import_bundle
from spark_etl.bundles.select import _Selector
from spark_etl.errors import ArgumentError, StorageError
from spark_etl.reading import Run, Runs
from spark_etl.reading.repeat import run_to_repeat
from spark_etl.sampling import make_sample
from spark_etl.store import ObjectRecord, RunStore, StoredRun

from tests.support.bundles import EARLIER, RUN_ID, exported, failed_run, keep, members, tree


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return failed_run(tmp_path)


@pytest.fixture
def bundle(run: Run, tmp_path: Path) -> Path:
    return exported(run, tmp_path / "x.bundle").path


def imported(bundle: Path, tmp_path: Path, name: str | None = None) -> Run:
    return import_bundle(bundle, str(tmp_path / "there"), name=name, by="ada").run


def test_the_run_is_there(run: Run, bundle: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "scratch")
    found = imported(bundle, tmp_path)
    assert found.path == f"file://{tmp_path}/there/imported/revenue/{RUN_ID}"
    assert (found.kind, found.team, found.status, found.user) == ("imported", "imported", "failed", "ci")
    assert found["orders"].arrow().to_pydict() == {"id": [1, 2, 3, 4], "customer": ["a", "b", "a", "c"]}
    assert found["users"].pandas()["name"].tolist() == ["Ann", "Bob"]
    assert found.verify().whole
    assert found.log == "net failed\n"
    assert found.code["features/net.py"] == "ANSWER = 42\n"
    assert [each.id for each in Runs(str(tmp_path / "there")).list()] == [RUN_ID]
    assert Runs(str(tmp_path / "there")).list()[0].kind == "imported"


def test_what_a_failed_feature_had_read_is_there(bundle: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "scratch")
    failure = imported(bundle, tmp_path).failure
    assert failure is not None
    assert failure.inputs["rates"].arrow().to_pydict() == {"customer": ["a"], "rate": [1]}
    assert failure.inputs["users"].rows == 2  # which lay in the run that it was reused from


def test_where_it_comes_from_is_said(run: Run, bundle: Path, tmp_path: Path) -> None:
    found = imported(bundle, tmp_path)
    known = found.document.imported
    assert known is not None
    assert (known["from"], known["by"], known["kind"], known["sample"]) == (run.path, "ada", "run", None)
    assert repr(found).startswith(f"imported run {RUN_ID} of imported/revenue")
    assert f"imported from {run.path}, of ci on h1" in repr(found)
    assert "reused_from" not in json.dumps(found.content["features"]["users"])


def test_recorded_sources_come_along(run: Run, bundle: Path, tmp_path: Path) -> None:
    found = imported(bundle, tmp_path)
    (source,) = found.stored.imported_sources()
    original = tmp_path / "data" / "rates.parquet"
    assert source.original_path == f"file://{original}"
    assert source.path == f"_sources/file{original}"
    assert Path(f"{found.path}/{source.path}".removeprefix("file://")).read_bytes() == original.read_bytes()
    inputs = found.stored.inputs()
    assert inputs == run.stored.inputs()
    contents = RunStore(str(tmp_path / "there")).contents(found.stored)
    assert sorted(item.path.rpartition("/")[2] for item in contents.sources) == ["_sources.json", "rates.parquet"]
    assert contents.other == []


def test_an_imported_run_can_be_exported_again(bundle: Path, tmp_path: Path) -> None:
    found = imported(bundle, tmp_path)
    for name in ("scratch", "data"):
        shutil.rmtree(tmp_path / name)
    again = exported(found, tmp_path / "y.bundle").path
    shutil.rmtree(tmp_path / "there")
    second = imported(again, tmp_path)
    assert second.verify().whole
    assert [each.bytes for each in second.stored.imported_sources()] == [
        each.bytes for each in found.stored.imported_sources()
    ]
    assert second.document.imported is not None
    assert second.document.imported["kind"] == "run"


@pytest.mark.parametrize("name", ["aux.bundle", "10:11.bundle", "x.bundle.", "nul"])
def test_a_file_that_windows_refuses_is_not_written(run: Run, tmp_path: Path, name: str) -> None:
    with pytest.raises(ArgumentError, match="Windows") as raised:
        exported(run, tmp_path / name)
    assert raised.value.hint == f"name another file: {RUN_ID}.bundle"


def test_rows_in_a_file_that_windows_refuses_do_not_go_along(run: Run, tmp_path: Path) -> None:
    folder = Path(run["orders"].path.removeprefix("file://"))
    manifest = json.loads((folder / "_manifest.json").read_text())
    name = manifest["files"][0]["name"]
    (folder / name).rename(folder / "aux.parquet")
    manifest["files"][0]["name"] = "aux.parquet"
    (folder / "_manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArgumentError, match="`aux` is a device on Windows"):
        exported(run, tmp_path / "x.bundle")


@pytest.mark.parametrize("name", ["CON", "x.", "lpt1.x"])
def test_nor_is_a_team_called_so(name: str) -> None:
    with pytest.raises(ArgumentError, match="Windows"):
        check_name(name)


def test_nobody_else_may_read_a_bundle(bundle: Path) -> None:
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600


def test_the_same_bundle_twice_is_no_error(bundle: Path, tmp_path: Path) -> None:
    imported(bundle, tmp_path)
    before = tree(tmp_path / "there")
    assert import_bundle(bundle, str(tmp_path / "there"), by="ada").was_there
    assert tree(tmp_path / "there") == before


def test_another_bundle_of_the_run_goes_elsewhere(run: Run, bundle: Path, tmp_path: Path) -> None:
    imported(bundle, tmp_path)
    other = exported(run, tmp_path / "y.bundle", features=("users",)).path
    with pytest.raises(ArgumentError, match="already, and not of this bundle") as raised:
        imported(other, tmp_path)
    assert raised.value.hint is not None
    assert "--as NAME" in raised.value.hint
    second = imported(other, tmp_path, "ci")
    assert second.checkpoints == ["users"]
    assert second.name == f"ci/revenue/{RUN_ID}"  # the id alone would mean two
    assert Runs(str(tmp_path / "there"))[second.name].path == second.path


@pytest.mark.parametrize("name", ["users", "connect", "_code", "", "a/b", "../x", ".hidden"])
def test_a_name_that_is_no_teams_is_refused(name: str, bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="--as"):
        imported(bundle, tmp_path, name)
    assert not (tmp_path / "there").exists()


def test_a_feature_brings_what_its_replay_reads(run: Run, tmp_path: Path) -> None:
    found = plan_export(run, ExportRequest(tmp_path / "x", ("net",))).selection
    assert [frame.folder for frame in found.frames] == ["orders", "users", "net.rates"]
    assert [source.original_path for source in found.sources] == [f"file://{tmp_path}/data/rates.parquet"]
    only = plan_export(run, ExportRequest(tmp_path / "x", ("users",))).selection
    assert [frame.folder for frame in only.frames] == ["users"]


def test_what_was_not_kept_is_computed_from_its_sources(run: Run, tmp_path: Path) -> None:
    run.document.features["orders"].bytes = None
    found = plan_export(run, ExportRequest(tmp_path / "x", ("net",)))
    assert [frame.folder for frame in found.selection.frames] == ["users", "orders", "net.rates"]  # as a failure input
    export_run(found)
    assert imported(tmp_path / "x", tmp_path)["orders"].rows == 4


def test_a_full_disk_is_said(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "out").mkdir()
    monkeypatch.setattr("spark_etl.store.bundle.write._replace_first", full)
    with pytest.raises(StorageError, match="x can't be written: No space left"):
        exported(run, tmp_path / "out" / "x")
    assert list((tmp_path / "out").iterdir()) == []
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(ArgumentError, match="its disk has 10 B"):
        exported(run, tmp_path / "out" / "x")


def test_a_disk_without_room_is_refused_before_anything_is_written(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(ArgumentError, match="has 10 B"):
        imported(bundle, tmp_path)
    assert not (tmp_path / "there").exists()


def test_what_is_missing_is_said_first(run: Run, tmp_path: Path) -> None:
    (tmp_path / "scratch/sales/revenue" / EARLIER / "users/part-00000.parquet").unlink()
    target = tmp_path / "x.bundle"
    with pytest.raises(ArgumentError, match=r"part-00000\.parquet: it is not there") as raised:
        plan_export(run, ExportRequest(target))
    assert raised.value.exit_code == 2
    done = exported(run, target, allow_missing=True)
    found = import_bundle(target, str(tmp_path / "there"), by="ada")
    assert found.run.checkpoints == ["orders"]
    assert found.info.missing == done.info.missing != ()
    assert any("users" in line for line in found.lines())


def test_a_source_with_other_content_is_missing_unless_its_rows_were_kept(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data" / "rates.parquet").write_bytes(b"other")
    found = plan_export(run, ExportRequest(tmp_path / "x")).selection
    assert "other content" in found.notes[0]
    shutil.rmtree(Path(run.path.removeprefix("file://")) / "net.rates")
    with pytest.raises(ArgumentError, match=r"net\.rates"):
        plan_export(run, ExportRequest(tmp_path / "x"))


def test_unknown_features_and_running_runs_are_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"no feature `order`\. Did you mean `orders`"):
        plan_export(run, ExportRequest(tmp_path / "x", ("order",)))
    run.document.status = "running"
    with pytest.raises(ArgumentError, match="still running"):
        plan_export(run, ExportRequest(tmp_path / "x"))


def test_a_file_that_is_there_is_kept(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "x.bundle"
    target.write_text("mine")
    with pytest.raises(ArgumentError, match="is there already"):
        exported(run, target)
    assert target.read_text() == "mine"


def test_an_export_that_fails_leaves_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_export(run, ExportRequest(tmp_path / "out" / "x.bundle"))
    (tmp_path / "out").mkdir()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_run(plan, on_progress=interrupt)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_import_that_fails_leaves_nothing(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(StoredRun, "create_document", broken)
    with pytest.raises(StorageError, match="No space") as raised:
        imported(bundle, tmp_path)
    assert raised.value.hint
    (left,) = tree(tmp_path / "there")
    assert "/_code/" in left, "which another run may have by now, and a clean-up deletes otherwise"


def test_run_json_is_written_last(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    create = StoredRun.create_document

    def watched(self: StoredRun, document: object) -> bool:
        seen.append([Path(name).name for name in tree(tmp_path / "there")])
        return create(self, document)  # type: ignore[arg-type]

    monkeypatch.setattr(StoredRun, "create_document", watched)
    imported(bundle, tmp_path)
    assert "run.json" not in seen[0]
    assert {"_manifest.json", "_inputs.json", "_sources.json", "rates.parquet"} <= set(seen[0])


def test_what_a_killed_import_has_left_is_replaced(bundle: Path, tmp_path: Path) -> None:
    left = tmp_path / "there/imported/revenue" / RUN_ID / "orders"
    left.mkdir(parents=True)
    (left / "part-99999.parquet").write_bytes(b"half")
    assert imported(bundle, tmp_path).verify().whole


def test_members_are_in_one_order(bundle: Path) -> None:
    names = list(members(bundle))
    assert names[0] == "bundle.json"
    assert names[-1] == "run/run.json"
    assert names[1:4] == [
        "run/orders/part-00000.parquet",
        "run/orders/part-00001.parquet",
        "run/users/part-00000.parquet",
    ]


def test_adopted_rows_come_along(tmp_path: Path) -> None:
    folder = tmp_path / "production" / "_dt=2024-02-29"
    folder.mkdir(parents=True)
    parquet.write_table(pa.table({"id": [1, 2]}), folder / "0.parquet")
    run = Runs(str(tmp_path / "scratch")).adopt(str(tmp_path), "orders=production", pipeline="shop")
    bundle = exported(run, tmp_path / "x.bundle").path
    shutil.rmtree(tmp_path / "production")
    found = imported(bundle, tmp_path)
    assert found["orders"].pandas()["id"].tolist() == [1, 2]
    assert list(found["orders"].schema) == ["id", "_dt"]
    assert str(found["orders"].pandas()["_dt"][0])[:10] == "2024-02-29"
    assert found.verify().whole
    assert found.document.adopted == {}


def test_a_sample_has_the_rows_of_the_same_keys(run: Run, tmp_path: Path) -> None:
    (tmp_path / "keys.csv").write_text("customer\na\n")
    sample = make_sample(None, None, str(tmp_path / "keys.csv"))
    done = exported(run, tmp_path / "x.bundle", sample=sample)
    assert done.info.sample == {"keys": 1}
    found = imported(done.path, tmp_path)
    assert found["orders"].pandas()["id"].tolist() == [1, 3]
    assert found["users"].rows == 1
    assert found.verify().whole
    assert "a sample: the rows of 1 key" in repr(found)
    (source,) = found.stored.imported_sources()
    assert parquet.read_table(f"{found.path}/{source.path}".removeprefix("file://")).num_rows == 1


def test_a_sample_by_a_key_that_no_frame_has_is_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="`custmer`, which no source has"):
        exported(run, tmp_path / "x", sample=make_sample("0.5", "custmer", None))
    done = exported(run, tmp_path / "x", sample=make_sample("0.5", "id", None))
    assert [note.rpartition(": ")[2].rpartition("/")[2] for note in done.notes] == [
        "users",
        "net.rates",
        "rates.parquet",
    ]


def test_local_files_that_a_run_in_s3_names_stay_here(run: Run, tmp_path: Path) -> None:
    selector = _Selector(run, ())
    secret = tmp_path / "id_rsa"
    secret.write_text("mine")
    selector._run = Run(replace(run.stored, root=f"s3a://scratch/a/b/{RUN_ID}"), run.document)
    selector.__dict__["_imported"] = {}
    assert "machine that ran it" in str(selector._look_up(ObjectRecord(f"file://{secret}", 4, None)))


def test_large_frames_keep_their_files(tmp_path: Path) -> None:
    run = failed_run(tmp_path)
    keep(run.stored, "orders", pa.table({"id": list(range(1000))}), files=5)
    found = imported(exported(run.reload(), tmp_path / "x").path, tmp_path)
    assert len(found["orders"].manifest.files) == 5
    assert found["orders"].rows == 1000


def test_a_source_that_has_changed_since_is_found(bundle: Path, tmp_path: Path) -> None:
    found = imported(bundle, tmp_path)
    (source,) = found.stored.imported_sources()
    file = Path(f"{found.path}/{source.path}".removeprefix("file://"))
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"x")
    (problem,) = found.verify().problems
    assert "rates.parquet: it is not what came with the run" in problem
    file.unlink()
    assert "rates.parquet can't be read" in found.verify().problems[0]


@pytest.mark.parametrize("limit", [45_000, 20_000])
def test_a_large_bundle_is_zip64(limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a member just below the limit, the header has its size twice: Python decides before it knows what it packs."""
    run = failed_run(tmp_path)
    keep(run.stored, "orders", pa.table({"id": list(range(5_000))}))
    size = (Path(run.path.removeprefix("file://")) / "orders/part-00000.parquet").stat().st_size
    assert size > 20_000
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", size + 1 if limit == 45_000 else limit)
    bundle = exported(run, tmp_path / "x.bundle").path
    assert bundle.read_bytes()[-98:-94] == b"PK\6\6"
    assert imported(bundle, tmp_path).verify().whole


def test_a_disk_without_second_names_takes_a_bundle(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    done = exported(run, tmp_path / "out.bundle")
    assert done.path.stat().st_size == done.bytes


def test_it_is_not_resumed(bundle: Path, tmp_path: Path) -> None:
    """Its rows may be a part, and were made elsewhere, whatever their cache keys say."""
    run = imported(bundle, tmp_path)
    with pytest.raises(ArgumentError, match="was imported"):
        run_to_repeat(Runs(str(tmp_path / "there")), run.name, "ada")
