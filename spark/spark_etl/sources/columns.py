"""The columns of a source that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spark_etl.errors import ConfigError
from spark_etl.names import alternatives, quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def selected(frame: DataFrame, columns: Sequence[str] | None, what: str) -> DataFrame:
    """Returns the frame with these columns; with all of them for None.

    Raises:
        ConfigError: One is not there; it is named with the nearest.
    """
    if columns is None:
        return frame
    for column in columns:
        if column not in frame.columns:
            raise ConfigError(f"{what} has no column `{column}`. {alternatives(column, frame.columns)}")
    return frame.select(*(quoted(column) for column in dict.fromkeys(columns)))
