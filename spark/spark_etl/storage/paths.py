"""Paths in stores: `s3a://bucket/key`, `file:///folder/file`."""

from __future__ import annotations

import re
from pathlib import Path

from spark_etl.errors import ArgumentError

# What Spark's file readers take for a pattern.
PATTERN = re.compile(r"[\\\[\]{}*?^]")
S3_SCHEMES = ("s3a", "s3", "s3n")
ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"  # what Hive, Spark and pyarrow write for a column that is NULL


def scheme_of(path: str) -> str:
    """Returns the scheme, or an empty text for a plain path."""
    return path.split("://", 1)[0] if "://" in path else ("file" if path.startswith("file:") else "")


def is_s3(path: str) -> bool:
    """Returns whether the path lies in an S3 store."""
    return scheme_of(path) in S3_SCHEMES


def normalise(path: str) -> str:
    """Returns the path with its scheme and without a slash at its end; a plain path becomes an absolute `file://`.

    Raises:
        ArgumentError: The scheme is none that is known here, or a bucket is missing.
    """
    if is_s3(path):
        scheme, rest = path.split("://", 1)
        rest = "/".join(part for part in rest.split("/") if part)
        if not rest or path.split("://", 1)[1].startswith("/"):
            raise ArgumentError(f"{path!r} names no bucket", hint="write it as s3a://bucket/prefix/")
        return f"{scheme}://{rest}"
    if scheme_of(path) not in {"", "file"}:
        raise ArgumentError(f"{path!r}: stores of this kind are not known. Known: s3a://, file://, a plain path.")
    return f"file://{local_path(path)}"  # not quoted: Hadoop takes a `%20` for three letters


def exactly(path: str) -> str:
    """Returns a path as Spark's file readers have to be given it, so that they read this file and no other.

    (Their option `__globPaths__` reads all paths once for each that looks like a pattern.)
    """
    return PATTERN.sub(r"\\\g<0>", path)


def local_path(path: str) -> Path:
    """Returns the file system's path of a plain path or a `file:` one."""
    if path.startswith("file:"):
        path = "/" + path.removeprefix("file:").lstrip("/")
    return Path(path).expanduser().absolute()


def join(base: str, *parts: str) -> str:
    """Returns the path with the parts appended, one slash between each."""
    return "/".join([base.rstrip("/"), *(part.strip("/") for part in parts)])


def name_of(path: str) -> str:
    """Returns the last segment."""
    return path.rstrip("/").rsplit("/", 1)[-1]


def relative_to(path: str, base: str) -> str:
    """Returns what comes after the base."""
    return path.removeprefix(base.rstrip("/") + "/")


def is_hidden(name: str) -> bool:
    """Returns whether readers of Parquet pass over a file or folder of this name, as Spark does.

    `.x` and `_x` are hidden. `_x=1` is not: it is the folder of a partition.
    """
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def split_s3(path: str) -> tuple[str, str]:
    """Returns bucket and key."""
    bucket, _, key = path.split("://", 1)[1].partition("/")
    return bucket, key


def folder_column(folder: str) -> tuple[str, str | None] | None:
    """Returns name and value of the column that a folder `name=value` stands for; None for any other folder.

    The value is a text, with its escapes (`%3A`) read as UTF-8, or as Latin-1 if they are none; None for NULL.
    """
    name, equals, value = folder.partition("=")
    if not equals:
        return None
    return unescape(name), None if value == NULL_FOLDER else unescape(value)


def unescape(text: str) -> str:
    """Returns a text without its escapes `%41`."""

    def unescape_run(match: re.Match[str]) -> str:
        content = bytes.fromhex(match[0].replace("%", ""))
        try:
            return content.decode()
        except UnicodeDecodeError:
            return content.decode("latin-1")

    return ESCAPED.sub(unescape_run, text)
