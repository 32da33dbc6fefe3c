"""What is wrong with a file that is no whole Parquet file, by its first and last bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spark_etl.errors import MissingDataError
from spark_etl.printable import printable
from spark_etl.storage import name_of

MAGIC, ENCRYPTED = b"PAR1", b"PARE"
# First bytes → what begins with them, and the source that reads it.
OTHERS = (
    (b"\x1f\x8b", "gzip", None),
    (b"PK\x03\x04", "a ZIP archive, or a workbook of Excel", None),
    (b"ORC", "ORC", None),
    (b"Obj\x01", "Avro", None),
    (b"ARROW1", "Arrow's IPC format, or Feather", None),
    (b"\x28\xb5\x2f\xfd", "Zstandard", None),
    (b"BZh", "bzip2", None),
    (b"%PDF", "PDF", None),
    (b"SQLite format 3\x00", "a database of SQLite", None),
    (b"version https://git-lfs", "a pointer of Git LFS, and the file itself is not there (git lfs pull)", None),
    (b"{", "JSON", "JsonSource"),
    (b"[", "JSON", "JsonSource"),
    (b"<", "XML or HTML", None),
)
SHOWN = 40
LEAVE_OUT = "or leave it out of the path"


def damaged(path: str, first: bytes, last: bytes, reason: str) -> MissingDataError:
    """Returns the error that says what is wrong with a file.

    Args:
        path: The file.
        first: Its first bytes.
        last: Its last 8 bytes.
        reason: What the reader of footers says.
    """
    problem, hint = _diagnosis(path, first, last, reason)
    corrupt = "options={'ignoreCorruptFiles': True} reads what is whole"
    return MissingDataError(f"{path} is no whole Parquet file: {problem}", hint=f"{hint}; {corrupt}")


def _diagnosis(path: str, first: bytes, last: bytes, reason: str) -> tuple[str, str]:
    again = f"write it again, {LEAVE_OUT}"
    if not first:
        return "it is empty (0 bytes)", again
    if first.startswith(MAGIC):
        if not last.endswith(MAGIC):
            return "its end is missing: it was cut off, or not yet written to the end", again
        return f"its footer is damaged ({reason})", again
    if last.endswith(MAGIC):
        return f"it ends as one, but begins with {_shown(first)}: its beginning is damaged", again
    kind, source = _foreign_kind(first)
    left_out = f"leave it out of the path: give a pattern such as {_pattern(path)}"
    return f"it is {kind}", f"{source} reads it, {LEAVE_OUT}" if source else left_out


def _foreign_kind(first: bytes) -> tuple[str, str | None]:
    for start, name, source in OTHERS:
        if first.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(start):
            return name, source
    line = first.removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].rstrip(b"\r")
    text = line.decode("utf-8", errors="replace")
    if b"\x00" in first or "�" in text:
        return f"of another format, it begins with {_shown(first)}", None
    return f"text, its first line is {_shown(line)}", "CsvSource" if any(map(text.count, ",;\t|")) else None


def _shown(content: bytes) -> str:
    text = content.decode("utf-8", errors="backslashreplace")
    return f"`{printable(text[:SHOWN], one_line=True)}{'…' if len(text) > SHOWN else ''}`"


def _pattern(path: str) -> str:
    name = name_of(path)
    return "`*.parquet`" if not name.endswith(".parquet") else "`part-*.parquet`"


class EncryptedError(MissingDataError):
    """Raised for a file whose footer is encrypted, and with it the names of its columns."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"the footer of {path} is encrypted: its columns can't be read without its key",
            hint="options={'parquet.crypto.factory.class': …} of the source tells Spark how to get the key; "
            "or write it without encryption",
        )


def is_decrypted(options: Mapping[str, Any]) -> bool:
    """Returns whether options of a source say how encrypted files are read."""
    return any(name.lower().startswith(("parquet.crypto.", "parquet.encryption.")) for name in options)
