"""Files as they lie in a store, and those of Parquet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spark_etl.dates import DateRange
from spark_etl.errors import ConfigError
from spark_etl.schemas.footers import parquet_schema_reader
from spark_etl.schemas.foreign import Conversion, Convert
from spark_etl.schemas.types import FileSchema
from spark_etl.source import InputObject, Source, select_columns, source_key
from spark_etl.sources.declared_types import find_type_fault
from spark_etl.sources.drift import UNION
from spark_etl.sources.faults import Fault
from spark_etl.sources.file_schemas import no_schema
from spark_etl.sources.folder_values import declared_types
from spark_etl.sources.locations import Location, refuse_unreadable
from spark_etl.sources.reader import CHECKED, file_reader
from spark_etl.sources.source_files import Reading, SourceFiles
from spark_etl.sources.templates import check_path
from spark_etl.storage import normalise

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class FileSource(Source):
    """Files of one format; what is found before Spark starts is what is read.

    Args:
        path: A folder, a file, or a pattern: `*` and `?` stand for any letters within a name, `{date}` for each day of
            the run, `{start_date}` and `{end_date}` for its first and last; `{date:%Y/%m/%d}` writes a day otherwise.
            Several paths are read as one. Folders `name=value` below the path, or from the first placeholder on, become
            columns; they are texts, unless the schema gives them another type.
        schema: Columns and types as in `CREATE TABLE`: `order_id bigint, day date`. Without one, that of the files,
            which has to be the same. With `union` what a file lacks is NULL, and numbers become the larger type.
        options: Options of Spark's reader for this format.
        select_cols: Columns to keep; all if not given.
    """

    format = ""
    defaults: Mapping[str, Any] = {}
    convert: Convert | None = None

    def __init__(
        self,
        path: str | Sequence[str],
        *,
        schema: str | None = None,
        options: Mapping[str, Any] | None = None,
        select_cols: Sequence[str] | None = None,
    ) -> None:
        self.paths = [path] if isinstance(path, str) else list(path)
        if not self.paths:
            raise ConfigError(f"{type(self).__name__} has no path")
        for one in self.paths:
            check_path(one)
        self.schema = schema
        self.options = dict(options or {})
        self.select_cols = list(select_cols) if select_cols else None
        self._found: dict[DateRange, SourceFiles] = {}

    def __repr__(self) -> str:
        path: Any = self.paths[0] if len(self.paths) == 1 else self.paths
        named = {name: getattr(self, name) for name in ("schema", "options", "select_cols", "convert")}
        return source_key(self, path, **named)

    def inputs(self, dates: DateRange) -> list[InputObject]:
        """Returns the files of all paths and days; see `Source.inputs`.

        Raises:
            SchemaDriftError: They do not have the same columns, and `schema` says nothing of it.
        """
        base = self._option("basePath")
        found = [
            (normalise(base) if base else Location(path).base(dates), self._files_at(path, dates))
            for path in self.paths
        ]
        refuse_unreadable(item.path for _, files in found for item, _ in files)
        self._check_content([item for _, files in found for item, _ in files])
        parts = [(base, {item.path: label for item, label in files}) for base, files in found]
        self._found[dates] = SourceFiles(repr(self), parts, self._reading())
        return [item for _, files in found for item, _ in files]

    def _files_at(self, path: str, dates: DateRange) -> list[tuple[InputObject, str]]:
        return [(item, label) for item, label in Location(path).files(dates) if self.is_pinned(item.path)]

    def _check_content(self, files: Sequence[InputObject]) -> None:
        """Refuses files that can be seen not to be of this format, before Spark starts."""

    def find_fault(self, path: str, record: str | None = None) -> Fault | None:  # noqa: ARG002 - of texts only
        """Returns where a file does not fit what it is read with; None if that is not found.

        Args:
            path: One of the files that `inputs` returns.
            record: The row that Spark says it can't read.
        """
        return None

    def _reading(self) -> Reading:
        return Reading(
            self._schema_reader(),
            union=self._union,
            only=self.select_cols,
            declared=self._is_declared,
            types=declared_types(self.schema) if self._is_declared else {},
            sample_all=not self._is_declared,
        )

    @property
    def _is_declared(self) -> bool:
        return self.schema not in {None, UNION}

    @property
    def _union(self) -> bool:
        return self.schema == UNION

    def _schema_reader(self) -> Callable[[str], FileSchema | None] | None:
        """Returns the function that reads the columns of a file; None where only Spark can."""
        return no_schema

    def locations(self, dates: DateRange) -> list[str]:
        """Returns each path with the patterns in it, of other days than the run's, too; see `Source.locations`."""
        return [Location(path).pattern_of_any_day(dates) for path in self.paths]

    def read(self, spark: SparkSession, dates: DateRange) -> DataFrame:
        """Returns the files as one DataFrame; see `Source.read`."""
        if dates not in self._found:
            self.inputs(dates)
        read = file_reader(
            spark, self.format, {**self.defaults, **self.options}, self.schema if self._is_declared else None
        )
        return select_columns(self._found[dates].frame(read), self.select_cols, repr(self))

    def _option(self, name: str) -> Any:
        """Returns an option, whose name may be in small or capital letters."""
        return self._known_options.get(name.lower())

    @property
    def _known_options(self) -> dict[str, Any]:
        return {name.lower(): value for name, value in {**self.defaults, **self.options}.items()}

    def _is_enabled(self, name: str) -> bool:
        return str(self._option(name)).lower() == "true"


class ParquetSource(FileSource):
    """Parquet files; see `FileSource`.

    Args:
        path: See `FileSource`.
        convert: What becomes of columns of types that Spark lacks: timestamps in nanoseconds, times, half floats,
            UUIDs, decimals of more than 38 digits. True for all of them; `truncate` for all, without the digits beyond
            microseconds; `{"column": True}` for some, `{"column": "bigint"}` for another way (docs/sources.md has
            them). Without it they are refused.
        more: See `FileSource`.
    """

    format = "parquet"
    defaults = CHECKED

    def find_fault(self, path: str, record: str | None = None) -> Fault | None:  # noqa: ARG002
        """Returns the first column whose type the schema gives otherwise than Spark can read; see `FileSource`."""
        return find_type_fault(path, declared_types(self.schema)) if self._is_declared else None

    def __init__(self, path: str | Sequence[str], *, convert: Convert | None = None, **more: Any) -> None:
        super().__init__(path, **more)
        if convert and self._is_declared:
            raise ConfigError(
                f"ParquetSource({path!r}): `convert` goes by the types of the files, and `schema` gives others",
                hint="leave out schema=, or cast in the feature",
            )
        self.convert = convert
        self._conversion = Conversion(convert)

    @property
    def _union(self) -> bool:
        return super()._union or self._is_enabled("mergeSchema")

    def _reading(self) -> Reading:
        return replace(super()._reading(), conversion=self._conversion, sample_all=False)

    def _schema_reader(self) -> Callable[[str], FileSchema | None] | None:
        return parquet_schema_reader(self._known_options)
