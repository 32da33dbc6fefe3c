"""The zip of a bundle: where each member lies, found without believing anything that the file says of itself.

1. The central directory is the end of the file, has no comment, and no more entries than a bundle may have.
2. Members lie one behind the other, from the first byte to the directory: none overlaps, nothing lies between.
3. What a member's own header says is what the directory says of it.
4. A member is a plain file: not encrypted, no link or device, its size before its content; stored or deflated.
5. Its name can lie beside the others on every disk; see `BundleNames`.
6. One that is deflated comes to no more than so many times its size, and than a document may have.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from dataclasses import dataclass
from typing import IO

from spark_etl.errors import DamagedError
from spark_etl.store.bundle.format import BUNDLE_FILE, MOST_MEMBERS
from spark_etl.store.bundle.names import BundleNames

END, END_64, LOCATOR = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
HEADER = struct.Struct("<4s5H3L2H")
LARGEST_DIRECTORY = 256 << 20
LARGEST_LINE = 4096  # of the directory, in bytes: names are far shorter
LARGEST_RATIO, LARGEST_DOCUMENT = 200, 256 << 20
UTF8_NAME, IN_ZIP64 = 0x800, 0xFFFFFFFF
KINDS = {0, stat.S_IFREG}


@dataclass(frozen=True)
class Entry:
    """A member, as it lies in the file.

    Attributes:
        name: Its name.
        offset: Where its content begins.
        size: Its bytes.
        packed: Its bytes as they lie there.
        crc: Its checksum.
        is_deflated: Whether it is compressed.
    """

    name: str
    offset: int
    size: int
    packed: int
    crc: int
    is_deflated: bool


def find_entries(file: IO[bytes], what: str) -> dict[str, Entry]:
    """Returns the members of a bundle, in order, the first of them bundle.json.

    Args:
        file: The bundle.
        what: What it is, for the message.

    Raises:
        DamagedError: It is no whole zip, or none that a bundle could be.
    """
    try:
        start, count = _directory(file, what)
        with zipfile.ZipFile(file) as archive:
            infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, struct.error) as error:
        if isinstance(error, DamagedError):
            raise
        raise DamagedError(f"{what} is no bundle: {error}") from error
    if len(infos) != count:
        raise DamagedError(f"{what}: its directory has {len(infos):,} members, and its end says {count:,}")
    names, place = BundleNames(), 0
    entries: dict[str, Entry] = {}
    for info in infos:
        entry = _entry(file, info, place, what)
        reason = names.add(info.filename) if info.filename == info.orig_filename else "its name has an end inside"
        if reason:
            raise DamagedError(f"{what} has {info.filename!r:.200}: {reason}")
        place = entry.offset + entry.packed
        entries[entry.name] = entry
    if place != start:
        raise DamagedError(f"{what} has something between its last member and its directory")
    if not infos or infos[0].filename != BUNDLE_FILE:
        raise DamagedError(f"{what} is no bundle: its first member is not {BUNDLE_FILE}")
    return entries


def _directory(file: IO[bytes], what: str) -> tuple[int, int]:
    """Returns where the central directory begins, and how many members it has."""
    size = file.seek(0, os.SEEK_END)
    end = size - END.size
    if end < 0:
        raise DamagedError(f"{what} is no bundle, or was cut: it has {size:,} bytes")
    signature, disk, first, here, count, length, offset, comment = END.unpack(_read(file, end, END.size))
    if signature != b"PK\5\6" or comment:
        raise DamagedError(f"{what} is no bundle, or was cut: it does not end as a zip does")
    locator = end - LOCATOR.size
    if locator >= END_64.size and _read(file, locator, 4) == b"PK\6\7":
        end = locator - END_64.size
        signature, _, _, _, disk, first, here, count, length, offset = END_64.unpack(_read(file, end, END_64.size))
        if signature != b"PK\6\6" or LOCATOR.unpack(_read(file, locator, LOCATOR.size))[2] != end:
            raise DamagedError(f"{what}: the end of the zip is damaged")
    if disk or first or here != count or offset + length != end:
        raise DamagedError(f"{what}: its directory is not where its end says, or the file was cut")
    if count > MOST_MEMBERS + 1 or length > min(LARGEST_DIRECTORY, count * LARGEST_LINE):
        raise DamagedError(f"{what} has {count:,} members; a bundle has {MOST_MEMBERS:,} at most")
    return int(offset), int(count)


def _read(file: IO[bytes], offset: int, size: int) -> bytes:
    return os.pread(file.fileno(), size, offset)


def _entry(file: IO[bytes], info: zipfile.ZipInfo, place: int, what: str) -> Entry:
    """Returns a member whose header lies at a place, and says what the directory says."""
    where = f"{what} has {info.filename!r:.200}"
    if info.header_offset != place:
        raise DamagedError(f"{where}: it overlaps another member, or something lies before it")
    _refuse_special(info, where)
    content = _read(file, place, HEADER.size)
    if len(content) < HEADER.size:
        raise DamagedError(f"{where}: its header was cut")
    signature, _, flags, method, _, _, crc, packed, size, name_length, extra_length = HEADER.unpack(content)
    rest = _read(file, place + HEADER.size, name_length + extra_length)
    if extra_length or IN_ZIP64 in {packed, size}:
        sizes = _sizes(rest[name_length:], where)  # of a member of nearly 2 GB, too, whose header has them as well
        size, packed = sizes if IN_ZIP64 in {packed, size} or sizes == (size, packed) else (-1, -1)
    name = rest[:name_length].decode("utf-8" if flags & UTF8_NAME else "ascii", errors="replace")
    same = (signature, flags, method, crc) == (b"PK\3\4", info.flag_bits, info.compress_type, info.CRC)
    if not same or (packed, size, name) != (info.compress_size, info.file_size, info.filename):
        raise DamagedError(f"{where}: its own header says something else than the directory")
    offset = place + HEADER.size + name_length + extra_length
    return Entry(info.filename, offset, size, packed, crc, method == zipfile.ZIP_DEFLATED)


def _refuse_special(info: zipfile.ZipInfo, where: str) -> None:
    """Refuses what is no plain file."""
    if info.flag_bits & ~UTF8_NAME:
        kind = "it is encrypted" if info.flag_bits & 1 else "its size comes behind it, or it is packed in another way"
        raise DamagedError(f"{where}: {kind}, which no member of a bundle is")
    if stat.S_IFMT(info.external_attr >> 16) not in KINDS or info.is_dir() or info.external_attr & 0x10:
        raise DamagedError(f"{where}: it is a link, a device or a folder, not a plain file")
    if info.extra and (info.extra[:2] != b"\1\0" or len(info.extra) != 4 + int.from_bytes(info.extra[2:4], "little")):
        raise DamagedError(f"{where}: the directory has something else of it than its size, such as another name")
    if info.comment:
        raise DamagedError(f"{where}: it has a comment, which no member of a bundle has")
    if info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size:
        return
    if info.compress_type != zipfile.ZIP_DEFLATED:
        raise DamagedError(f"{where}: it is packed in another way than members of a bundle are")
    if info.file_size > LARGEST_DOCUMENT or info.file_size > LARGEST_RATIO * info.compress_size:
        raise DamagedError(
            f"{where}: {info.compress_size:,} bytes unpack to {info.file_size:,}, which no document does"
        )


def _sizes(extra: bytes, where: str) -> tuple[int, int]:
    """Returns size and packed size of a member of more than 4 GB."""
    if len(extra) != 20 or extra[:4] != b"\1\0\x10\0":
        raise DamagedError(f"{where}: its header has something that no bundle has")
    size, packed = struct.unpack("<QQ", extra[4:])
    return size, packed
