"""Warnings about what is read, at the line of the user's that asked for it."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence

from spark_etl.printable import printable

LIBRARIES = {__name__.partition(".")[0], "duckdb", "pyarrow"}


def warn_user(message: str, kind: type[Warning] = UserWarning) -> None:
    """Warns at the nearest line that is not of this package or of what reads for it."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in LIBRARIES:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, kind, stacklevel=level)


def warn_of_variants(columns: Sequence[str], types: Mapping[str, str]) -> None:
    """Warns of columns of the type VARIANT, which Parquet has in parts that only Spark puts together."""
    variants = [name for name in columns if "variant" in types[name]]
    if variants:
        shown = printable(", ".join(f"`{name}`" for name in variants), one_line=True)
        warn_user(f"VARIANT {shown}: shown as it is stored; .spark() reads it, to_json(…) in the feature makes it text")
