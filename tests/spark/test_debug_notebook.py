"""The debug notebook: its cells, run one after the other, give the rows of a replay; edits of cells and files count."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark import cloudpickle
from pyspark.sql import functions as F  # noqa: N812 - as everyone calls it
from spark_etl.debugging.notebook import debugger, inputs
from spark_etl.debugging.notebook.notebook_file import write_debug_notebook
from spark_etl.debugging.recorded import SourceChangedError
from spark_etl.errors import ArgumentError, RunFailedError
from spark_etl.reading import Run
from spark_etl.sessions.classic import build_session
from spark_etl.sessions.connect import CONNECT_MODE

from tests.spark.generated import DAYS, MUTATIONS, Generated, Variant, all_at_once
from tests.spark.support import ORDERS, TOKEN, Pipeline, SharedSpark

OUTPUTS = {"replay", "patch"}


class Kernel:
    """A process that executes the cells of one debug notebook: this one, which forgets it in the end."""

    def __init__(self, run: Run, feature: str, home: Path) -> None:
        made = write_debug_notebook(run, feature, home, scratch=run.stored.scratch)
        self.path, self.folder = home / made.path, home / made.folder
        self.names: dict[str, Any] = {"__name__": "__main__"}

    @property
    def notebook(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.path.read_text())
        return content

    def cells(self) -> dict[str, str]:
        """Returns part → text of the code cells, in their order."""
        cells = [cell for cell in self.notebook["cells"] if cell["cell_type"] == "code"]
        return {cell["metadata"]["sandbox_debug"]["part"]: cell["source"] for cell in cells}

    def run_all(self, *, without: Iterable[str] = OUTPUTS) -> dict[str, Any]:
        for part, text in self.cells().items():
            if part not in without:
                exec(compile(text, part, "exec"), self.names)  # noqa: S102 - as a kernel does
        return self.names

    def run_cell(self, part: str) -> Any:
        """Executes a cell of one expression and returns its value."""
        return eval(self.cells()[part], self.names)  # noqa: S307 - as a kernel does

    def edit(self, before: str, after: str) -> None:
        """Changes a cell in the file, as JupyterLab saves it."""
        content = self.notebook
        (cell,) = [each for each in content["cells"] if each["cell_type"] == "code" and before in each["source"]]
        cell["source"] = cell["source"].replace(before, after)
        self.path.write_text(json.dumps(content))

    def save(self, file: str, before: str, after: str) -> None:
        """Changes a file in the notebook's folder."""
        path = self.folder / file
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))


class Kernels:
    """Opens one kernel after the other in this process."""

    def __init__(self, home: Path, spark: SharedSpark) -> None:
        self._home, self._spark = home, spark
        self._path = list(sys.path)
        self._modules = set(sys.modules)

    def open(self, run: Run, feature: str, *, new_session: bool = True) -> Kernel:
        self.forget()
        if new_session:
            self._spark.start()
        return Kernel(run, feature, self._home)

    def forget(self) -> None:
        """Forgets what the kernel before has imported."""
        sys.path[:] = self._path
        for name in sys.modules.keys() - self._modules:
            if str(self._home) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
        for name in ("features", "fakelib"):
            sys.modules.pop(name, None)
        for name in cloudpickle.list_registry_pickle_by_value():
            cloudpickle.cloudpickle._PICKLE_BY_VALUE_MODULES.discard(name)


@pytest.fixture
def kernels(tmp_path: Path, shared_spark: SharedSpark, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernels]:
    for name in ("SANDBOX_CONNECT_URL", "SPARK_REMOTE", "SPARK_MASTER_URL", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    opened = Kernels(home, shared_spark)
    yield opened
    opened.forget()


def as_moment(value: Any) -> Any:
    """Returns a value that is the same for one moment in any time zone."""
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value


def rows(table: pa.Table) -> Counter[str]:
    return Counter(repr([as_moment(value) for value in row.values()]) for row in table.to_pylist())


def check_same(frame: Any, run: Run, feature: str) -> None:
    """Columns, types and rows are those of the run, which a replay has as well."""
    expected = run[feature]
    assert dict(frame.dtypes) == expected.schema, feature
    assert rows(frame.toArrow()) == rows(expected.arrow()), feature


@pytest.fixture
def without_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is shown of frames: with many features, that takes most of the time."""
    monkeypatch.setattr(debugger, "head_of", lambda frame, *_, **__: frame.dtypes)


def test_every_feature_of_the_sample_pipeline(sample_run: Run, kernels: Kernels, without_heads: None) -> None:
    features = list(sample_run.features)
    assert len(features) == 12
    for feature in features:
        check_same(kernels.open(sample_run, feature, new_session=False).run_all()["result"], sample_run, feature)


def test_every_feature_of_a_generated_pipeline(pipeline: Pipeline, kernels: Kernels, without_heads: None) -> None:
    steps = [each for each in MUTATIONS if each.kind != "random or clock"]
    nodes = all_at_once(steps)
    libraries = pipeline.folder / "libraries"
    Generated(pipeline.project, pipeline.published, libraries, nodes).write(Variant())
    aliases = [node.alias for node in nodes]
    ended = pipeline.run("--checkpoint", *aliases, start=DAYS[0], end=DAYS[0])
    assert ended.run is not None, ended.shown
    forget(pipeline)
    for alias in aliases:
        kernel = kernels.open(ended.run, alias, new_session=False)
        sys.path.append(str(libraries / "1"))
        check_same(kernel.run_all()["result"], ended.run, alias)


SHAPES = """
import helpers_NUMBER
from helpers_NUMBER import twice

LEAST = 90

class Clean(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.where("id % 2 = 0")

class Early(SparkFeature):
    def __init__(self):
        super().__init__()
        self.sources = {"clean": ConfiguredSparkFeature(), "raw": SOURCE}
    def plus(self, value):
        return twice(value) + LEAST
    def transform(self, spark, start_date, end_date, clean, raw):
        if start_date > end_date:
            return clean
        more = F.udf(self.plus, "long")
        return clean.where(F.col("id") > LEAST).withColumn("more", more("id")).join(raw.select("id"), "id", "left_semi")

class Keywords(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature(), "clean": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, **frames):
        kept = frames["orders"].join(frames["clean"].select("id"), "id", "left_anti")
        return kept.where(F.col("id") > LEAST)

class Base(SparkFeature):
    def __init__(self):
        self.sources = {"clean": ConfiguredSparkFeature()}
    def least(self):
        return 50
    def transform(self, spark, start_date, end_date, clean):
        bound = self.least()
        doubled = F.udf(helpers_NUMBER.twice, "long")
        return clean.where(F.col("id") > bound).withColumn("twice", doubled("id"))

class Inherited(Base):
    def least(self):
        return LEAST

class Share(SparkFeature):
    def __init__(self):
        self.sources = {"clean": ConfiguredSparkFeature(), "raw": SOURCE}
    def transform(self, spark, start_date, end_date, clean, raw):
        # What each customer has of all.
        totals = clean.groupBy("customer").agg(F.sum("amount").alias("total"))
        share = F.udf(lambda total: 1 / (total - 98.0), "double")
        return totals.withColumn("share", share("total"))
"""
HELPERS = """
FACTOR = 2


def twice(value):
    return value * FACTOR
"""


def write_shapes(pipeline: Pipeline) -> str:
    """Writes the pipeline, and returns the name of its module of helpers."""
    source = pipeline.source()
    number = str(len(list(pipeline.project.parent.parent.glob("**/helpers_*.py")))) + pipeline.folder.name[-1]
    text = ORDERS % source + SHAPES.replace("SOURCE", source).replace("NUMBER", number)
    (pipeline.project / f"helpers_{number}.py").write_text(HELPERS)
    pipeline.write(text)
    return f"helpers_{number}"


def forget(pipeline: Pipeline) -> None:
    """Forgets the project itself, whose modules the runner has imported into this process."""
    for file in pipeline.project.glob("*.py"):
        sys.modules.pop(file.stem, None)
    sys.path[:] = [entry for entry in sys.path if entry != str(pipeline.project)]


def ran(pipeline: Pipeline, *keep: str, code: int = 0) -> Run:
    ended = pipeline.run("--checkpoint", *keep)
    assert ended.run is not None, ended.shown
    assert ended.code == code, ended.shown
    forget(pipeline)
    return ended.run


def test_transforms_of_other_shapes(pipeline: Pipeline, kernels: Kernels, capfd: pytest.CaptureFixture[str]) -> None:
    write_shapes(pipeline)
    features = ("early", "keywords", "base", "inherited")
    run = ran(pipeline, "orders", "clean", *features)
    whole = {}
    for feature in features:
        kernel = kernels.open(run, feature)
        names = kernel.run_all()
        check_same(names["result"], run, feature)
        whole[feature] = [part for part in kernel.cells() if part.startswith("transform:")]
    assert whole["early"] == ["transform:0"], "an early return is one cell"
    assert len(whole["base"]) == 3
    shown = capfd.readouterr().out
    assert "Spark in this process" in shown or "a driver of its own: no Spark Connect server is named here" in shown


def test_a_failure_is_mended_in_a_cell(pipeline: Pipeline, kernels: Kernels, capfd: pytest.CaptureFixture[str]) -> None:
    write_shapes(pipeline)
    run = ran(pipeline, "clean", "share", code=5)
    kernel = kernels.open(run, "share")
    names = kernel.run_all(without={*OUTPUTS, "result"})
    assert names["raw"].count() == 100, "the source's rows, of the run's days"
    fails_late = F.when(F.col("id") < 50, 1).otherwise(F.raise_error(F.lit("late")))
    late = names["spark"].range(100).select(fails_late.alias("x"))
    assert names["debug"].head(late).rows == 100, "neither the count nor the first rows come to the late ones"
    with pytest.raises(RunFailedError, match=r"not all rows can be computed: .*late"):
        names["debug"].head(late, every_row=True)
    assert kernel.cells()["result"].endswith(", every_row=True)")
    with pytest.raises(RunFailedError, match="ZeroDivisionError") as shown:
        kernel.run_cell("result")
    assert len(shown.value._render_traceback_()[0].splitlines()) < 25
    nothing = kernel.run_cell("patch")
    assert not nothing
    assert "nothing is edited" in repr(nothing)

    kernel.edit("1 / (total - 98.0)", "1 / ((total - 98.0) or 1)")
    kernel.save(f"{pipeline.module}.py", "LEAST = 90", "LEAST = 91")
    with pytest.raises(ArgumentError, match="edited in the cells and in"):
        kernel.run_cell("patch")
    kernel.save(f"{pipeline.module}.py", "LEAST = 91", "LEAST = 90")
    kernel.run_all()
    assert kernel.names["debug"].head(kernel.names["result"]).rows == 7
    patch = kernel.run_cell("patch")
    assert "-        share = F.udf(lambda total: 1 / (total - 98.0)" in patch.text
    assert patch.path == kernel.path.with_suffix(".patch")
    assert patch.path.read_text() == patch.text
    assert f'<a href="{patch.path.name}" download=' in patch._repr_html_()
    replay = kernel.run_cell("replay")
    assert replay.answer == "no longer fails", replay
    assert replay.run.document.replay.code == f"the notebook {kernel.path.relative_to(Path.cwd())}"
    assert replay.run["share"].rows == 7


def test_what_has_no_rows_is_computed_when_it_is_asked_for(
    pipeline: Pipeline, kernels: Kernels, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_shapes(pipeline)
    run = ran(pipeline, "orders", "keywords")
    started: list[object] = []
    said: list[str] = []

    def in_this_process(run: str, feature: str, options: dict[str, Any]) -> tuple[str, int, str]:
        started.append(options["--compute"])
        said.append(capfd.readouterr().out)
        modules = dict(sys.modules)
        made = pipeline.compute(f"{run.removeprefix('file://')}/{feature}", "--compute", options["--compute"])
        sys.modules.update(modules)  # which another process would not have touched
        return made

    monkeypatch.setattr(inputs, "run_replay", in_this_process)
    kernel = kernels.open(run, "keywords")
    names = kernel.run_all(without={part for part in kernel.cells() if part != "setup"})
    assert names["debug"].input("orders").count() == 100
    assert started == [], "nothing is computed for what has rows"
    names = kernel.run_all()
    assert started == ["clean"]
    check_same(names["result"], run, "keywords")
    assert "`clean` is computed with the run's own code, in a process of its own" in said[0]
    capfd.readouterr()
    check_same(kernels.open(run, "keywords").run_all()["result"], run, "keywords")
    assert started == ["clean"], "the next kernel finds what was computed"
    assert "`clean` was computed before, by the replay" in capfd.readouterr().out


def test_a_source_that_has_changed_is_read_only_when_that_is_said(pipeline: Pipeline, kernels: Kernels) -> None:
    write_shapes(pipeline)
    run = ran(pipeline, "orders", "clean")
    folder = pipeline.published / "orders" / "_dt=2024-02-29"
    shutil.copy(folder / "part-0.parquet", folder / "part-1.parquet")  # later than the run
    check_same(kernels.open(run, "orders").run_all()["result"], run, "orders")
    (folder / "part-1.parquet").unlink()
    shutil.copy(pipeline.published / "orders" / "_dt=2024-02-28" / "part-0.parquet", folder / "part-0.parquet")
    kernel = kernels.open(run, "orders")
    with pytest.raises(SourceChangedError, match=r"part-0.parquet \(other content\)") as raised:
        kernel.run_all()
    assert raised.value.hint == '.debugger("orders", allow_changed_sources=True) reads it as it is now'
    debug = run.debugger("orders", allow_changed_sources=True)
    assert debug.input("raw").count() == 100


def test_a_saved_helper_counts_from_the_next_cell_on_in_workers_too(
    pipeline: Pipeline, kernels: Kernels, shared_spark: SharedSpark
) -> None:
    helpers = write_shapes(pipeline)
    run = ran(pipeline, "clean", "base", "inherited")
    shared_spark.stop()
    build_session("tests", {"spark.python.worker.reuse": "true"}, "local[1]")  # one worker, which stays
    try:
        kernel = kernels.open(run, "inherited", new_session=False)
        names = kernel.run_all()
        check_same(names["result"], run, "inherited")  # the worker has imported the helpers
        assert names["twice"].__code__.co_filename == str(kernel.folder / f"{helpers}.py"), "a breakpoint stops there"

        kernel.save(f"{helpers}.py", "FACTOR = 2", "FACTOR = 3")
        kernel.save(f"{helpers}.py", "value * FACTOR", "value * FACTOR + 1")
        kernel.run_all(without={*OUTPUTS, "setup"})

        names = kernel.names
        assert [row.twice - 3 * row.id for row in names["result"].collect()] == [1] * names["result"].count()
        assert names["twice"](1) == 4, "also where it was imported by its name"
        assert names["twice"].__code__.co_filename == str(kernel.folder / f"{helpers}.py")
        assert kernel.run_cell("patch").text.count(f"{helpers}.py") == 4
    finally:
        shared_spark.stop()


def test_settings_and_sample_are_those_of_the_run(pipeline: Pipeline, kernels: Kernels) -> None:
    write_shapes(pipeline)
    content = json.loads(pipeline.config.read_text())
    pipeline.config.write_text(json.dumps({**content, "spark": {"spark.sql.session.timeZone": "Asia/Tokyo"}}))
    run = ran(pipeline, "orders", "clean", "--sample", "0.3", "--sample-key", "id")
    kernel = kernels.open(run, "orders")
    names = kernel.run_all()
    assert 10 < names["raw"].count() < 60
    check_same(names["result"], run, "orders")
    assert names["spark"].conf.get("spark.sql.session.timeZone") == "Asia/Tokyo"
    assert names["spark"].conf.get("spark.sql.parquet.outputTimestampType") == "TIMESTAMP_MICROS"
    first = sys.modules[pipeline.module].__file__
    with pytest.raises(ArgumentError, match=f"has imported the module {pipeline.module} from {first}"):
        Kernel(run, "clean", Path.cwd()).run_all()


def test_spark_connect_serves_what_needs_no_driver_of_its_own(
    pipeline: Pipeline,
    kernels: Kernels,
    server: str,
    shared_spark: SharedSpark,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    helpers = write_shapes(pipeline)
    run = ran(pipeline, "clean", "base", "early")
    shared_spark.stop()
    monkeypatch.setenv("SANDBOX_CONNECT_URL", server)
    monkeypatch.setenv("SANDBOX_CONNECT_TOKEN", TOKEN)
    monkeypatch.setenv(CONNECT_MODE, "")  # so that it is as it was in the end
    kernel = kernels.open(run, "base", new_session=False)
    try:
        check_same(kernel.run_all()["result"], run, "base")
        assert "a Spark Connect session: nothing of the run needs a driver of its own" in capfd.readouterr().out
        kernel.save(f"{helpers}.py", "FACTOR = 2", "FACTOR = 3")
        names = kernel.run_all(without={*OUTPUTS, "setup"})
        assert {row.twice - 3 * row.id for row in names["result"].collect()} == {0}, "not what its worker has imported"
        early = kernels.open(run, "early", new_session=False)
        check_same(early.run_all()["result"], run, "early")
    finally:
        kernel.names["spark"].stop()
