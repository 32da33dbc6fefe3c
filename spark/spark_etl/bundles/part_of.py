"""A join-consistent part of frames, without Spark: of each frame the rows of the same keys.

`--sample` keeps the keys that a run with the same options keeps: by the hash of the key as text. A whole number is the
same text in each type. Of a time or a number with a fraction, the text may be another than Spark's; then the part has
other keys than such a run, but the same ones in each frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from spark_etl.bundles.xxhash import xxhash64
from spark_etl.errors import ArgumentError, CheckpointError
from spark_etl.parquet import open_parquet
from spark_etl.reading.part_files import first_line, read_errors
from spark_etl.sampling import BUCKETS, Sample
from spark_etl.storage import S3Settings, storage_for
from spark_etl.store import DataFile, Frame, FrameFile, SourceFile

MOST_KEYS = 1_000_000  # whose answer is remembered
BATCH_ROWS = 65_536
PARQUET = b"PAR1"
DELTA_LOG = "_delta_log"


class RowFilter:
    """Which rows belong to a sample.

    Args:
        sample: The sample.
    """

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._buckets: dict[str, bool] = {}
        self._wanted: dict[tuple[str, ...], frozenset[Any]] = {}

    def columns_in(self, names: Iterable[str]) -> dict[str, str]:
        """Returns key column → what a frame calls it; empty if it has none, and goes along whole."""
        return self._sample.columns_in(names)

    def apply(self, batch: Any, columns: Mapping[str, str]) -> Any:
        """Returns the rows of a record batch that belong to the sample."""
        import pyarrow as pa

        values = [_plain(batch.column(batch.schema.names.index(column))) for column in columns.values()]
        for column, found in zip(columns.values(), values, strict=True):
            if pa.types.is_nested(found.type):
                raise ArgumentError(
                    f"`{column}` is {found.type}: no key", hint="choose a column of plain values as key"
                )
        if self._sample.keys is None:
            mask = self._by_bucket(values[0])
        else:
            wanted = self._keys(tuple(columns), [value.type for value in values])
            rows = zip(*(value.to_pylist() for value in values), strict=True)
            mask = pa.array([row in wanted for row in rows], pa.bool_())
        return batch.filter(mask)

    def _by_bucket(self, values: Any) -> Any:
        encoded = values.dictionary_encode()
        chosen = [value is not None and self._is_chosen(value) for value in encoded.dictionary.to_pylist()]
        import pyarrow as pa

        return pa.array(chosen, pa.bool_()).take(encoded.indices).fill_null(False)

    def _is_chosen(self, value: Any) -> bool:
        text = key_text(value)
        known = self._buckets.get(text)
        if known is None:
            if len(self._buckets) >= MOST_KEYS:
                self._buckets.clear()
            known = xxhash64(text) % BUCKETS < round((self._sample.fraction or 0) * BUCKETS)
            self._buckets[text] = known
        return known

    def _keys(self, names: tuple[str, ...], kinds: list[Any]) -> frozenset[Any]:
        """Returns the keys as values of a frame's types; a key that is none of its type is in no row."""
        known = self._wanted.get((*names, *map(str, kinds)))
        if known is None:
            assert self._sample.keys is not None  # noqa: S101 - its caller looks
            table = self._sample.keys.table
            columns = [_cast(table.column(name), kind) for name, kind in zip(names, kinds, strict=True)]
            known = frozenset(row for row in zip(*columns, strict=True) if None not in row)
            self._wanted[*names, *map(str, kinds)] = known
        return known


def key_text(value: Any) -> str:
    """Returns a key as the text that is hashed, as Spark writes it: 7.0 in one frame is 7 in another."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    is_number = hasattr(value, "as_integer_ratio")  # int, float, Decimal
    try:
        return str(int(value)) if is_number and value == int(value) else str(value)
    except (ValueError, OverflowError):
        return str(value)


def part_of_frame(frame: Frame, keep: RowFilter, folder: Path, settings: S3Settings | None) -> Frame | None:
    """Returns the part of a frame that belongs to a sample, in a folder of this machine; None if it has no key.

    Raises:
        CheckpointError: A file can't be read.
    """
    columns = keep.columns_in(frame.manifest.own_columns)
    if not columns:
        return None
    files, written = [], []
    for number, file in enumerate(frame.files):
        target = folder / f"{number}.parquet"
        rows = _write(file.path, target, keep, columns, settings)
        files.append(FrameFile(file.name, f"file://{target}"))
        written.append(DataFile(file.name, rows, target.stat().st_size))
    rows, size = sum(file.rows for file in written), sum(file.bytes for file in written)
    manifest = replace(frame.manifest, files=written, rows=rows, bytes=size)
    return replace(frame, manifest=manifest, files=tuple(files))


def part_of_source(source: SourceFile, keep: RowFilter, target: Path, settings: S3Settings | None) -> SourceFile | None:
    """Returns the part of an object that belongs to a sample; None if it is no Parquet, or has no key."""
    if f"/{DELTA_LOG}/" in source.path or not _is_parquet(source.path, settings):
        return None
    with open_parquet(source.path, settings) as opened:
        columns = keep.columns_in(opened.schema_arrow.names)
    if not columns:
        return None
    _write(source.path, target, keep, columns, settings)
    return replace(source, path=f"file://{target}", bytes=target.stat().st_size)


def delta_tables(sources: Iterable[SourceFile]) -> set[str]:
    """Returns the folders of Delta tables, whose files have to be as their log says."""
    marked = (source.original_path.partition(f"/{DELTA_LOG}/") for source in sources)
    return {folder for folder, mark, _ in marked if mark}


def _is_parquet(path: str, settings: S3Settings | None) -> bool:
    return storage_for(path, settings).read(path, most=len(PARQUET)) == PARQUET


def _write(path: str, target: Path, keep: RowFilter, columns: Mapping[str, str], settings: S3Settings | None) -> int:
    """Writes the rows of a file that belong to a sample, and returns how many these are."""
    from pyarrow import parquet

    rows = 0
    try:
        with (
            open_parquet(path, settings) as opened,
            parquet.ParquetWriter(target, opened.schema_arrow, **_options(opened)) as writer,
        ):
            for batch in opened.iter_batches(batch_size=BATCH_ROWS):
                chosen = keep.apply(batch, columns)
                rows += chosen.num_rows
                writer.write_batch(chosen)
    except read_errors() as error:
        raise CheckpointError(f"{path}: no part of it can be taken: {first_line(error)}") from error
    return rows


def _options(opened: Any) -> dict[str, Any]:
    """Returns how a part of a file is written, so that readers find the types that the file has.

    Spark writes its timestamps as INT96; as another type they would be timestamps without a zone to it.
    """
    columns = opened.metadata.schema
    has_int96 = any(columns.column(place).physical_type == "INT96" for place in range(opened.metadata.num_columns))
    return {
        "write_page_checksum": True,
        "use_deprecated_int96_timestamps": has_int96,
        "store_schema": b"ARROW:schema" in (opened.metadata.metadata or {}),
    }


def _plain(column: Any) -> Any:
    import pyarrow as pa

    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _cast(column: Any, kind: Any) -> list[Any]:
    """Returns keys as values of a type, None for one that is none."""
    import pyarrow as pa

    texts = column.cast(pa.string()).combine_chunks()
    try:
        return list(texts.cast(kind).to_pylist())
    except pa.ArrowException:
        return [_cast_one(text, kind) for text in texts]


def _cast_one(text: Any, kind: Any) -> Any:
    import pyarrow as pa

    try:
        return text.cast(kind).as_py()
    except pa.ArrowException:
        return None
