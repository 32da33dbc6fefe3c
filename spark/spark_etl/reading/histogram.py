"""Histograms: equal parts between the smallest and the largest value of a column."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from spark_etl.reading.python_values import format_moment

if TYPE_CHECKING:
    import pyarrow as pa

BINS = 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Histogram:
    """How many values lie between two neighbouring edges.

    Attributes:
        edges: One more than there are counts; equally far apart.
        counts: The last bin includes its right edge.
    """

    edges: tuple[Any, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Bins:
    """Equal parts between the smallest and the largest value, as doubles; of moments, seconds since 1970.

    Attributes:
        bounds: The smallest and the largest value, as the column has them.
        kind: The column's Arrow type.
    """

    least: float
    width: float
    number: int
    bounds: tuple[Any, Any]
    kind: pa.DataType

    @classmethod
    def between(cls, low: float | None, high: float | None, bounds: tuple[Any, Any], kind: pa.DataType) -> Bins | None:
        """Returns the bins; None where there are no values, or they have no finite bounds."""
        if low is None or high is None or not math.isfinite(high - low):
            return None
        number = BINS if high > low else 1
        return cls(low, (high - low) / number or 1.0, number, bounds, kind)

    def edges(self) -> tuple[Any, ...]:
        """Returns the bounds of all bins; a single value has one bin that begins and ends with it."""
        if not self._is_moment:
            last = self.least if self.number == 1 else self.least + self.width * self.number
            return (*(self.least + self.width * place for place in range(self.number)), last)
        inner = (self._as_moment(self.least + self.width * place) for place in range(1, self.number))
        return (self.bounds[0], *inner, self.bounds[1])

    def histogram(self, counted: Iterable[tuple[int, int]]) -> Histogram:
        """Returns the histogram of the bins' numbers with their counts; a bin that is not among them is empty."""
        known = dict(counted)
        return Histogram(self.edges(), tuple(int(known.get(number, 0)) for number in range(self.number)))

    @property
    def _is_moment(self) -> bool:
        from pyarrow import types

        return bool(types.is_temporal(self.kind))

    def _as_moment(self, seconds: float) -> Any:
        """Returns a day or a moment; a text beyond Python's calendar."""
        import pyarrow as pa

        try:
            moment = EPOCH + timedelta(seconds=seconds)
        except OverflowError:
            is_day, unit = pa.types.is_date(self.kind), pa.timestamp("us", getattr(self.kind, "tz", None))
            return (
                format_moment(int(seconds // 86_400), pa.date32())
                if is_day
                else format_moment(int(seconds * 1e6), unit)
            )
        if pa.types.is_date(self.kind):
            return moment.date()
        return moment if self.kind.tz else moment.replace(tzinfo=None)
