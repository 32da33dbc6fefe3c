"""Two runs of a pipeline on disk, as the runner leaves them, of which one thing is another."""

from __future__ import annotations

import functools
import hashlib
import io
import itertools
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.code.archive import CodeArchive
from spark_etl.code.fingerprint import Fingerprints
from spark_etl.code.project import Project
from spark_etl.reading import Run
from spark_etl.storage import normalise
from spark_etl.store import (
    DataFile,
    ErrorRecord,
    FeatureInputs,
    FeatureRecord,
    Manifest,
    ObjectRecord,
    OutputRecord,
    RunInputs,
    SourceRecord,
    StoredRun,
)

Graph = Mapping[str, Sequence[str]]
NO_ROWS = -1
NUMBERS = itertools.count(1)
VERSIONS = {"python": "3.11", "pyspark": "4.1.4"}

CHAIN: Graph = {"orders": [], "net": ["orders"], "report": ["net"]}
DIAMOND: Graph = {"orders": [], "users": [], "joined": ["orders", "users"], "report": ["joined"]}
FAN_OUT_FAN_IN: Graph = {"orders": [], "net": ["orders"], "gross": ["orders"], "report": ["net", "gross"]}
LONG: Graph = {"orders": [], "net": ["orders"], "taxed": ["net"], "joined": ["taxed"], "report": ["joined"]}


@dataclass
class RunSpec:
    """What a run is; everything but `graph` is the same in two runs unless it is given.

    Attributes:
        graph: Feature → what it reads.
        other: Features whose rows are others than usual.
        usual: What the rows of features are made of.
        value: What those of `other` are made of.
        lost: Features that were not kept.
        code: File → text; of each feature a class if not given.
        classes: Feature → class, where it is not the usual one.
        params: Feature → parameters as the config has them.
        values: Feature → parameters with variables filled in.
        objects: Objects of the source that each feature without upstreams reads.
        source: What that source is.
        failed: Feature → message.
        skipped: Features that were skipped.
        deterministic: Feature → what Spark says of it.
        document: Further fields of the document.
    """

    graph: Graph = field(default_factory=lambda: CHAIN)
    other: Sequence[str] = ()
    usual: int = 0
    value: int = 1
    lost: Sequence[str] = ()
    code: Mapping[str, str] | None = None
    classes: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    objects: Mapping[str, str | None] = field(default_factory=lambda: {"s3a://b/orders/2024-02-29/0.parquet": "e1"})
    source: str = "S3PublishedSource('s3a://b/orders')"
    failed: Mapping[str, str] = field(default_factory=dict)
    skipped: Sequence[str] = ()
    deterministic: Mapping[str, bool | None] = field(default_factory=dict)
    dates: str = "2024-02-29"
    settings: Mapping[str, Any] = field(default_factory=dict)
    sample: Any = None
    versions: Mapping[str, str] = field(default_factory=lambda: VERSIONS)
    keep_code: bool = True
    keep_inputs: bool = True
    document: Mapping[str, Any] = field(default_factory=dict)


def usual_code(graph: Graph, **bodies: str) -> dict[str, str]:
    """Returns a module with a class per feature, each with its body of `transform`."""
    return {"plans.py": "\n\n".join(class_text(name, bodies.get(name, "return 1")) for name in graph) + "\n"}


def class_text(name: str, body: str) -> str:
    return f"class {name.title()}:\n    def transform(self, spark, start_date, end_date, **kwargs):\n        {body}\n"


class Pipeline:
    """A pipeline whose runs lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scratch = normalise(str(folder / "scratch"))

    def run(self, spec: RunSpec, run_id: str = "", *, team: str = "team", pipeline: str = "revenue") -> Run:
        """Returns a run that has ended."""
        number = next(NUMBERS)
        stored = StoredRun.at(self.scratch, team, pipeline, run_id or f"20240229T{number:06}Z-{number:06x}")
        code = tuple((spec.code or usual_code(spec.graph)).items())
        prints, archive = _code(code, tuple(_class(spec, alias) for alias in spec.graph))
        keys = _cache_keys(spec, prints)
        features = {alias: self._feature(stored, spec, alias, keys[alias]) for alias in spec.graph}
        entries = {
            alias: {
                "class": features[alias].class_path,
                **({"params": spec.params[alias]} if alias in spec.params else {}),
            }
            for alias in spec.graph
        }
        known: dict[str, Any] = {
            "start_date": spec.dates,
            "end_date": spec.dates,
            "status": "failed" if spec.failed else "succeeded",
            "started": "2024-02-29T10:00:00Z",
            "graph": {alias: list(names) for alias, names in spec.graph.items()},
            "order": list(spec.graph),
            "features": features,
            "config": {"features": entries, "spark": dict(spec.settings)},
            "sample": spec.sample,
            "versions": dict(spec.versions),
            "outputs": [OutputRecord("report", f"{self.folder}/published/report")] if "report" in spec.graph else [],
            "error": next((ErrorRecord(why, feature=alias) for alias, why in spec.failed.items()), None),
            "code": stored.write_code(archive) if spec.keep_code else None,
        }
        stored.write_document(stored.new_document(**{**known, **spec.document}))
        if spec.keep_inputs:
            stored.write_inputs(_inputs(spec, keys))
        document = stored.document()
        return Run(stored, document, name=stored.run_id)

    def _feature(self, stored: StoredRun, spec: RunSpec, alias: str, key: Mapping[str, Any]) -> FeatureRecord:
        class_path = _class(spec, alias)
        said = spec.deterministic.get(alias, True)
        if alias in spec.failed:
            return FeatureRecord(class_path, True, "failed", error=ErrorRecord(spec.failed[alias]))
        if alias in spec.skipped:
            return FeatureRecord(class_path, True, "skipped")
        if alias in spec.lost:
            return FeatureRecord(class_path, state="succeeded", deterministic=said)
        manifest = self.keep(stored, alias, spec.value if alias in spec.other else spec.usual, key)
        return FeatureRecord(
            class_path, True, "succeeded", rows=manifest.rows, bytes=manifest.bytes, deterministic=said
        )  # fmt: skip

    def keep(self, stored: StoredRun, alias: str, value: int, key: Mapping[str, Any]) -> Manifest:
        """Writes the checkpoint of a feature: with values over 1, of the same columns; with 0 and 1, of other ones.

        With `NO_ROWS`, it has none.

        Frames that have no common column are compared without a look at their rows, which saves time.
        """
        folder = Path(stored.checkpoint_path(alias).removeprefix("file://"))
        folder.mkdir(parents=True)
        columns, content = _parquet(value)
        (folder / "part-0.parquet").write_bytes(content)
        rows, size = 0 if value == NO_ROWS else 3, len(content)
        file = DataFile("part-0.parquet", rows, size)
        manifest = Manifest(
            alias, stored.run_id, dict.fromkeys(columns, "bigint"), {}, rows, size, [file],
            key["parts"]["code"], {}, "2024-02-29T10:11:12Z", dict(key),
        )  # fmt: skip
        stored.write_manifest(alias, manifest)
        return manifest


@functools.cache
def _parquet(value: int) -> tuple[list[str], bytes]:
    columns = {"id": [1, 2, 3], "amount": [10, 20, 30 + value]} if value not in {0, 1} else {f"id_{value}": [1, 2, 3]}
    table = pa.table(columns)
    content = io.BytesIO()
    parquet.write_table(table.slice(0, 0) if value == NO_ROWS else table, content)
    return list(columns), content.getvalue()


def _class(spec: RunSpec, alias: str) -> str:
    return spec.classes.get(alias, f"plans.{alias.title()}")


@functools.cache
def _code(files: tuple[tuple[str, str], ...], classes: tuple[str, ...]) -> tuple[dict[str, Any], CodeArchive]:
    """Returns the fingerprint of each class, and the archive of the code."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files:
            Path(folder, name).write_text(text)
        project = Project(Path(folder))
        prints = Fingerprints(project)
        return {name: prints.of(name) for name in classes}, project.code_archive()


def _cache_keys(spec: RunSpec, prints: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for alias, upstreams in spec.graph.items():
        params = {**spec.params.get(alias, {}), **spec.values.get(alias, {})}
        objects = None if None in spec.objects.values() else _hash(sorted(spec.objects.items()))
        parts = {
            "code": prints[_class(spec, alias)],
            "params": {name: _hash(value) for name, value in params.items()},
            "sources": {} if upstreams else {"data": {"source": spec.source, "objects": objects}},
            "upstreams": {name: found[name]["hash"] for name in upstreams},
            "versions": dict(spec.versions),
            "dates": spec.dates,
            "settings": {name: _hash(value) for name, value in spec.settings.items()},
            "sample": spec.sample,
        }
        found[alias] = {"hash": _hash(parts), "parts": parts}
    return found


def _inputs(spec: RunSpec, keys: Mapping[str, Mapping[str, Any]]) -> RunInputs:
    data = SourceRecord(spec.source, tuple(ObjectRecord(path, 100, etag) for path, etag in spec.objects.items()))
    return RunInputs(
        {
            alias: FeatureInputs({name: name for name in upstreams} if upstreams else {"data": data}, keys[alias])
            for alias, upstreams in spec.graph.items()
        }
    )


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=repr).encode()).hexdigest()[:32]


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    return Pipeline(tmp_path)
