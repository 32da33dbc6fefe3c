"""The files that a snapshot is made of: of one format, and in UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spark_etl.errors import ArgumentError
from spark_etl.names import listing
from spark_etl.printable import printable
from spark_etl.snapshots.options import ReadOptions
from spark_etl.storage.base import CHUNK
from spark_etl.transfer.local_files import LocalFile, LocalFiles

CSV, JSON, PARQUET = "CSV", "JSON", "Parquet"
ENDINGS = {
    "csv": CSV,
    "tsv": CSV,
    "txt": CSV,
    "json": JSON,
    "jsonl": JSON,
    "ndjson": JSON,
    "parquet": PARQUET,
    "parq": PARQUET,
}
COMPRESSED = {"gz": b"\x1f\x8b", "zst": b"\x28\xb5\x2f\xfd"}  # an ending → the bytes that such a file begins with
UTF8 = {"utf-8", "ascii", "utf-8-sig"}
MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
SHOWN = 60


@dataclass(frozen=True)
class Inputs:
    """Files of one format.

    Attributes:
        kind: The format.
        files: The files as the user has them.
        paths: What is read: themselves, or copies of them in UTF-8.
    """

    kind: str
    files: Sequence[LocalFile]
    paths: Sequence[Path]

    def name_of(self, text: str) -> str:
        """Returns a message in which copies are called as their originals."""
        for file, path in zip(self.files, self.paths, strict=True):
            text = text.replace(str(path), str(file.path))
        return text


def format_of(name: str) -> str | None:
    """Returns the format of a file by its name; None if it is none of those that are read."""
    parts = name.lower().rsplit("/", 1)[-1].split(".")
    if len(parts) > 2 and parts[-1] in COMPRESSED:
        parts.pop()
    return ENDINGS.get(parts[-1]) if len(parts) > 1 else None


def is_compressed(name: str) -> bool:
    """Returns whether a file is compressed as a whole, by its name."""
    return name.lower().rsplit(".", 1)[-1] in COMPRESSED


def snapshot_inputs(found: LocalFiles, options: ReadOptions, folder: Path) -> Inputs:
    """Returns the files of a snapshot.

    Args:
        found: What the user has named.
        options: How they are read.
        folder: Takes copies in UTF-8.

    Raises:
        ArgumentError: They are of several formats, or of none that is read, empty, or in another encoding.
    """
    kind = _one_format(found)
    empty = [file for file in found.files if not file.size]
    if empty:
        raise ArgumentError(f"{_shown(empty[0])} is empty (0 bytes)", hint="write it again, or leave it out")
    if options.of_csv and kind != CSV:
        raise ArgumentError(
            f"{options.of_csv[0]} is for CSV, and this is {kind}", hint=f"leave out {options.of_csv[0]}"
        )
    if kind == PARQUET and options.encoding not in UTF8:
        raise ArgumentError("--encoding is for CSV and JSON, and this is Parquet", hint="leave out --encoding")
    if kind == PARQUET or options.encoding in UTF8:
        return Inputs(kind, found.files, [file.path for file in found.files])
    paths = [_copied(file, options.encoding, folder / f"{number}.txt") for number, file in enumerate(found.files)]
    return Inputs(kind, found.files, paths)


def _one_format(found: LocalFiles) -> str:
    kinds = {format_of(file.name): file for file in found.files}
    if None in kinds:
        raise ArgumentError(
            f"{_shown(kinds[None])} is none of the formats that become a snapshot, by its name",
            hint=f"name it as what it is: {', '.join(f'.{ending}' for ending in ENDINGS)}, also with .gz or .zst",
        )
    if len(kinds) > 1:
        shown = ", ".join(f"{kind}: {_shown(file)}" for kind, file in kinds.items())
        raise ArgumentError(f"there are files of several formats: {shown}", hint="put those of one format")
    folders = sorted({part for file in found.files for part in file.name.split("/")[:-1] if "=" in part})
    if folders:
        raise ArgumentError(
            f"folders such as `{printable(folders[0], one_line=True)}` are columns, which a snapshot of one day "
            f"does not have in its folders. There are: {listing(printable(name) for name in folders)}",
            hint="put each folder as the snapshot of its day, or the whole as it is, without --as-snapshot",
        )
    return str(next(iter(kinds)))


def _copied(file: LocalFile, encoding: str, target: Path) -> Path:
    """Returns a copy of a file in UTF-8.

    Raises:
        ArgumentError: It is not in that encoding, or compressed.
    """
    if is_compressed(file.name):
        raise ArgumentError(
            f"{_shown(file)}: --encoding is for files that are not compressed", hint="decompress it first"
        )
    try:
        with (
            file.path.open(encoding=encoding, newline="") as source,
            target.open("w", encoding="utf-8", newline="") as copy,
        ):
            while text := source.read(CHUNK):
                copy.write(text)
    except UnicodeError as error:
        raise ArgumentError(
            f"{_shown(file)} is not written in {encoding}: {error}", hint="utf-8 is the usual one"
        ) from None
    return target


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Yields the bytes of a file, decompressed.

    Raises:
        ArgumentError: It is not compressed as its name says, or is damaged.
    """
    import pyarrow as pa

    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            yield stream
    except OSError as error:
        if not is_compressed(path.name):
            raise
        raise _damaged(path) from error


def _damaged(path: Path) -> ArgumentError:
    shown, ending = printable(str(path), one_line=True), path.name.lower().rsplit(".", 1)[-1]
    with path.open("rb") as stream:
        start = stream.read(len(COMPRESSED[ending]))
    if start != COMPRESSED[ending]:
        return ArgumentError(
            f"{shown} is not compressed, though its name ends with .{ending}", hint=f"name it without .{ending}"
        )
    return ArgumentError(
        f"{shown} can't be decompressed to its end: it is cut off or damaged", hint="copy or download it again"
    )


def lines_of(path: Path) -> Iterator[bytes]:
    """Yields the lines of a file, decompressed, without their ends; `\\r` alone ends none."""
    rest = b""
    with opened(path) as stream:
        while chunk := stream.read(CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
    if rest:
        yield rest


def find_bad_text(inputs: Inputs) -> ArgumentError | None:
    """Returns the error for the first line that is no UTF-8; None if all are."""
    for file, path in zip(inputs.files, inputs.paths, strict=True):
        for number, line in enumerate(lines_of(path), start=1):
            if number == 1 and (mark := next((name for start, name in MARKS if line.startswith(start)), None)):
                return ArgumentError(f"{_shown(file)} is written in {mark}", hint=f"--encoding {mark}")
            if number == 1 and (
                ending := next((name for name, mark in COMPRESSED.items() if line.startswith(mark)), "")
            ):
                return ArgumentError(
                    f"{_shown(file)} is compressed, and its name does not say so",
                    hint=f"name it with .{ending} at its end",
                )
            if problem := _bad_piece(line):
                return ArgumentError(
                    f"{_shown(file)}, line {number} is no UTF-8: `{problem}`",
                    hint="--encoding latin-1, or cp1252, utf-16 …: say what it is written in",
                )
    return None


def _bad_piece(line: bytes) -> str | None:
    try:
        line.decode()
    except UnicodeDecodeError as error:
        piece = line[max(0, error.start - SHOWN // 2) : error.start + SHOWN // 2]
        return printable(piece.decode(errors="backslashreplace"), one_line=True)
    return None


def _shown(file: LocalFile) -> str:
    return printable(str(file.path), one_line=True)
