"""Checks of what a feature returned."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from spark_etl.errors import FeatureError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def checked_frame(alias: str, value: Any) -> DataFrame:
    """Returns the value if it is a DataFrame.

    Raises:
        FeatureError: It is something else.
    """
    from pyspark.sql import DataFrame

    if isinstance(value, DataFrame):
        return value
    what = "nothing" if value is None else f"a {type(value).__module__}.{type(value).__qualname__}"
    raise FeatureError(alias, f"transform() returned {what}, not a DataFrame", hint="does it end with `return`?")


def check_writable(alias: str, frame: DataFrame) -> None:
    """Refuses what Parquet can't hold.

    Raises:
        FeatureError: Columns have one name, or no type; they are named.
    """
    doubled = sorted(name for name, times in Counter(name.lower() for name in frame.columns).items() if times > 1)
    if doubled:
        raise FeatureError(
            alias,
            f"more than one column is called {', '.join(f'`{name}`' for name in doubled)}; Parquet can't hold that",
            hint="drop or rename one of them, for instance by join(other, on='key')",
        )
    void = [field.name for field in frame.schema.fields if field.dataType.typeName() == "void"]
    if void:
        raise FeatureError(
            alias,
            f"no type for {', '.join(f'`{name}`' for name in void)}: all its values are NULL; Parquet can't hold that",
            hint=f'give it one: F.lit(None).cast("string").alias("{void[0]}")',
        )
