"""Files of images, compressed or not: written as a whole or not at all, read as a stream."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from sandbox_cli.errors import UsageError

TAR, GZIP, ZSTD = ".tar", ".tar.gz", ".tar.zst"
SUFFIXES = (TAR, GZIP, ZSTD)
# Of the first bytes of a file; a tar has none of its own there.
MAGIC = {b"\x1f\x8b": GZIP, b"\x28\xb5\x2f\xfd": ZSTD}
GZIP_LEVEL = 1  # what is saved beyond takes several times as long
DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error)
PROGRAM = "zstd"


@dataclass(frozen=True)
class Opened:
    """A file of images that is being read.

    Attributes:
        stream: What is in it, decompressed.
        is_seekable: Whether the stream is the file itself.
        position: Returns how many bytes of the file were read.
        size: Of the file, in bytes.
    """

    stream: IO[bytes]
    is_seekable: bool
    position: Callable[[], int]
    size: int


def suffix_of(file: Path) -> str:
    """Returns how a file is compressed, by its name.

    Raises:
        UsageError: It has another suffix, or the program that compresses so is not installed.
    """
    suffix = next((suffix for suffix in SUFFIXES if file.name.endswith(suffix)), None)
    if suffix is None:
        raise UsageError(f"{file}: what it is to be is not known by its name. Known: {', '.join(SUFFIXES)}.")
    if suffix == ZSTD:
        _require_zstd(file)
    return suffix


def _require_zstd(file: Path) -> None:
    if shutil.which(PROGRAM) is None:
        raise UsageError(
            f"{file} needs the program `{PROGRAM}`, which is not installed.",
            hint=f"install `{PROGRAM}`, or name the file {GZIP} or {TAR}",
        )


@contextmanager
def written(file: Path, suffix: str) -> Iterator[IO[bytes]]:
    """Gives a stream whose content becomes the file, compressed, when the block ends well; else nothing is left.

    Args:
        file: What is replaced.
        suffix: How it is compressed, as `suffix_of` says.
    """
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(handle, "wb") as out:
            with _compressing(out, suffix) as stream:
                yield stream
            out.flush()
            os.fsync(out.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _compressing(out: IO[bytes], suffix: str) -> Iterator[IO[bytes]]:
    if suffix == GZIP:
        with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=GZIP_LEVEL, mtime=0) as stream:
            yield cast("IO[bytes]", stream)
    elif suffix == ZSTD:
        with _zstd(["-T0", "-q", "-c"], stdin=subprocess.PIPE, stdout=out) as process:
            assert process.stdin is not None  # noqa: S101 - for the type checker
            with suppress(BrokenPipeError):  # it has ended: as of a full disk
                yield process.stdin
                process.stdin.close()
            if process.wait():
                raise OSError(f"{PROGRAM} could not write {out.name}: is the disk full?")
    else:
        yield out


@contextmanager
def opened(file: Path) -> Iterator[Opened]:
    """Gives what is in a file of images, however it is compressed.

    Raises:
        UsageError: The program that decompresses it is not installed.
        EOFError: It was cut off; other errors of `DAMAGED` say that it is damaged.
    """
    with file.open("rb", buffering=0) as raw:
        begin = raw.read(max(map(len, MAGIC)))
        suffix = next((suffix for magic, suffix in MAGIC.items() if begin.startswith(magic)), TAR)
        raw.seek(0)
        size = os.fstat(raw.fileno()).st_size

        def position() -> int:
            return os.lseek(raw.fileno(), 0, os.SEEK_CUR)  # also where another process reads

        if suffix == GZIP:
            with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
                yield Opened(cast("IO[bytes]", stream), False, position, size)
        elif suffix == ZSTD:
            _require_zstd(file)
            with _zstd(["-d", "-q", "-c"], stdin=raw, stdout=subprocess.PIPE) as process:
                assert process.stdout is not None  # noqa: S101 - for the type checker
                yield Opened(process.stdout, False, position, size)
                process.stdout.read()  # what follows a tar's end
                if process.wait():
                    raise EOFError(f"{PROGRAM} can't decompress all of it")
        else:
            yield Opened(raw, True, position, size)


@contextmanager
def _zstd(options: list[str], *, stdin: IO[bytes] | int, stdout: IO[bytes] | int) -> Iterator[subprocess.Popen[bytes]]:
    """Gives the program at work; it is ended with the block."""
    process = subprocess.Popen(
        [PROGRAM, *options], stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None and not pipe.closed:
                with suppress(BrokenPipeError):
                    pipe.close()
