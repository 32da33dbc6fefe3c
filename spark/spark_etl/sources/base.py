"""What a source has to do; a source of your own is a subclass with `inputs` and `read`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_etl.sources.identity import identity

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from spark_etl.dates import DateRange


@dataclass(frozen=True)
class InputObject:
    """One object a source reads.

    Attributes:
        path: Its full path.
        bytes: Its size.
        etag: What tells this content from any other under the same path, if the store has such.
    """

    path: str
    bytes: int
    etag: str | None


class Source(ABC):
    """Where a DataFrame comes from that no feature of the graph computes.

    Its `repr` tells it from other sources in run.json and to `--resume`: the class and its public attributes, unless a
    subclass says otherwise.
    """

    def __repr__(self) -> str:
        return identity(self, **{name: value for name, value in vars(self).items() if not name.startswith("_")})

    @abstractmethod
    def inputs(self, dates: DateRange) -> list[InputObject]:
        """Returns the objects that would be read, found without Spark and before it starts.

        Raises:
            MissingDataError: Something asked for is not there.
        """

    def locations(self, dates: DateRange) -> list[str]:  # noqa: ARG002 - of those that have days in their paths
        """Returns the folders or files below which it looks; an output that would meet one of them is refused.

        `*` and `?` in a name stand for any letters.
        """
        return []

    @abstractmethod
    def read(self, spark: SparkSession, dates: DateRange) -> DataFrame:
        """Returns the DataFrame."""
