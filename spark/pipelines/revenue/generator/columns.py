"""Arrow columns made from numpy arrays without a Python object per value."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MONEY = pa.decimal128(12, 2)
RATE = pa.decimal128(18, 8)
MOMENT = pa.timestamp("us", tz="UTC")


def decimals(units: NDArray[np.int64], kind: pa.Decimal128Type, *, null: NDArray[np.bool_] | None = None) -> pa.Array:
    """Returns decimals whose smallest unit is given as an integer: cents for MONEY.

    Args:
        units: Shape (n,).
        kind: Precision and scale.
        null: Shape (n,), true where the value is missing.
    """
    halves = np.empty((len(units), 2), dtype="<i8")
    halves[:, 0] = units
    halves[:, 1] = np.where(units < 0, -1, 0)
    values = pa.Array.from_buffers(kind, len(units), [None, pa.py_buffer(halves.tobytes())])
    return values if null is None else pc.if_else(pa.array(null), pa.scalar(None, kind), values)


def identifiers(prefix: str, numbers: NDArray[np.int64], *, width: int) -> pa.Array:
    """Returns `<prefix><number>`, the numbers padded with zeros to `width`."""
    padded = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width=width, padding="0")
    return pc.binary_join_element_wise(pa.scalar(prefix), padded, pa.scalar(""))


def chosen(values: list[str], index: NDArray[np.int64], *, null: NDArray[np.bool_] | None = None) -> pa.Array:
    """Returns `values[index]`."""
    picked = pa.array(values).take(pa.array(index))
    return picked if null is None else pc.if_else(pa.array(null), pa.scalar(None, pa.string()), picked)


def moments(seconds: NDArray[np.int64]) -> pa.Array:
    """Returns moments from seconds since the epoch."""
    return pa.array(seconds * 1_000_000).cast(MOMENT)
