"""Pipelines as a user writes them."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import sys
import textwrap
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import spark_etl
from pyarrow import dataset, parquet
from pyspark import SparkContext
from pyspark.sql import SparkSession
from spark_etl.cli import main, run_main
from spark_etl.reading import Run, Runs
from spark_etl.sessions.classic import build_session

CLASS = re.compile(r"^class (\w+)\((.*)\):", re.MULTILINE)
NO_FEATURES = {"Source", "pa.DataFrameModel"}
RUNNER = Path(spark_etl.__file__).parents[1] / "spark_etl_runner.py"
NUMBERS = itertools.count()
TOKEN = "a-token-of-the-test"  # of the Spark Connect server
DAYS = [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
HEADER = """
from pyspark.sql import functions as F
from spark_etl import ConfiguredSparkFeature, S3PublishedSource, SparkFeature
"""
ORDERS = """
class Orders(SparkFeature):
    def __init__(self):
        self.sources = {"raw": %s}
    def transform(self, spark, start_date, end_date, raw):
        return raw
"""


class SharedSpark:
    """One SparkContext for all runs in this process, which leave it alone as they have found it.

    Tests of sessions and of contexts stop it and make their own; the next run that needs it starts it again.
    """

    def start(self) -> SparkSession:
        """Returns a new session: settings, views and functions of earlier ones are not in it."""
        if SparkContext._active_spark_context is None:
            # A worker that is used again has modules imported, which the next run may have changed.
            return build_session("tests", {"spark.python.worker.reuse": "false"})
        former = SparkSession._instantiatedSession
        assert former is not None
        former.catalog.clearCache()
        SparkSession._instantiatedSession = None  # so that the next one takes its place
        return former.newSession()

    def stop(self) -> None:
        """Stops whatever context there is."""
        if SparkContext._active_spark_context is not None:
            SparkSession.builder.getOrCreate().stop()


@dataclass(frozen=True)
class Ended:
    """How a run in this process ended."""

    code: int
    run: Run | None
    shown: str


@dataclass(frozen=True)
class Replayed:
    """How a replay in this process ended; without a verdict, it was refused."""

    code: int
    shown: str
    verdict: dict[str, Any]
    run: Run | None


class Pipeline:
    """A project of one module, published sources, and the runner over them."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str], spark: SharedSpark) -> None:
        self.folder = folder
        self.module = ""
        self.project = folder / "revenue"
        self.project.mkdir()
        self.scratch, self.publish, self.published = (folder / name for name in ("scratch", "publish", "published"))
        self.config = self.project / "feature_config.yaml"
        self.runs = Runs(str(self.scratch))
        self._capture = capture
        self._spark = spark

    def source(self, rows: int = 100, days: list[date] = DAYS) -> str:
        """Publishes `orders` for the days and returns the source's constructor."""
        for day in days:
            folder = self.published / "orders" / f"_dt={day}"
            folder.mkdir(parents=True)
            ids = list(range(rows))
            table = pa.table({"id": ids, "customer": [f"c{i % 7}" for i in ids], "amount": [i / 4 for i in ids]})
            parquet.write_table(table, folder / "part-0.parquet")
        return f'S3PublishedSource(base_s3_path={str(self.published)!r}, source_schema_id="orders")'

    def write(self, source: str, publish: dict[str, str] | None = None) -> None:
        """Writes the module; each class in it is a feature under its name in lower case."""
        self.module = f"features_{next(NUMBERS)}"  # a new one each time: this process has imported the one before
        self._write(source, publish)

    def edit(self, before: str, after: str) -> None:
        """Changes the module; the next run imports it anew."""
        file = self.project / f"{self.module}.py"
        text = file.read_text()
        assert before in text
        file.write_text(text.replace(before, after))
        sys.modules.pop(self.module, None)
        shutil.rmtree(self.project / "__pycache__", ignore_errors=True)

    def write_config_without_outputs(self) -> None:
        """Publishes nothing any more."""
        content = json.loads(self.config.read_text())
        self.config.write_text(json.dumps({"features": content["features"]}))

    def _write(self, source: str, publish: dict[str, str] | None) -> None:
        text = HEADER + textwrap.dedent(source)
        (self.project / f"{self.module}.py").write_text(text)
        names = [name for name, base in CLASS.findall(text) if base not in NO_FEATURES]
        features = {name.lower(): {"class": f"{self.module}.{name}"} for name in names}
        outputs = [
            {alias: {"path": path.rstrip("!"), "overwrite": path.endswith("!")}}
            for alias, path in (publish or {}).items()
        ]
        self.config.write_text(json.dumps({"features": features, "publish": {"s3": outputs}}))

    def argv(self, *more: str, start: str = "2024-02-29", end: str = "2024-02-29") -> list[str]:
        """Returns the arguments of the runner."""
        paths = ["--publish-path", f"{self.publish}/", "--scratch-path", f"{self.scratch}/"]
        dates = ["--start-date", start, "--end-date", end]
        return ["--team-name", "team", "--feature-config", str(self.config), *paths, *dates, *more]

    def run(self, *more: str, **dates: str) -> Ended:
        """Runs it in this process, on the shared context or on a Spark Connect server."""
        if "--remote" in more:
            self._spark.stop()
        else:
            self._spark.start()
        self._capture.readouterr()
        before = {run.id for run in self.runs}
        code = run_main(self.argv(*more, **dates))
        new = [run for run in self.runs if run.id not in before]
        return Ended(code, new[0] if new else None, self._capture.readouterr().err)

    def fixed(self, before: str, after: str, name: str = "fixed") -> str:
        """Returns a copy of the project with a change, for `--code`."""
        folder = self.folder / name
        shutil.copytree(self.project, folder, ignore=shutil.ignore_patterns("__pycache__"))
        file = folder / f"{self.module}.py"
        assert before in file.read_text()
        file.write_text(file.read_text().replace(before, after))
        return str(folder)

    def replay(self, name: str, *more: str) -> Replayed:
        """Replays on the shared context; the project's modules are imported anew, as their code is another."""
        out, code, shown = self.compute(name, *more)
        found = json.loads(out.splitlines()[-1]) if out.strip() else {}
        assert found.get("verdict") or code == 2, shown
        run = self.runs[found["path"].removeprefix("file://")] if found else None
        return Replayed(code, shown, found.get("verdict") or {}, run)

    def compute(self, name: str, *more: str) -> tuple[str, int, str]:
        """Replays on the shared context, and returns stdout, exit code and what was shown."""
        self._forget_modules()
        path = list(sys.path)
        self._spark.start()
        self._capture.readouterr()
        try:
            code = main(["replay", name, "--scratch-path", f"{self.scratch}/", "--json", *more])
        finally:
            sys.path[:] = path
            self._forget_modules()
        out, shown = self._capture.readouterr()
        return out, code, shown

    def _forget_modules(self) -> None:
        for file in self.project.glob("*.py"):
            sys.modules.pop(file.stem, None)

    def output(self, path: str) -> list[dict[str, Any]]:
        """Returns the rows published at a path."""
        table = dataset.dataset(self.publish / path, format="parquet").to_table()
        return sorted(table.to_pylist(), key=lambda row: str(sorted(row.items(), key=str)))
