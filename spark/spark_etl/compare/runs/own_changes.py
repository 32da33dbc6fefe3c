"""What of a feature itself is another in the two runs: what its rows depend on, but for the features that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spark_etl.compare.runs.result import Cause


@dataclass(frozen=True)
class OwnChanges:
    """What of a feature itself is another.

    Attributes:
        causes: What is another, the most likely cause first.
        possible: What may be another, or may not matter: a source that can't be pinned, code that is not used.
        known: Whether both runs have recorded all that the feature depends on.
    """

    causes: tuple[Cause, ...] = ()
    possible: tuple[Cause, ...] = ()
    known: bool = False

    @property
    def none(self) -> bool:
        """Whether nothing is another, as far as it is recorded."""
        return self.known and not self.causes and not self.possible


def mapping(value: Any) -> Mapping[str, Any]:
    """Returns a stored value if it is a mapping; others may have written what is read."""
    return value if isinstance(value, Mapping) else {}


def other_names(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Returns the names, sorted, that have another value in the other mapping, or none."""
    return sorted(name for name in {*a, *b} if name not in a or name not in b or a[name] != b[name])


def listed(items: Iterable[str], most: int = 3, separator: str = ", ") -> str:
    """Returns some items as one text, and how many more there are."""
    found = list(items)
    more = f" and {len(found) - most:,} more" if len(found) > most else ""
    return separator.join(found[:most]) + more


def cut(items: Iterable[str], most: int = 20) -> Iterator[str]:
    """Yields the first items, and how many more there are."""
    found = list(items)
    yield from found[:most]
    if len(found) > most:
        yield f"and {len(found) - most:,} more"
