"""A small run: of every source the rows of the same keys, so that joins still find their rows."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_etl.errors import ArgumentError, SparkEtlError
from spark_etl.names import alternatives, listing, quoted
from spark_etl.parquet import need_pyarrow
from spark_etl.storage import normalise, storage_for
from spark_etl.units import format_count

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

BUCKETS = 1_000_000
PARQUET_MAGIC = b"PAR1"


@dataclass(frozen=True)
class KeySet:
    """Keys to keep.

    Attributes:
        path: The file they come from.
        columns: The columns of a key.
        table: The keys, one a row; duplicates make no difference.
    """

    path: str
    columns: tuple[str, ...]
    table: pa.Table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def digest(self) -> str:
        """Returns a hash of the keys, the same in any order and file."""
        rows = {repr(row) for row in zip(*(column.to_pylist() for column in self.table.columns), strict=True)}
        whole = hashlib.sha256()
        for line in [repr([name.lower() for name in self.columns]), *sorted(rows)]:
            whole.update(line.encode() + b"\n")
        return f"sha256:{whole.hexdigest()}"


@dataclass(frozen=True)
class Sample:
    """Which rows of each source a run sees: those of some keys.

    Rows whose key is NULL are left out: they belong to no key, and there may be many.

    Attributes:
        fraction: The share of all keys to keep, from 0 to 1: which ones is the same each time, in every source.
        key: The column whose values are the keys of `fraction`.
        keys: The keys to keep, if they are given one by one.
    """

    fraction: float | None = None
    key: str | None = None
    keys: KeySet | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a key."""
        return self.keys.columns if self.keys else (self.key or "",)

    def columns_in(self, columns: Iterable[str]) -> dict[str, str]:
        """Returns key column → what a source calls it; letters may be small or capital."""
        known = list(columns)
        by_lower = {name.lower(): name for name in reversed(known)}
        found = {name: name if name in known else by_lower.get(name.lower(), "") for name in self.columns}
        return {name: column for name, column in found.items() if column}

    def check(self, sources: Mapping[str, Iterable[str]]) -> None:
        """Refuses a key that no source has.

        Args:
            sources: Each source with its columns.

        Raises:
            ArgumentError: None has it; the columns they do have are named.
        """
        given = {name: list(columns) for name, columns in sources.items()}
        have = {column for columns in given.values() for column in columns}
        for column in self.columns:
            if not any(column in self.columns_in(columns) for columns in given.values()):
                option = f"--keys {self.keys.path}" if self.keys else "--sample-key"
                each = "; ".join(f"{name}: {listing(columns)}" for name, columns in sorted(given.items()))
                raise ArgumentError(
                    f"{option} names `{column}`, which no source has. {alternatives(column, have)}",
                    hint=f"the sources have: {each or 'nothing'}",
                )

    def apply(self, frame: DataFrame) -> DataFrame:
        """Returns the rows of the sample; a frame with no column of the key as it is.

        Of a key of several columns, those that the frame has count.
        """
        columns = self.columns_in(frame.columns)
        if not columns:
            return frame
        if self.keys is not None:
            return _filter_by_keys(frame, self.keys, columns)
        return frame.where(_bucket(frame, columns[self.columns[0]]) < round((self.fraction or 0) * BUCKETS))

    def to_dict(self) -> dict[str, Any]:
        """Returns its description in run.json."""
        if self.keys is not None:
            return {"keys": self.keys.path, "columns": list(self.keys.columns), "rows": len(self.keys)}
        return {"fraction": self.fraction, "key": self.key}

    def summary(self) -> str:
        """Returns its description for people."""
        if self.keys is not None:
            return f"the rows of {format_count(len(self.keys), 'key')} ({', '.join(self.columns)})"
        return f"the rows of {self.fraction:.4g} of all `{self.key}`"

    def cache_key(self) -> str:
        """Returns a text that is the same for the same rows: made of the keys, not of the file they come from."""
        return f"keys {self.keys.digest()}" if self.keys else f"{self.fraction!r} of {(self.key or '').lower()}"


def _bucket(frame: DataFrame, column: str) -> Column:
    """Returns which of the buckets a row's key falls into; NULL for none."""
    from pyspark.sql import functions as F  # noqa: N812 - as everyone calls it

    key = frame[quoted(column)]
    text = key.cast("string")
    if dict(frame.dtypes)[column].split("(")[0] in {"float", "double", "decimal"}:
        whole = F.when(key == F.floor(key), key.try_cast("decimal(38,0)").cast("string"))
        text = F.coalesce(whole, text)  # 7.0 in one source is 7 in another
    return F.when(text.isNotNull(), F.pmod(F.xxhash64(text), F.lit(BUCKETS)))


def _filter_by_keys(frame: DataFrame, keys: KeySet, columns: Mapping[str, str]) -> DataFrame:
    """Returns the rows that have one of the keys, which take the frame's type: filters are still pushed down."""
    from pyspark.sql import functions as F  # noqa: N812

    types = dict(frame.dtypes)
    names = {name: f"_key_{position}" for position, name in enumerate(columns)}
    wanted = frame.sparkSession.createDataFrame(keys.table.select(list(columns)))
    wanted = wanted.select(
        *(
            F.col(quoted(name)).cast("string").try_cast(types[columns[name]]).alias(short)
            for name, short in names.items()
        )
    ).distinct()
    condition = [frame[quoted(columns[name])] == wanted[short] for name, short in names.items()]
    return frame.join(F.broadcast(wanted), condition, "left_semi")


def make_sample(
    fraction: str | None, key: str | None, keys_file: str | None, *, default_key: str | None = None
) -> Sample | None:
    """Returns the sample that `--sample FRACTION --sample-key COLUMN` or `--keys FILE` asks for; None without them.

    Args:
        fraction: The share, as given.
        key: The column, as given.
        keys_file: The file, as given.
        default_key: The config's `sample_key`, used without the option.

    Raises:
        ArgumentError: They don't fit together, or the file can't be used.
    """
    key = key or (default_key if fraction else None)
    if keys_file is not None:
        if fraction is not None or key is not None:
            other = "--sample" if fraction is not None else "--sample-key"
            hint = "the header of the file names the columns"
            raise ArgumentError(f"--keys and {other} exclude each other", hint=hint)
        return Sample(keys=read_keys(keys_file))
    if fraction is None and key is None:
        return None
    if fraction is None:
        raise ArgumentError(
            f"--sample-key {key} without --sample", hint=f"add a share: `--sample 0.01 --sample-key {key}`"
        )
    share = _fraction(fraction)
    if not key:
        raise ArgumentError(
            "--sample needs a key column, which selects the same keys in every source",
            hint=f"add one: `--sample {fraction} --sample-key customer_id`",
        )
    return Sample(fraction=share, key=key)


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 1 / BUCKETS <= value <= 1:
        hint = f"one in a hundred: `--sample 0.01` (at least {1 / BUCKETS:f})"
        if 1 < value <= 100:
            hint = f"{text} percent: `--sample {value / 100:g}`"
        raise ArgumentError(f"--sample {text!r} is no share of the keys: it must be above 0 and at most 1", hint=hint)
    return value


def read_keys(path: str) -> KeySet:
    """Returns the keys of a CSV file, whose first row names the columns, or of a Parquet file.

    Raises:
        ArgumentError: It is not there, not readable, or has no keys.
    """
    try:
        where = normalise(path)
        content = storage_for(where).read(where)
        need_pyarrow()
    except (SparkEtlError, OSError) as error:
        raise ArgumentError(f"--keys {path} can't be read: {error}") from error
    if content is None:
        raise ArgumentError(f"--keys {path}: there is no such file")
    table = _from_parquet(path, content) if content.startswith(PARQUET_MAGIC) else _from_csv(path, content)
    columns = tuple(table.column_names)
    if not columns or not all(columns) or len({name.lower() for name in columns}) < len(columns):
        given = ", ".join(map(repr, columns)) or "none"
        raise ArgumentError(
            f"--keys {path}: each column needs a name, and no two the same. The names are {given}",
            hint="the first row names the columns: customer_id",
        )
    if not table.num_rows:
        raise ArgumentError(f"--keys {path} has no keys, only their names: {', '.join(columns)}")
    return KeySet(path, columns, table)


def _from_parquet(path: str, content: bytes) -> pa.Table:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise ArgumentError(f"--keys {path} is no whole Parquet file: {error}") from error


def _from_csv(path: str, content: bytes) -> pa.Table:
    """Returns the table as texts, so that `007` stays what it is; an empty cell is NULL, which no row has."""
    import pyarrow as pa

    try:
        rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ArgumentError(f"--keys {path} is neither CSV in UTF-8 nor Parquet: {error}") from error
    if not rows:
        raise ArgumentError(f"--keys {path} is empty", hint="the first row names the columns: customer_id")
    header = [name.strip() for name in rows[0]]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise ArgumentError(f"--keys {path}: row {number} has {len(row)} cells, the header {len(header)}")
    cells = [[row[position].strip() or None for row in rows[1:]] for position in range(len(header))]
    return pa.Table.from_arrays([pa.array(column, pa.string()) for column in cells], names=header)
