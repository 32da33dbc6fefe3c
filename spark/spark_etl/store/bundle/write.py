"""Writes a bundle: a zip whose first member lists all others with their hashes; each byte is read once."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from spark_etl.errors import ArgumentError, StorageError
from spark_etl.store.bundle.format import BUNDLE_FILE, MOST_MEMBERS, BundleInfo, Member, dump_info
from spark_etl.store.bundle.part import Part
from spark_etl.store.bundle.structure import LARGEST_RATIO
from spark_etl.units import format_bytes

EPOCH = (1980, 1, 1, 0, 0, 0)
UNIX, PLAIN_FILE = 3, 0o100644
OWNER_ONLY = 0o600
UNKNOWN = "0" * 64
HEADERS = 1024  # of a zip for each member, with its name twice
OnProgress = Callable[[str, int, int], None]


def write_bundle(
    target: Path, info: BundleInfo, parts: Sequence[Part], *, on_progress: OnProgress | None = None
) -> BundleInfo:
    """Writes a bundle, whole or not at all, and returns what it says of itself.

    Args:
        target: The file; it must not be there.
        info: What it says of itself, but for the members.
        parts: The members, in order.
        on_progress: Is called with a member's name, and how many bytes of how many are written.

    Raises:
        ArgumentError: The file is there already, has no folder, or its disk has not enough room.
        StorageError: An object is gone, or has another size than it had.
    """
    members = [Member(part.name, part.size, UNKNOWN) for part in parts]
    size = sum(part.size for part in parts)
    _check_target(target, size + HEADERS * len(parts), len(parts))
    with _temporary(target) as file, zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        first = _info_of(BUNDLE_FILE, len(dump_info(replace(info, members=tuple(members)))))
        _write_stored(archive, first, dump_info(replace(info, members=tuple(members))))
        progress = _Progress(size, on_progress)
        digests: dict[str, str] = {}
        with ThreadPoolExecutor(1) as hasher:
            for part in parts:
                digests[part.name] = _write_part(archive, part, digests, hasher, progress)
        done = replace(info, members=tuple(replace(each, sha256=digests[each.name]) for each in members))
        _replace_first(file, first, dump_info(done))
    return done


def _check_target(target: Path, size: int, count: int) -> None:
    if count > MOST_MEMBERS:
        raise ArgumentError(f"the run has {count:,} files; a bundle has {MOST_MEMBERS:,} at most", hint="--feature F")
    if target.exists():
        raise ArgumentError(f"{target} is there already", hint="name another file, or delete it")
    if not target.absolute().parent.is_dir():
        raise ArgumentError(f"{target}: there is no folder {target.absolute().parent}", hint="make it first")
    free = shutil.disk_usage(target.absolute().parent).free
    if size > free:
        raise ArgumentError(
            f"{target} needs {format_bytes(size)}, its disk has {format_bytes(free)}",
            hint="name a file on another disk, or take less: --feature F, --sample FRACTION",
        )


@contextmanager
def _temporary(target: Path) -> Iterator[IO[bytes]]:
    """Yields a file beside the target, which takes its name at the end and is deleted after an error.

    Nobody else may read it: it carries what the run does, and the folder may be anybody's.
    """
    temporary = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex}.tmp")
    try:
        with os.fdopen(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w+b") as file:
            yield file
        _give_name(temporary, target)
    except OSError as error:
        problem = f"{target} can't be written: {error.strerror or error}"
        raise StorageError(problem, hint="name a file on another disk, or take less: --feature F") from error
    finally:
        temporary.unlink(missing_ok=True)


def _give_name(temporary: Path, target: Path) -> None:
    """Gives a file its name, over no file that somebody has made meanwhile, as far as the disk can tell."""
    try:
        os.link(temporary, target)
    except FileExistsError as error:
        raise ArgumentError(f"{target} is there already", hint="name another file, or delete it") from error
    except OSError:  # a memory stick knows no second names
        temporary.rename(target)


def _info_of(name: str, size: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, EPOCH)
    info.create_system, info.external_attr = UNIX, PLAIN_FILE << 16
    info.file_size = size
    return info


def _write_stored(archive: zipfile.ZipFile, info: zipfile.ZipInfo, content: bytes) -> None:
    with archive.open(info, "w") as member:
        member.write(content)


def _replace_first(file: IO[bytes], info: zipfile.ZipInfo, content: bytes) -> None:
    """Writes the first member again, of the same length: the hashes are known now."""
    end = file.tell()
    info.CRC = zlib.crc32(content)
    file.seek(info.header_offset)
    file.write(info.FileHeader(zip64=False))
    file.write(content)
    file.seek(end)


def _write_part(
    archive: zipfile.ZipFile, part: Part, digests: dict[str, str], hasher: ThreadPoolExecutor, progress: _Progress
) -> str:
    """Writes a member and returns its SHA-256, which another thread computes."""
    info = _info_of(part.name, part.size)
    chunks = part.chunks(digests)
    if part.is_text:
        content = b"".join(chunks)
        chunks = [content]
        is_small = len(content) <= LARGEST_RATIO * max(len(zlib.compress(content)) - 64, 1)
        info.compress_type = zipfile.ZIP_DEFLATED if is_small else zipfile.ZIP_STORED
    digest, size = hashlib.sha256(), 0
    with archive.open(info, "w") as member:
        for chunk in chunks:
            hashed = hasher.submit(digest.update, chunk)
            member.write(chunk)
            hashed.result()
            size += len(chunk)
            progress.add(part.name, len(chunk))
            if size > part.size:
                break
    if size != part.size:
        problem = f"{part.name} has {size:,} bytes, not {part.size:,} any more: it has changed meanwhile"
        raise StorageError(problem, hint="./sandbox runs verify RUN says what has changed; then export again")
    return digest.hexdigest()


class _Progress:
    """Counts the bytes that are written."""

    def __init__(self, total: int, on_progress: OnProgress | None) -> None:
        self._total, self._done, self._on_progress = total, 0, on_progress

    def add(self, name: str, size: int) -> None:
        self._done += size
        if self._on_progress:
            self._on_progress(name, self._done, self._total)
