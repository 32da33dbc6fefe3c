"""A source: where a DataFrame comes from that no feature computes. One of your own has `inputs` and `read`."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_etl.errors import ConfigError
from spark_etl.names import alternatives, quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from spark_etl.dates import DateRange

# Of options, whose names are other software's: what may be a secret. Of a source's own arguments: what is called one.
SECRET = re.compile(
    r"pass|secret|token|credential|(access|api).?key|key.?list|encryption.*keys?$|private|sas|authorization$",
    re.IGNORECASE,
)
HIDDEN = "…"
LOGIN_IN_URL = re.compile(r"://[^/@\s]+:[^/@\s]*@")
# Short words only as words: `bypass=True` is another source than `bypass=False`.
SECRET_ARGUMENT = re.compile(
    r"((^|_)(?i:pass|pwd|sas)|(?<=[a-z0-9])(Pass|Pwd|Sas|SAS)"
    r"|(?i:password|passwd|passphrase|secret|token|credentials?|(api|access|account|private|secret)_?key))$"
)


@dataclass(frozen=True)
class InputObject:
    """One object a source reads.

    Attributes:
        path: Its full path.
        bytes: Its size.
        etag: Changes with the content under the same path; None if the store has none.
    """

    path: str
    bytes: int
    etag: str | None


class Source(ABC):
    """Where a DataFrame comes from that no feature of the graph computes.

    Its `repr` identifies it in run.json and for `--resume`: the class and its public attributes, unless a subclass
    defines another.
    """

    _pinned: frozenset[str] | None = None

    def pin(self, paths: Collection[str] | None) -> None:
        """Makes `inputs` and `read` pass over every object but these, which a run has read; None takes that back.

        One of a class of your own need not know it: a replay compares what its `inputs` returns.
        """
        self._pinned = None if paths is None else frozenset(paths)

    def is_pinned(self, path: str) -> bool:
        """Returns whether an object is among those that are read."""
        return self._pinned is None or path in self._pinned

    def __repr__(self) -> str:
        return source_key(self, **{name: value for name, value in vars(self).items() if not name.startswith("_")})

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


def source_key(source: object, *arguments: Any, **named: Any) -> str:
    """Returns the call that makes a source: the same text is the same source.

    Arguments that are None or empty are left out. Secrets are hidden, so another password is no other source.
    """
    parts = [repr(value) for value in arguments]
    known = {name: value for name, value in named.items() if value is not None and value not in ({}, [])}
    parts += [
        f"{name}={HIDDEN if SECRET_ARGUMENT.search(name) else repr(_without_secrets(value))}"
        for name, value in known.items()
    ]
    return f"{type(source).__name__}({', '.join(parts)})"


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if SECRET.search(str(key)) else _without_secrets(value[key]) for key in sorted(value, key=str)
        }
    if type(value) is str:
        return LOGIN_IN_URL.sub(rf"://{HIDDEN}@", value)
    return [_without_secrets(item) for item in value] if type(value) is list else value


def select_columns(frame: DataFrame, columns: Sequence[str] | None, source: str) -> DataFrame:
    """Returns the frame with these columns; with all of them for None.

    Raises:
        ConfigError: One is not there; it is named with the nearest.
    """
    if columns is None:
        return frame
    for column in columns:
        if column not in frame.columns:
            raise ConfigError(f"{source} has no column `{column}`. {alternatives(column, frame.columns)}")
    return frame.select(*(quoted(column) for column in dict.fromkeys(columns)))
