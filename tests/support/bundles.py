"""A small run in a folder, as the runner leaves one that failed, and the zip of its bundle, member by member."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet
from spark_etl.bundles.export import Exported, ExportRequest, export_run, plan_export
from spark_etl.code.archive import make_archive
from spark_etl.reading import Run, Runs
from spark_etl.storage import normalise, storage_for
from spark_etl.store import (
    DataFile,
    ErrorRecord,
    FeatureInputs,
    Manifest,
    ObjectRecord,
    RunInputs,
    SourceRecord,
    StoredRun,
)

from tests.support.runs import run_writer

RUN_ID = "20240229T101112Z-7f3a2c"
EARLIER = "20240228T101112Z-aaaaaa"
ORDERS = pa.table({"id": [1, 2, 3, 4], "customer": ["a", "b", "a", "c"]})
MANIFEST, DOCUMENT, LIST = "run/orders/_manifest.json", "run/run.json", "bundle.json"
ROWS = "run/orders/part-00000.parquet"


def keep(run: StoredRun, folder: str, table: pa.Table, *, files: int = 1) -> Manifest:
    """Writes rows as Parquet with a manifest."""
    place = Path(run.checkpoint_path(folder).removeprefix("file://"))
    place.mkdir(parents=True, exist_ok=True)
    listed = []
    for number in range(files):
        part = table.slice(number * table.num_rows // files, table.num_rows // files)
        file = place / f"part-{number:05}.parquet"
        parquet.write_table(part, file, write_page_checksum=True)
        found = storage_for(run.root).find(normalise(str(file)))
        assert found is not None
        listed.append(DataFile(file.name, part.num_rows, found.size, found.etag))
    columns = {field.name: "bigint" if field.type == pa.int64() else "string" for field in table.schema}
    rows, size = sum(file.rows for file in listed), sum(file.bytes for file in listed)
    manifest = Manifest(folder, run.run_id, columns, {}, rows, size, listed, {}, {}, "2024-02-29T10:11:12Z")
    run.write_manifest(folder, manifest)
    return manifest


def failed_run(folder: Path) -> Run:
    """Makes a run that failed at `net`, which reads `orders` and a source; `users` was reused of an earlier run."""
    scratch, project = folder / "scratch", folder / "project"
    (project / "features").mkdir(parents=True)
    (project / "features" / "net.py").write_text("ANSWER = 42\n")
    (folder / "data").mkdir()
    parquet.write_table(pa.table({"customer": ["a", "b", "c"], "rate": [1, 2, 3]}), folder / "data" / "rates.parquet")
    earlier = StoredRun.at(normalise(str(scratch)), "sales", "revenue", EARLIER)
    users = keep(earlier, "users", pa.table({"customer": ["a", "b"], "name": ["Ann", "Bob"]}))
    stored = StoredRun.at(normalise(str(scratch)), "sales", "revenue", RUN_ID)
    orders = keep(stored, "orders", ORDERS, files=2)
    features = {
        "orders": {"checkpoint": True, "state": "succeeded", "rows": 4, "bytes": orders.bytes},
        "users": {"checkpoint": True, "state": "reused", "bytes": users.bytes, "reused_from": earlier.root},
        "net": {"state": "failed", "error": ErrorRecord("division by zero")},
    }
    graph = {"orders": [], "users": [], "net": ["orders", "users"]}
    known = {"graph": graph, "start_date": "2024-02-29", "end_date": "2024-02-29", "by": {"user": "ci", "host": "h1"}}
    known |= {"code": stored.write_code(make_archive(project)), "project_path": str(project)}
    writer = run_writer(stored, known, features)
    rates = storage_for(stored.root).find(normalise(str(folder / "data" / "rates.parquet")))
    assert rates is not None
    source = SourceRecord("ParquetSource(rates)", (ObjectRecord(rates.path, rates.size, rates.etag),))
    stored.write_inputs(RunInputs({"net": FeatureInputs({"orders": "orders", "users": "users", "rates": source})}))
    keep(stored, "net.rates", pa.table({"customer": ["a"], "rate": [1]}))
    inputs = {"orders": "orders", "users": f"{earlier.root}/users", "rates": "net.rates"}
    stored.write_failure_report("net", {"message": "division by zero", "inputs": inputs, "not_kept": {}})
    stored.write_log(b"net failed\n")
    writer.end("failed", ErrorRecord("division by zero", feature="net"))
    return Runs(str(scratch))[RUN_ID]


def exported(run: Run, target: Path, **known: Any) -> Exported:
    """Makes a bundle of a run."""
    return export_run(plan_export(run, ExportRequest(target, **known)))


def members(bundle: Path) -> dict[str, bytes]:
    """Returns the members of a bundle, in order."""
    with zipfile.ZipFile(bundle) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def rebuilt(
    target: Path,
    contents: Mapping[str, bytes],
    *,
    relist: bool = True,
    change: Callable[[zipfile.ZipInfo], None] = lambda _: None,
) -> Path:
    """Writes a bundle of members by hand, with a list that fits, as somebody would who means harm.

    Args:
        target: The file.
        contents: Member → content, in order.
        relist: Whether the list of members is made anew.
        change: Changes the entry of each member.
    """
    contents = dict(contents)
    if relist:
        info = json.loads(contents[LIST])
        rows = [(name, content) for name, content in contents.items() if name != LIST]
        info["members"] = [[name, len(content), hashlib.sha256(content).hexdigest()] for name, content in rows]
        contents[LIST] = json.dumps(info).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            change(entry)
            archive.writestr(entry, content)
    target.write_bytes(buffer.getvalue())
    return target


def tree(folder: Path) -> dict[str, bytes]:
    """Returns every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
