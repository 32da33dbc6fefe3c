"""What the generator of a lesson returns: the data, the rows that the bug concerns, and what is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Period:
    """Of when the rows of a lesson are.

    Attributes:
        first: The first day.
        last: The last day.
        is_small: Whether few rows are enough: they only tell whether a fix holds for others, too.
    """

    first: date
    last: date
    is_small: bool = False


@dataclass(frozen=True)
class Planted:
    """The data of a lesson, for one learner.

    Attributes:
        tables: Name → rows, of what the project reads.
        keys: The keys of the rows that the bug concerns.
        right: What the lesson's feature returns without the bug.
        facts: Name → text, for the ticket.
    """

    tables: Mapping[str, pa.Table]
    keys: frozenset[Any]
    right: pa.Table
    facts: Mapping[str, str]


def money(random: Random, least: int, most: int) -> Decimal:
    """Returns an amount between two numbers of cents, both included."""
    return Decimal(random.randint(least, most)) / 100


def table(rows: Sequence[Sequence[Any]], types: Mapping[str, pa.DataType]) -> pa.Table:
    """Returns rows as a table.

    Args:
        rows: Each with a value for every column.
        types: Column → type, in order.
    """
    import pyarrow as pa

    columns = zip(*rows, strict=True) if rows else [()] * len(types)
    arrays = {name: pa.array(values, kind) for (name, kind), values in zip(types.items(), columns, strict=True)}
    return pa.table(arrays)
