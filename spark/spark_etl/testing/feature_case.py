"""One feature on rows that a test gives: what its sources would have read, without any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_etl.code.project import Project
from spark_etl.config import load_config
from spark_etl.dates import DateRange, parse_date
from spark_etl.errors import ArgumentError
from spark_etl.feature import ConfiguredSparkFeature, SparkFeature
from spark_etl.names import alternatives, listing
from spark_etl.reading import Checkpoint
from spark_etl.response import Response, check_declaration, check_expectations, check_schema, has_expectations
from spark_etl.runner.frames import check_writable, checked_frame
from spark_etl.runner.options import config_file, default_project
from spark_etl.source import Source
from spark_etl.storage import is_s3
from spark_etl.testing.tables import as_table, filled, refuse_unknown
from spark_etl.testing.values import first_line

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

DAY = date(2024, 2, 29)  # a day that finds more mistakes than others
Schema = str | Mapping[str, str]


class FeatureCase:
    """Computes features on given rows.

    Args:
        spark: Returns the session; it is asked when rows are there.
        checkpoints: Source → the checkpoint that it reads where the test gives no rows of it.
        config: The feature config that aliases are looked up in.
    """

    def __init__(
        self,
        spark: Callable[[], SparkSession],
        checkpoints: Mapping[str, Checkpoint] | None = None,
        config: Path | None = None,
    ) -> None:
        self._spark = spark
        self._checkpoints = dict(checkpoints or {})
        self._config = config

    def __call__(
        self,
        feature: type[SparkFeature] | SparkFeature | str,
        rows: Mapping[str, Any] | None = None,
        /,
        *,
        start_date: str | date = DAY,
        end_date: str | date | None = None,
        params: Mapping[str, Any] | None = None,
        schemas: Mapping[str, Schema] | None = None,
        **sources: Any,
    ) -> DataFrame:
        """Returns the feature's DataFrame, checked against its response as a run does it.

        What raises in `transform` is raised as it is. Rows that the response has rules for are computed once and kept.

        Args:
            feature: Its class, an instance, or its alias in the feature config.
            rows: Source → its rows: a list of dicts or tuples, a DataFrame of Spark or pandas, an Arrow table, a
                checkpoint, or a source to be read.
            start_date: First day that the feature is told.
            end_date: Last day, included; the first if not given.
            params: Keyword arguments of the class's `__init__`.
            schemas: Source → the types of its rows: `"id bigint, day date"`, or a mapping. If not given, those that
                the source declares, or the response of the feature that is read, if it is in the config; else types
                are found by the values.
            **sources: The same as `rows`.

        Raises:
            ArgumentError: A source has no rows, there is none of that name, or rows do not fit their types.
            ResponseError: Columns or rows are not what the feature's response promises.
        """
        __tracebackhide__ = True
        dates = _dates(start_date, end_date)
        graph = self._graph()
        made, alias = self._feature(feature, params or {}, graph)
        check_declaration(alias, made)
        given = {**self._checkpoints_of(made), **(rows or {}), **sources}
        _check_names(alias, made, given, schemas or {})
        spark = self._spark()
        frames = {
            name: self._frame(name, given[name], _types(name, source, schemas or {}, graph), dates)
            for name, source in made.sources.items()
        }
        return _checked(alias, made, made.transform(spark, dates.start, dates.end, **frames), spark)

    def _graph(self) -> dict[str, SparkFeature]:
        """Returns the features of the config by alias; nothing without a config."""
        if self._config is None:
            return {}
        file = config_file(self._config)
        config, project = load_config(file), Project(default_project(file))
        project.activate()
        return {
            alias: project.load_feature(alias, entry.class_path, entry.params)
            for alias, entry in config.features.items()
        }

    def _feature(
        self,
        feature: type[SparkFeature] | SparkFeature | str,
        params: Mapping[str, Any],
        graph: dict[str, SparkFeature],
    ) -> tuple[SparkFeature, str]:
        """Returns an instance, and what it is called."""
        if isinstance(feature, str):
            if self._config is None:
                hint = "set `feature_config = feature_config.yaml` in pytest's ini, or give the class"
                raise ArgumentError(f"`{feature}` is an alias, but no feature config is known", hint=hint)
            if feature not in graph:
                raise ArgumentError(f"{self._config} has no feature `{feature}`. {alternatives(feature, graph)}")
            return (type(graph[feature])(**params) if params else graph[feature]), feature
        if isinstance(feature, type) and issubclass(feature, SparkFeature):
            return feature(**params), feature.alias or feature.__name__
        if isinstance(feature, SparkFeature):
            return feature, feature.alias or type(feature).__name__
        raise ArgumentError(f"{feature!r} is no feature", hint="give a subclass of SparkFeature, or an alias")

    def _checkpoints_of(self, feature: SparkFeature) -> dict[str, Any]:
        """Returns the checkpoints of the sources that this feature has: a test may compute several features."""
        return {name: found for name, found in self._checkpoints.items() if name in feature.sources}

    def _frame(self, name: str, given: Any, types: Schema | None, dates: DateRange) -> DataFrame:
        """Returns the rows of a source as a DataFrame."""
        spark = self._spark()
        if isinstance(given, Source):
            given.inputs(dates)
            return given.read(spark, dates)
        if type(given).__module__.startswith("pyspark.sql") and hasattr(given, "toArrow"):
            frame: DataFrame = given
            return frame
        if isinstance(given, Checkpoint) and not is_s3(given.files_folder):
            return given.spark(spark)
        what = f"rows of `{name}`"
        if types is None:
            table = as_table(given, what)
            _refuse_void(table, name)
            return spark.createDataFrame(table)
        struct, schema = _spark_schema(types, what)
        table = as_table(given, what, schema)
        refuse_unknown(table, schema, what)
        return spark.createDataFrame(filled(table, schema, what), struct)


def _checked(alias: str, feature: SparkFeature, returned: Any, spark: SparkSession) -> DataFrame:
    """Returns what a feature has returned, checked as a run does it."""
    __tracebackhide__ = True
    frame = checked_frame(alias, returned, spark)
    check_schema(alias, feature, frame)
    check_writable(alias, frame)
    if not has_expectations(feature):
        return frame
    kept: DataFrame = spark.createDataFrame(frame.toArrow(), frame.schema)
    check_expectations(alias, feature, kept)
    return kept


def _dates(start: str | date, end: str | date | None) -> DateRange:
    first, last = (
        parse_date(day, name) if isinstance(day, str) else day
        for day, name in ((start, "start_date"), (start if end is None else end, "end_date"))
    )
    if last < first:
        hint = f'give start_date="{last}", end_date="{first}"'
        raise ArgumentError(f"end_date {last} is before start_date {first}", hint=hint)
    return DateRange(first, last)


def _check_names(alias: str, feature: SparkFeature, given: Mapping[str, Any], schemas: Mapping[str, Schema]) -> None:
    """Refuses rows and types of a source that there is not, and a source without rows."""
    for name in [*given, *schemas]:
        if name not in feature.sources:
            raise ArgumentError(f"feature `{alias}` has no source `{name}`. {alternatives(name, feature.sources)}")
    missing = [name for name in feature.sources if name not in given]
    if missing:
        raise ArgumentError(
            f"feature `{alias}` reads {listing(list(feature.sources))}, but no rows are given of {listing(missing)}",
            hint=f"give them: {missing[0]}=[{{…}}], or mark the test: @pytest.mark.checkpoint('latest/{missing[0]}')",
        )


def _types(name: str, source: Any, schemas: Mapping[str, Schema], graph: Mapping[str, SparkFeature]) -> Schema | None:
    """Returns the types of a source's rows: as the test says, as the source declares, or as a response promises."""
    if name in schemas:
        return schemas[name]
    declared = getattr(source, "schema", None)
    if isinstance(declared, str) and " " in declared.strip():
        return declared
    read = graph.get(name) if isinstance(source, ConfiguredSparkFeature) else None
    response = read.response if read is not None else None
    return response.columns if isinstance(response, Response) else None


def _spark_schema(types: Schema, what: str) -> tuple[Any, pa.Schema]:
    """Returns types as Spark's and as Arrow's schema."""
    from pyspark.errors import PySparkException
    from pyspark.sql.pandas.types import to_arrow_schema
    from pyspark.sql.types import StructType

    text = types if isinstance(types, str) else ", ".join(f"`{name}` {kind}" for name, kind in types.items())
    try:
        struct = StructType.fromDDL(text)
    except PySparkException as error:
        hint = 'write them as "id bigint, day date"'
        raise ArgumentError(f"{what}: {text!r} are no types: {first_line(error)}", hint=hint) from None
    return struct, to_arrow_schema(struct)


def _refuse_void(table: pa.Table, name: str) -> None:
    from pyarrow import types

    empty = [field.name for field in table.schema if types.is_null(field.type)]
    if empty:
        raise ArgumentError(
            f"rows of `{name}`: `{empty[0]}` has no value, so its type is not known",
            hint=f'give the types: schemas={{"{name}": "{empty[0]} string, …"}}',
        )
