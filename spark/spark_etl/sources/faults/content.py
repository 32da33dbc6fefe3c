"""The text of a file, as far as it is looked at."""

from __future__ import annotations

import bz2
import codecs
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from spark_etl.names import in_config
from spark_etl.sources.faults.fault import Fault
from spark_etl.storage import storage_for

MOST_BYTES = 64 << 20
LINE_ENDS = re.compile(r"\r\n|\n|\r")
UNPACKED: dict[str, Callable[[], Any]] = {"gz": lambda: zlib.decompressobj(31), "bz2": bz2.BZ2Decompressor}
PACKED = {"zst", "snappy", "lz4", "deflate", "xz"}
MAGIC = {
    b"\x1f\x8b": ("gzip", ".gz"),
    b"BZh": ("bzip2", ".bz2"),
    b"\x28\xb5\x2f\xfd": ("zstd", ".zst"),
    b"PK\x03\x04": ("zip", ""),
    b"PAR1": ("Parquet", ".parquet"),
}
MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
UTF8 = {"utf-8", "utf8"}
MOSTLY = 0.7
OTHER_ENCODINGS = f"windows-1252, windows-1254 and others also need {in_config('spark.sql.legacy.javaCharsets: true')}"
WIDE = ("utf-16", "utf-32", "utf16", "utf32")
FOREIGN = (
    (
        re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE),
        "is HTML or XML: is it the page of an error?",
        "fetch it again",
    ),
    (
        re.compile(rb"(\xef\xbb\xbf)?sep=.\r?\n"),
        "begins with Excel's line `sep=…`, which would be read as the header",
        'take the line out, and say options={"sep": "…"}',
    ),
)


class UnreadableError(Exception):
    """Raised for a compressed file that can't be unpacked here."""


def is_enabled(options: Mapping[str, Any], name: str) -> bool:
    """Returns whether an option is true; the options' names are in small letters."""
    return str(options.get(name.lower(), "")).lower() == "true"


def encoding_of(options: Mapping[str, Any]) -> str:
    """Returns the encoding that a file is read with; the options' names are in small letters."""
    return str(options.get("encoding", options.get("charset", "utf-8"))).lower()


def lines_of(text: str) -> Iterator[str]:
    """Yields the lines of a text, without their ends, one by one: a list of them takes many times the text's memory."""
    start = 0
    for end in LINE_ENDS.finditer(text):
        yield text[start : end.start()]
        start = end.end()
    yield text[start:]


def ending_of(path: str) -> str:
    """Returns what a file's name says of its compression."""
    return path.rsplit(".", 1)[-1].lower()


def find_packing_fault(path: str, first: bytes) -> Fault | None:
    """Returns the fault of a file that is compressed otherwise than its name says; None if there is none."""
    ending = ending_of(path)
    kind = next(((name, suffix) for magic, (name, suffix) in MAGIC.items() if first.startswith(magic)), None)
    if ending in UNPACKED:
        name = "gzip" if ending == "gz" else "bzip2"
        if first and (kind is None or kind[0] != name):
            return Fault(f"{path} is not compressed by {name}, though its name ends in .{ending}", "rename the file")
        return None
    if kind is None or ending in PACKED:
        return None
    name, suffix = kind
    if name == "Parquet":
        return Fault(f"{path} is a Parquet file", "ParquetSource reads it")
    if not suffix:
        return Fault(f"{path} is a zip archive: Spark can't read it", "unpack it, or write it as .gz")
    return Fault(
        f"{path} is compressed by {name}, but its name does not end in {suffix}, by which Spark knows it",
        f"rename it: …{suffix}",
    )


def unpacked(path: str, content: bytes, most: int = MOST_BYTES, *, is_cut: bool = False) -> tuple[bytes, bool]:
    """Returns the first bytes of a file without its compression, and whether they are all that its content has.

    Args:
        path: The file.
        content: Its bytes, or the first of them.
        most: Unpack no more than so many.
        is_cut: Whether the content is only the first bytes of the file.

    Raises:
        UnreadableError: It is compressed in a way that is unknown here, or damaged.
    """
    ending = ending_of(path)
    if ending in PACKED:
        raise UnreadableError(ending)
    if ending not in UNPACKED:
        return content[:most], len(content) <= most
    if not content:
        return b"", True
    try:
        unpacker = UNPACKED[ending]()
        plain = bytes(unpacker.decompress(content, most))
    except (zlib.error, OSError, EOFError, ValueError) as error:
        raise UnreadableError(str(error)) from error
    if not is_cut and not unpacker.eof and len(plain) < most:
        raise UnreadableError("it is cut off")
    # What several programs have written one after the other is unpacked no further than to the first one's end.
    return plain, unpacker.eof and not unpacker.unused_data


def find_foreign_fault(path: str, content: bytes) -> Fault | None:
    """Returns the fault of a file whose beginning is that of something else; None if there is none."""
    for pattern, what, hint in FOREIGN:
        if pattern.match(content[:200]):
            return Fault(f"{path} {what}", hint)
    return None


def find_encoding_fault(path: str, content: bytes, encoding: str, *, whole: bool) -> Fault | None:
    """Returns the fault of a file that is read as UTF-8 and is none; None if there is none.

    Args:
        path: The file.
        content: Its bytes, or the first of them.
        encoding: What it is read with; nothing but UTF-8 is checked.
        whole: Whether these are all of its bytes; else a letter at the end may be cut.
    """
    if encoding not in UTF8:
        return None
    is_json = ".json" in path.lower()
    mark = next((name for mark, name in MARKS.items() if content.startswith(mark)), None) or _wide(content[:400])
    if mark:
        hint = f'options={{"encoding": "{mark}", "multiLine": True}}'
        one = "; of JSON that is one document, or one array of them: else write it as UTF-8" if is_json else ""
        return Fault(f"{path} is {mark}, and read as UTF-8", hint + one)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, final=whole)
    except UnicodeDecodeError as error:
        line_ends = ', "lineSep": "\\n"' if is_json else ""
        hint = f'options={{"encoding": "ISO-8859-1"{line_ends}}} if it is Latin-1; {OTHER_ENCODINGS}'
        return Fault(_bad_bytes(path, content, error.start, error.end), hint)
    return None


def _wide(first: bytes) -> str | None:
    """Returns the encoding of a text of two bytes a letter that does not begin with its mark; None if it is none."""
    zeros = [first[start::2].count(0) / (len(first[start::2]) or 1) for start in (0, 1)]
    if max(zeros) < MOSTLY or min(zeros) > 1 - MOSTLY:
        return None
    return "UTF-16LE" if zeros[1] > zeros[0] else "UTF-16BE"


def _bad_bytes(path: str, content: bytes, start: int, end: int) -> str:
    line = content.count(b"\n", 0, start) + 1
    begin = max(content.rfind(b"\n", 0, start) + 1, start - 20)
    until = content.find(b"\n", end)
    piece = content[begin : min(until if until >= 0 else len(content), end + 20)]
    escaped = piece.decode("utf-8", errors="backslashreplace").strip()
    code = " ".join(f"0x{byte:02X}" for byte in content[start:end])
    return f"{path}, line {line}: the byte {code} is no UTF-8: {escaped}"


def find_in_text(path: str, options: Mapping[str, Any], find: Callable[[str, bool], Fault | None]) -> Fault | None:
    """Returns what is wrong with a file as bytes, or else what is found in its text, of which 64 MB are looked at.

    Args:
        path: The file.
        options: Those of Spark's reader, their names in small letters.
        find: Returns the fault of a text, given it and whether it is all of the file.

    Raises:
        LookupError: Its encoding is unknown here.
    """
    content = storage_for(path).read(path, most=MOST_BYTES) or b""
    if fault := find_packing_fault(path, content[:8]):
        return fault
    try:
        plain, whole = unpacked(path, content, is_cut=len(content) >= MOST_BYTES)
    except UnreadableError as error:
        return Fault(f"{path} can't be unpacked: {error}", "write it again")
    whole = whole and len(content) < MOST_BYTES
    encoding = encoding_of(options)
    if fault := find_encoding_fault(path, plain, encoding, whole=whole):
        return fault
    return find(plain.decode("utf-8-sig" if encoding in UTF8 else encoding, errors="replace"), whole)
