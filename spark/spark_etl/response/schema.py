"""Whether a DataFrame has the columns its feature promised; found without a Spark job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from spark_etl.errors import ResponseError
from spark_etl.names import nearest
from spark_etl.response.declaration import Response
from spark_etl.response.pandera import pandera_columns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_etl.feature import SparkFeature


def check_schema(alias: str, feature: SparkFeature, frame: DataFrame) -> None:
    """Refuses a DataFrame whose columns are not those of the feature's response.

    Raises:
        ResponseError: Columns are missing, unexpected, or of another type; each is named.
    """
    response = feature.response
    if response is None:
        return
    if isinstance(response, Response):
        wanted, optional, strict = response.types(), set[str](), True
    else:
        wanted, optional, strict = pandera_columns(response)
    given = [(field.name, field.dataType.simpleString()) for field in frame.schema.fields]
    names = [name for name, _ in given]
    found = [
        *_duplicates(names),
        *_missing([name for name in wanted if name not in names and name not in optional], names),
        *((name, f"`{name}` is not expected") for name in dict.fromkeys(names) if strict and name not in wanted),
        *(
            (name, f"`{name}` is {text}, not {wanted[name]}")
            for name, text in given
            if name in wanted and text != wanted[name]
        ),
    ]
    if found:
        raise ResponseError(
            alias,
            "its columns are not those of its response:" + "".join(f"\n  {line}" for _, line in found),
            columns=[name for name, _ in found],
            hint=f"change what {type(feature).__qualname__}.transform returns, or its response",
        )


def _duplicates(names: list[str]) -> list[tuple[str, str]]:
    return [(name, f"`{name}` is there {times} times") for name, times in Counter(names).items() if times > 1]


def _missing(missing: Iterable[str], names: list[str]) -> Iterable[tuple[str, str]]:
    for name in missing:
        like = nearest(name, names)
        yield name, f"`{name}` is missing" + (f"; is it `{like}`?" if like else "")
