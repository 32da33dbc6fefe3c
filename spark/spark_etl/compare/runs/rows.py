"""The rows of features, compared where both runs have them; what was compared once is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from spark_etl.compare.frames import RowDiff, compare_rows, compare_schemas
from spark_etl.compare.frames.keys import BY_ONE_SIDE, BY_ROWS
from spark_etl.compare.frames.rows import checkpoint_label
from spark_etl.compare.frames.same_files import has_same_etags, has_same_files
from spark_etl.compare.runs.fan_out import find_fan_out
from spark_etl.compare.runs.result import FanOut
from spark_etl.compare.runs.side import THREADS, Side
from spark_etl.compare.runs.small import has_same_small_rows
from spark_etl.errors import ArgumentError, ReadError
from spark_etl.names import listing
from spark_etl.reading import Checkpoint

UNIQUE_IN_ONE = BY_ONE_SIDE.format("")
OnProgress = Callable[[str, int, int], None]


class Rows:
    """Compares the rows of features.

    Args:
        a: One run.
        b: The other.
        feature: The only feature that keys are for, and whose columns they have to be; None for any that has them.
        keys: Columns by which a row of A and a row of B are the same one.
        tolerance: By how much two numbers may differ and still count as equal.
        samples: How many rows of each side to show.
        on_progress: Is called with a feature that is compared next, and how many of how many are done.
    """

    def __init__(
        self,
        a: Side,
        b: Side,
        *,
        feature: str | None = None,
        keys: Sequence[str] = (),
        tolerance: float | None = None,
        samples: int = 5,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._a, self._b = a, b
        self._feature = feature
        self._keys = tuple(keys)
        self._options: dict[str, Any] = {"samples": samples}
        if tolerance is not None:
            self._options["tolerance"] = tolerance
        self._on_progress = on_progress or (lambda *_: None)
        self._found: dict[str, RowDiff] = {}
        self._problems: dict[str, str] = {}

    def compare(self, aliases: Iterable[str]) -> None:
        """Compares the features of which both runs have rows.

        Raises:
            ArgumentError: No feature has the columns of the keys.
        """
        wanted = [alias for alias in aliases if alias not in self._found]
        for side in (self._a, self._b):
            side.open(wanted)
        pairs = {
            alias: (one, other)
            for alias in wanted
            if (one := self._a.checkpoint(alias)) is not None and (other := self._b.checkpoint(alias)) is not None
        }
        self._refuse_unknown_keys(pairs)
        self._find_same_objects(pairs)
        for done, (alias, pair) in enumerate(pairs.items()):
            self._on_progress(alias, done, len(pairs))
            if alias not in self._found and alias not in self._problems:
                self._compare(alias, *pair)

    def _find_same_objects(self, pairs: Mapping[str, tuple[Checkpoint, Checkpoint]]) -> None:
        """Finds the frames of the same objects in S3, side by side: each needs a listing, and nothing else is read."""
        alike = [] if self._keys else [alias for alias, pair in pairs.items() if has_same_etags(*pair)]
        with ThreadPoolExecutor(THREADS) as pool:
            are_same = list(pool.map(lambda alias: _is_same(*pairs[alias]), alike))
        for alias, is_same in zip(alike, are_same, strict=True):
            if is_same:
                self._found[alias] = self._same(*pairs[alias])

    def _compare(self, alias: str, a: Checkpoint, b: Checkpoint) -> None:
        try:
            keys = self._keys_of(alias, a, b)
            is_same = not keys and not has_same_files(a, b) and has_same_small_rows(a, b)
            self._found[alias] = self._same(a, b) if is_same else compare_rows(a, b, **self._options, **keys)
        except ReadError as error:
            self._problems[alias] = error.message

    def _same(self, a: Checkpoint, b: Checkpoint) -> RowDiff:
        schema = compare_schemas(a.schema, b.schema)
        tolerance = self._options.get("tolerance")
        labels = (checkpoint_label(a), checkpoint_label(b))
        return RowDiff(*labels, schema, a.rows, b.rows, columns=schema.common, tolerance=tolerance)

    def _keys_of(self, alias: str, a: Checkpoint, b: Checkpoint) -> dict[str, Any]:
        """Returns the keys for a feature: of many, for those that have all of their columns."""
        has_keys = all(key in side.schema for side in (a, b) for key in self._keys)
        return {"keys": self._keys} if self._keys and (has_keys or alias == self._feature) else {}

    def _refuse_unknown_keys(self, pairs: Mapping[str, tuple[Checkpoint, Checkpoint]]) -> None:
        if not self._keys or not pairs or self._feature is not None:
            return
        if not any(self._keys_of(alias, *pair) for alias, pair in pairs.items()):
            columns = {name for a, _ in pairs.values() for name in a.schema}
            raise ArgumentError(
                f"no feature has the columns {', '.join(f'`{key}`' for key in self._keys)} in both runs. "
                f"Known: {listing(columns)}",
                hint="--keys with columns of a feature, and --feature to compare that one alone",
            )

    def diff(self, alias: str) -> RowDiff | None:
        """Returns how the rows of a feature differ; None where they could not be compared."""
        return self._found.get(alias)

    def problem(self, alias: str) -> str:
        """Returns why they could not, though both are there."""
        return self._problems.get(alias, "")

    def fan_out(self, alias: str, upstreams: Iterable[str]) -> FanOut | None:
        """Returns the join that multiplies the rows of a feature on one side; None where none does.

        Args:
            alias: A feature that differs.
            upstreams: What it reads.
        """
        diff = self._found.get(alias)
        side = self._multiplied_side(diff) if diff else None
        if diff is None or side is None:
            return None
        other = self._b if side is self._a else self._a
        keys = () if _is_found_pair(diff) else diff.keys
        found = self._fan_out_of(side, alias, keys, upstreams)
        if keys and not found and diff.keys_from.startswith(UNIQUE_IN_ONE):  # another column may be the one joined
            keys, found = (), self._fan_out_of(side, alias, (), upstreams)
        is_in_both = found and not keys and self._fan_out_of(other, alias, found.keys, upstreams)
        return None if is_in_both else found

    def _multiplied_side(self, diff: RowDiff) -> Side | None:
        """Returns the side whose rows share their key where those of the other do not; without keys, the longer one."""
        if diff.keys and (diff.duplicates_a is None) != (diff.duplicates_b is None):
            return self._a if diff.duplicates_a else self._b
        if (diff.keys and not _is_found_pair(diff)) or diff.rows_a == diff.rows_b:
            return None
        return self._a if diff.rows_a > diff.rows_b else self._b

    def _fan_out_of(self, side: Side, alias: str, keys: Sequence[str], upstreams: Iterable[str]) -> FanOut | None:
        frame = side.checkpoint(alias)
        read = {name: kept for name in upstreams if (kept := side.checkpoint(name)) is not None}
        return _find_fan_out(side.letter, alias, keys, frame, read) if frame is not None and read else None


def _find_fan_out(
    side: str, feature: str, keys: Sequence[str], frame: Checkpoint, upstreams: Mapping[str, Checkpoint]
) -> FanOut | None:
    try:
        return find_fan_out(side, feature, keys, frame, upstreams)
    except ReadError:  # a file above that can't be read is said of its own feature
        return None


def _is_found_pair(diff: RowDiff) -> bool:
    """Returns whether the key is of several columns that were found: one of them may be what a join multiplies."""
    return diff.keys_from == BY_ROWS and len(diff.keys) > 1


def _is_same(a: Checkpoint, b: Checkpoint) -> bool:
    try:
        return has_same_files(a, b)
    except ReadError:  # which is said when it is compared
        return False
