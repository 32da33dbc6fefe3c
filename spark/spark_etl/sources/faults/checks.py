"""Files of text that are refused before they are read: Spark would take them, and read something else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

from spark_etl.errors import MissingDataError
from spark_etl.source import InputObject
from spark_etl.sources.faults.content import (
    MOST_BYTES,
    PACKED,
    UNPACKED,
    UTF8,
    WIDE,
    UnreadableError,
    encoding_of,
    ending_of,
    find_encoding_fault,
    find_foreign_fault,
    find_packing_fault,
    is_enabled,
    unpacked,
)
from spark_etl.sources.faults.fault import Fault
from spark_etl.storage import storage_for
from spark_etl.units import format_bytes

FIRST_BYTES = 1 << 12
LOG = logging.getLogger(__name__)
THREADS = 16


@dataclass(frozen=True)
class ContentCheck:
    """What is checked of the files of a source before Spark starts.

    Attributes:
        options: Those of Spark's reader, their names in small letters.
        is_strict: Whether anything is refused but files that are none of text at all.
        find_silent: Returns the faults that Spark would not notice, by a file's path and its text; of a large file,
            the text is that of its first lines.
    """

    options: Mapping[str, Any]
    is_strict: bool
    find_silent: Callable[[str, str, bool], Iterable[Fault]]

    def refuse(self, files: Sequence[InputObject]) -> None:
        """Refuses files of another compression, encoding or kind than they are read with.

        All of a source's files together are read up to `MOST_BYTES`, and unpacked up to so many: of more of them, or of
        larger ones, it is the beginnings that are checked, and for what can be seen there.

        Raises:
            MissingDataError: Names the first file and its line.
        """
        encoding = encoding_of(self.options)
        has_line_ends = "linesep" in self.options or is_enabled(self.options, "multiLine")
        if encoding.startswith(WIDE) and files and not has_line_ends:
            hint = f'options={{"encoding": "{encoding.upper()}", "multiLine": True}}'
            raise MissingDataError(f"{files[0].path}: Spark reads {encoding.upper()} only with multiLine", hint=hint)
        warned = set[str | None]()
        for fault in self._find_faults(files, encoding):
            if not fault.is_warning:
                raise MissingDataError(fault.message, hint=fault.hint)
            if fault.hint not in warned:  # the same column of each of thousands of files
                LOG.warning("%s; next: %s", fault.message, fault.hint)
            warned.add(fault.hint)

    def _find_faults(self, files: Sequence[InputObject], encoding: str) -> Iterator[Fault]:
        most = self._most_of_a_file(files)
        packed = [item for item in files if ending_of(item.path) in UNPACKED]
        plain = [item for item in files if ending_of(item.path) not in UNPACKED]
        with ThreadPoolExecutor(THREADS) as pool:
            for faults in pool.map(lambda item: list(self._find_in(_read(item, most), encoding)), plain):
                yield from faults
            left = MOST_BYTES - sum(min(item.bytes, most) for item in plain)
            for beginning in pool.map(lambda item: _read(item, most), packed):
                fault = find_packing_fault(beginning.path, beginning.content[:8])
                if fault:
                    yield fault
                elif self.is_strict:
                    text = _unpack(beginning, max(left, FIRST_BYTES))
                    left -= len(text.content)
                    yield from self._find_in(text, encoding)

    def _most_of_a_file(self, files: Sequence[InputObject]) -> int:
        if not self.is_strict:
            return FIRST_BYTES
        is_small = sum(item.bytes for item in files) <= MOST_BYTES
        return MOST_BYTES if is_small else max(FIRST_BYTES, MOST_BYTES // len(files))

    def _find_in(self, text: _Beginning, encoding: str) -> Iterator[Fault]:
        is_plain = ending_of(text.path) not in UNPACKED
        fault = find_packing_fault(text.path, text.content[:8]) if is_plain else None
        if not fault and self.is_strict and ending_of(text.path) not in PACKED:
            fault = find_foreign_fault(text.path, text.content)
            fault = fault or find_encoding_fault(text.path, text.content, encoding, whole=text.is_whole)
            if not fault:
                yield from self._find_silent_in(text, encoding)
                yield from self._unchecked(text, encoding)
        if fault:
            yield fault

    def _unchecked(self, text: _Beginning, encoding: str) -> Iterator[Fault]:
        """Yields a warning of a file of which only the beginning is looked at, unless its encoding is given."""
        if (
            text.content
            and not text.is_whole
            and encoding in UTF8
            and not {"encoding", "charset"} & self.options.keys()
        ):
            seen = format_bytes(len(text.content))
            what = f"{text.path}: its first {seen} are UTF-8; a later byte that is not UTF-8 is read as `�`"
            yield Fault(what, 'options={"encoding": "UTF-8"} says that all of it is', is_warning=True)

    def _find_silent_in(self, text: _Beginning, encoding: str) -> Iterator[Fault]:
        if not text.is_whole and is_enabled(self.options, "multiLine"):
            return
        try:
            decoded = text.content.decode("utf-8-sig" if encoding in UTF8 else encoding, errors="replace")
        except LookupError:
            return
        whole_lines = decoded if text.is_whole else decoded[: decoded.rfind("\n") + 1]
        yield from self.find_silent(text.path, whole_lines, text.is_whole)


class _Beginning(NamedTuple):
    """The first bytes of a file, as far as they are looked at."""

    path: str
    content: bytes
    is_whole: bool


def _read(item: InputObject, most: int) -> _Beginning:
    return _Beginning(item.path, storage_for(item.path).read(item.path, most=most) or b"", item.bytes <= most)


def _unpack(packed: _Beginning, most: int) -> _Beginning:
    """Returns the first bytes of what is packed; none where it is damaged: Spark says so."""
    try:
        plain, is_whole = unpacked(packed.path, packed.content, most, is_cut=not packed.is_whole)
    except UnreadableError:
        return _Beginning(packed.path, b"", is_whole=False)
    return _Beginning(packed.path, plain, is_whole and packed.is_whole)
