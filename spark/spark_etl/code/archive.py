"""The code of a run as one file: the same bytes for the same files, on every machine.

A zip whose entries are sorted, have one time and one mode, and are not compressed: zlib's output differs between its
versions and its replacements. So its hash names the code. What reads one takes it for somebody else's: nothing in it
is believed before it was looked at.
"""

from __future__ import annotations

import hashlib
import io
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from spark_etl.code.files import (
    IGNORE_FILE,
    LARGEST_ARCHIVE,
    LARGEST_RESOURCE,
    MOST_FILES,
    Survey,
    is_code_or_small,
    is_large,
    refuse_too_large,
    shown,
    survey,
)
from spark_etl.code.secrets import LOOKS_LIKE_ONE, find_secret, secret_name
from spark_etl.errors import ArgumentError, ConfigError, DamagedError
from spark_etl.printable import UNSAFE
from spark_etl.units import format_bytes

EPOCH = (1980, 1, 1, 0, 0, 0)
UNIX, REGULAR_FILE = 3, stat.S_IFREG | 0o644
MOST_LEFT_OUT = 200
MORE = "…"
LONGEST_NAME = 1024
# With the names, and what a zip adds to each.
LARGEST = LARGEST_ARCHIVE + (32 << 20)
ENTRY, MOST_ENTRIES = b"PK\x01\x02", 10 * MOST_FILES  # those of zips among the files count, too
BRING_BACK = f"a line `!name` in {IGNORE_FILE} keeps it"


@dataclass(frozen=True)
class CodeArchive:
    """The code of a project, as it is kept.

    Attributes:
        content: The zip.
        sha256: Its hash, which names it.
        files: How many files it has.
        bytes: What they come to.
        left_out: What of the project is not in it → why. A folder ends with `/`; of very many, the last is `…`.
    """

    content: bytes
    sha256: str
    files: int
    bytes: int
    left_out: Mapping[str, str]


def make_archive(
    folder: Path, *, found: Survey | None = None, read: Callable[[Path], bytes] = Path.read_bytes
) -> CodeArchive:
    """Returns the code of a project: what executors get of it, but for what looks like a secret.

    Args:
        folder: The project's.
        found: What it holds, if that is known.
        read: Reads a file.

    Raises:
        ConfigError: It is too large.
    """
    files, left_out = read_code(folder, found=found, read=read)
    content = _zip(files)
    digest = hashlib.sha256(content).hexdigest()
    return CodeArchive(content, digest, len(files), sum(map(len, files.values())), _cut(left_out))


def read_code(
    folder: Path, *, found: Survey | None = None, read: Callable[[Path], bytes] = Path.read_bytes
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Returns what `make_archive` puts into an archive, path → content, and path → why not."""
    if not folder.is_dir():
        raise ConfigError(f"the project folder {folder} is not there")
    found = survey(folder) if found is None else found
    ignore_file = folder / IGNORE_FILE  # it decides what belongs to the project, also where that is unpacked
    candidates = dict.fromkeys([*([ignore_file] if ignore_file.is_file() else []), *found.files])
    names = ArchiveNames()
    reasons = {file: _reason_by_name(file, folder, found, names) for file in candidates}
    refuse_too_large(
        (file for file, reason in reasons.items() if reason is None), folder, LARGEST_ARCHIVE, "of code to keep"
    )
    files: dict[str, bytes] = {}
    for file in candidates:
        name = file.relative_to(folder).as_posix()
        try:
            content = b"" if reasons[file] else read(file)
        except OSError as error:
            reasons[file] = f"can't be read: {error.strerror}"
        if reasons[file] is None and file not in found.named and (secret := find_secret(content, name)):
            reasons[file] = str(secret)
        if reasons[file] is None:
            files[name] = content
    left_out = {shown(file, folder): reason for file, reason in reasons.items() if reason}
    before = {name: reason for name, reason in _left_out_before(found, folder) if name not in files}
    return files, left_out | before


def read_archive(content: bytes, what: str) -> dict[str, bytes]:
    """Returns path → content of an archive, whoever made it.

    Args:
        content: The zip.
        what: What it is, for the message.

    Raises:
        DamagedError: It is no zip of plain files, or unpacking it could do harm: it is larger than it says, or names
            lead out of a folder, meet on a disk that knows no case, or are links.
    """
    if len(content) > LARGEST or content.count(ENTRY) > MOST_ENTRIES:
        raise DamagedError(f"{what} is larger than the code of a run may be")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _refuse_harmful(entries, len(content), what)
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError) as error:
        if isinstance(error, DamagedError):
            raise
        raise DamagedError(f"{what} is no archive of code: {error}") from error


def unpack(files: Mapping[str, bytes], folder: Path) -> None:
    """Writes files that `read_archive` has returned into a folder, which has to be new or empty.

    Raises:
        ArgumentError: Something is in it, or it is no folder.
    """
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise ArgumentError(f"{folder} is no empty folder", hint="name one that is not there yet")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:  # through no link, over no file
            file.write(content)


class ArchiveNames:
    """The names of an archive, which have to lie beside each other on every disk."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}
        self._folders: dict[str, str] = {}

    def add(self, name: str) -> str | None:
        """Adds a name; returns why it can't be with the others, None if it can."""
        parts = name.split("/")
        if not name or len(name) > LONGEST_NAME or "\\" in name or ":" in parts[0] or UNSAFE.search(name):
            return "its name can't be in an archive"
        if any(part in {"", ".", ".."} for part in parts):
            return "its name leads out of the folder"
        folders = ["/".join(parts[:end]) for end in range(1, len(parts))]
        other = self._files.get(_folded(name)) or self._folders.get(_folded(name))
        other = other or next((self._files[one] for one in map(_folded, folders) if one in self._files), None)
        if other is not None:
            return f"where case makes no difference, its name meets {other}"
        self._files[_folded(name)] = name
        self._folders |= {_folded(one): one for one in folders}
        return None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _reason_by_name(file: Path, folder: Path, found: Survey, names: ArchiveNames) -> str | None:
    """Returns why a file is left out before it was read; None if it is not."""
    name = file.relative_to(folder).as_posix()
    if file not in found.named:
        target = file.resolve().name if file in found.links else name
        if reason := secret_name(name) or secret_name(target):
            return reason
        if file not in found.wanted and (reason := _reason_by_kind(file, found)):
            return reason
    return names.add(name)


def _reason_by_kind(file: Path, found: Survey) -> str | None:
    if any(link == file or link in file.parents for link in found.ways_out):
        return f"a link that leads out of the project; {BRING_BACK}"
    if is_code_or_small(file):
        return None
    return f"over {format_bytes(LARGEST_RESOURCE)}; {BRING_BACK}" if is_large(file) else f"data; {BRING_BACK}"


def _left_out_before(found: Survey, folder: Path) -> Iterator[tuple[str, str]]:
    """Yields what is no part of the project, and why; caches last."""
    ruled_out = sorted(found.ruled_out.items(), key=lambda item: item[1] == "a cache")
    for path, reason in (*found.left_out.items(), *ruled_out):
        is_folder = path.is_dir() and not reason.startswith("a link")
        name = "." if path == folder else shown(path, folder)
        hidden_secret = None if is_folder else secret_name(name)
        yield f"{name}/" if is_folder else name, hidden_secret or reason


def _cut(left_out: Mapping[str, str]) -> dict[str, str]:
    """Returns some of what is left out, secrets first; how many more there are is the last."""
    ordered = sorted(left_out.items(), key=lambda item: not item[1].startswith(LOOKS_LIKE_ONE))
    more = len(ordered) - MOST_LEFT_OUT
    return dict(ordered[:MOST_LEFT_OUT]) | ({MORE: f"{more:,} more"} if more > 0 else {})


def _zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system, info.external_attr = UNIX, REGULAR_FILE << 16
            archive.writestr(info, files[name])
    return buffer.getvalue()


def _refuse_harmful(entries: list[zipfile.ZipInfo], size: int, what: str) -> None:
    if len(entries) > MOST_FILES + 1:
        raise DamagedError(f"{what} has more than {MOST_FILES:,} files")
    if any(entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size for entry in entries):
        raise DamagedError(f"{what} is compressed, which no run's code is")
    if sum(entry.file_size for entry in entries) > size:
        raise DamagedError(f"{what} says that it holds more than it has")
    names = ArchiveNames()
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        reason = "it is no plain file" if kind not in {0, stat.S_IFREG} or entry.is_dir() else names.add(entry.filename)
        if reason:
            raise DamagedError(f"{what} has {entry.filename!r:.200}: {reason}")
