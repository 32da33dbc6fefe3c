"""Finds the files of a path, which may be a file, a folder or a pattern, without Spark."""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Iterable, Sequence
from datetime import date

from spark_etl.dates import DateRange, date_list
from spark_etl.errors import MissingDataError
from spark_etl.names import listing, nearest
from spark_etl.source import InputObject
from spark_etl.sources.contents import describe_contents, is_data
from spark_etl.sources.templates import any_day_pattern, fill_dates, has_day, has_placeholder
from spark_etl.storage import StoredObject, is_hidden, is_s3, name_of, normalise, relative_to, storage_for
from spark_etl.storage.paths import exactly, local_path

WILD = re.compile(r"[*?]")
CHECKSUMS = b"crc\0"  # what Hadoop's files of checksums begin with


class Location:
    """A path as a user writes it.

    Args:
        path: A file, a folder or a pattern, with or without days in it.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def files(self, dates: DateRange) -> list[tuple[InputObject, str]]:
        """Returns the files of all days, each with its label: its day, or its name.

        Raises:
            MissingDataError: There are none, or none for some of the days; the message names what lies beside them.
        """
        found: list[tuple[InputObject, str]] = []
        missing: list[date] = []
        base = "" if has_day(self.path) else self.base(dates)
        for day in dates.days() if has_day(self.path) else [None]:
            path = normalise(fill_dates(self.path, dates, day))
            files = _files(path)
            found += [(item, str(day or relative_to(item.path, base))) for item in files]
            if not files and day is None:
                raise _nothing_at(path, path)
            if not files and day is not None:
                missing.append(day)
        if missing:
            days = f"{len(missing)} of {len(dates.days())} days missing"
            where = f"{self.path} for {date_list(missing)} ({days})"
            raise _nothing_at(where, normalise(fill_dates(self.path, dates, missing[0])))
        return found

    def base(self, dates: DateRange) -> str:
        """Returns the folder below which `name=value` folders are columns."""
        path = self.fixed_part(dates)
        varies = any(map(_varies, _segments(self.path)))
        is_file = not varies and storage_for(path).find(path) is not None
        return path.rsplit("/", 1)[0] if is_file else path

    def pattern_of_any_day(self, dates: DateRange) -> str:
        """Returns the path as a pattern that fits every day, also those of other runs."""
        return normalise(any_day_pattern(self.path, dates))

    def fixed_part(self, dates: DateRange) -> str:
        """Returns the path up to the first name that is a pattern or has a day in it."""
        fixed = list(itertools.takewhile(lambda part: not _varies(part), _segments(self.path.rstrip("/"))))
        return normalise(fill_dates("/".join(fixed) or ("/" if self.path.startswith("/") else "."), dates))


def _nothing_at(where: str, path: str) -> MissingDataError:
    """Returns the error for a path that leads to no data: with what lies there, or else beside it."""
    contents = None if WILD.search(path) else describe_contents(path)
    if contents is None:
        return MissingDataError(f"nothing to read at {where}", hint=nearby_hint(path))
    found, advice = contents
    return MissingDataError(f"nothing to read at {where}\n  {path}/ has {found}", hint=advice)


def nearby_hint(path: str) -> str:
    """Returns the hint for a missing path: the names in the nearest folder above it that has any."""
    missing, folder = name_of(path), _parent(path)
    if missing in storage_for(folder).names(folder) and not WILD.search(path):
        return f"{path} is an empty folder"
    while not (names := storage_for(folder).names(folder)) and _parent(folder) != folder:
        missing, folder = name_of(folder), _parent(folder)
    if not names:
        elsewhere = "" if is_s3(path) else " Without s3a:// it is one of this machine"
        return f"nothing lies below {folder}/; is the path right?{elsewhere}"
    like = nearest(missing, names)
    return (f"did you mean `{like}`? " if like else "") + f"in {folder}/ there are: {listing_of(names)}"


def listing_of(names: Sequence[str]) -> str:
    """Returns the names in a folder as a text, hidden ones only if there are no others."""
    return listing([name for name in names if not is_hidden(name)] or names)


def _parent(path: str) -> str:
    """Returns the folder something lies in; of a bucket, or of the root, itself."""
    folder = path.rsplit("/", 1)[0]
    return path if folder.endswith(("/", ":")) else folder


def _segments(path: str) -> list[str]:
    """Returns what is between the slashes; of `{date:%Y/%m/%d}` they are its own."""
    return re.split(r"/(?![^{}]*\})", path)


def _varies(part: str) -> bool:
    return WILD.search(part) is not None or has_placeholder(part)


def _files(path: str) -> list[InputObject]:
    parts = path.split("/")
    fixed = list(itertools.takewhile(lambda part: not WILD.search(part), parts))
    if len(fixed) == len(parts):
        single = storage_for(path).find(path)
        found = [single] if single else [item for item in storage_for(path).walk(path) if is_data(item.path, path)]
    else:
        found = _matching("/".join(fixed), parts[len(fixed) :])
    return [InputObject(item.path, item.size, item.etag) for item in found]


def _matching(folder: str, pattern: list[str]) -> list[StoredObject]:
    """Returns the files below the folder of which the first names match the pattern, each name one part of it."""
    return [
        item
        for item in storage_for(folder).walk(folder)
        if is_data(item.path, folder) and _matches(relative_to(item.path, folder).split("/"), pattern)
    ]


def _matches(names: list[str], pattern: list[str]) -> bool:
    return len(names) >= len(pattern) and all(map(matches_pattern, names, pattern))


def matches_pattern(name: str, pattern: str) -> bool:
    """Returns whether a name matches; `[` is a letter, as in a path without a pattern."""
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))


def refuse_unreadable(paths: Iterable[str]) -> None:
    """Refuses files that Spark would leave out without a word, or fail at without a reason.

    Raises:
        MissingDataError: Names the first.
    """
    for path in paths:
        folder, name = path.rsplit("/", 1)
        if not is_data(path, folder):
            raise MissingDataError(
                f"Spark reads no file of such a name: {path}",
                hint="it may not begin with `_` or `.`; copy or rename it",
            )
        in_pattern = ":" in path.split("://", 1)[-1] and exactly(path) != path
        if in_pattern or (":" in name and not is_s3(path)):
            raise MissingDataError(
                f"Spark reads no file of such a name: {path}", hint="it may have no `:` in it; copy or rename it"
            )
        if not is_s3(path):
            _refuse_foreign_checksums(folder, name)


def _refuse_foreign_checksums(folder: str, name: str) -> None:
    """Refuses a local file beside which another file's checksums lie: Spark's reader compares them."""
    checksums = f"{folder}/.{name}.crc"
    content = storage_for(folder).read(checksums)
    if content is None:
        return
    file = storage_for(folder).find(f"{folder}/{name}")
    step = int.from_bytes(content[4:8], "big") or 1
    if file and (content[:4] != CHECKSUMS or len(content) != 8 + 4 * -(-file.size // step)):
        raise MissingDataError(
            f"{folder}/{name} is another file than {checksums} was written for, with its checksums",
            hint=f"if the file is right, delete the other one: rm '{local_path(checksums)}'",
        )
