"""How the columns of two frames differ, by name and type: their order and whether they may be NULL do not count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spark_etl.compare.showing import show
from spark_etl.printable import printable
from spark_etl.units import format_count

MOST_NAMED = 3


@dataclass(frozen=True)
class SchemaDiff:
    """How the columns of two frames, A and B, differ.

    Attributes:
        only_a: Columns that only A has, with their types as Spark's SQL writes them.
        only_b: Columns that only B has.
        changed: Column → its type in A and its type in B, where they are two.
        common: Columns of both, in A's order.
    """

    only_a: Mapping[str, str]
    only_b: Mapping[str, str]
    changed: Mapping[str, tuple[str, str]]
    common: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether both have the same columns with the same types."""
        return not (self.only_a or self.only_b or self.changed)

    def to_dict(self) -> dict[str, Any]:
        """Returns the difference as plain values, for JSON."""
        return {
            "same": self.same,
            "only_a": dict(self.only_a),
            "only_b": dict(self.only_b),
            "changed": {name: {"a": one, "b": other} for name, (one, other) in self.changed.items()},
        }

    def __str__(self) -> str:
        return "\n".join(self._lines()) or "The columns are the same."

    def _repr_html_(self) -> str:
        return show("schema_html", self)

    def _lines(self) -> Iterator[str]:
        for side, columns in (("A", self.only_a), ("B", self.only_b)):
            if columns:
                shown = _listed([f"`{name}` {kind}" for name, kind in columns.items()])
                yield f"{format_count(len(columns), 'column')} only in {side}: {shown}"
        if self.changed:
            shown = _listed([f"`{name}` {one} in A, {other} in B" for name, (one, other) in self.changed.items()], "; ")
            yield f"{format_count(len(self.changed), 'column')} of another type: {shown}"


def compare_schemas(a: Mapping[str, str], b: Mapping[str, str]) -> SchemaDiff:
    """Returns how two schemas differ.

    Args:
        a: Column → type, as in `Checkpoint.schema`. Names are compared as they are written.
        b: The other one.
    """
    return SchemaDiff(
        only_a={name: kind for name, kind in a.items() if name not in b},
        only_b={name: kind for name, kind in b.items() if name not in a},
        changed={name: (kind, b[name]) for name, kind in a.items() if name in b and b[name] != kind},
        common=tuple(name for name in a if name in b),
    )


def _listed(items: list[str], separator: str = ", ") -> str:
    more = f" and {len(items) - MOST_NAMED:,} more" if len(items) > MOST_NAMED else ""
    return separator.join(_cut(printable(item, one_line=True)) for item in items[:MOST_NAMED]) + more


def _cut(text: str, most: int = 120) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
