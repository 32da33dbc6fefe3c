"""The declaration of a response, checked without Spark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from spark_etl.error_text import error_summary, error_text
from spark_etl.errors import GraphError, NotReturnedError
from spark_etl.names import alternatives
from spark_etl.response.pandera import is_pandera, pandera_schema
from spark_etl.response.types import NUMBERS, UNORDERED, canonical, kind
from spark_etl.user_code import guard_user_code

if TYPE_CHECKING:
    from spark_etl.feature import SparkFeature

ValueRange = tuple[Any, Any]


class Response:
    """Columns with their types, and what holds for their rows.

    The columns may come in any order; there must be all of them and no other. NULL breaks `not_null` and nothing else,
    and a row with a NULL in a unique key equals no other row, as in SQL.

    Args:
        columns: Column → type as Spark's SQL writes it: `bigint`, `decimal(18,2)`, `array<string>`.
        not_null: Columns without NULL.
        unique: Keys that no two rows share; each a column or a list of columns.
        ranges: Column → `(lower, upper)`, both included; None where there is no bound.
        allowed: Column → all values there may be.
    """

    def __init__(
        self,
        columns: Mapping[str, str],
        *,
        not_null: Iterable[str] = (),
        unique: Iterable[str | Sequence[str]] = (),
        ranges: Mapping[str, ValueRange] | None = None,
        allowed: Mapping[str, Iterable[Any]] | None = None,
    ) -> None:
        self.columns = dict(columns)
        self.not_null = _names(not_null)
        self.unique = [_names([key] if isinstance(key, str) else key) for key in _names(unique)]
        self.ranges = dict(ranges or {})
        self.allowed = {column: list(values) for column, values in (allowed or {}).items()}

    def types(self) -> dict[str, str]:
        """Returns column → type, as `DataFrame.dtypes` writes it."""
        return {name: canonical(text) for name, text in self.columns.items()}

    @property
    def expects(self) -> bool:
        """Whether rows have to be looked at."""
        return bool(self.not_null or self.unique or self.ranges or self.allowed)

    def __repr__(self) -> str:
        parts = [f"{name}={value!r}" for name, value in vars(self).items() if name != "columns" and value]
        return f"Response({', '.join([repr(self.columns), *parts])})"


def _names(value: Any) -> list[Any]:
    """Returns a list of what was listed; a text alone is one name, not its letters."""
    return [value] if isinstance(value, str) else list(value)


def has_expectations(feature: SparkFeature) -> bool:
    """Returns whether rows have to be looked at to know if a response is kept; the feature has to be kept for that."""
    response = feature.response
    return response.expects if isinstance(response, Response) else response is not None


def unique_keys(feature: SparkFeature) -> list[list[str]]:
    """Returns the unique keys that a feature's response declares, each a list of columns, in the order declared."""
    response = feature.response
    if is_pandera(response):
        key = pandera_schema(response).unique
        return [list(key)] if key else []
    return [list(key) for key in response.unique] if isinstance(response, Response) else []


def check_declaration(alias: str, feature: SparkFeature) -> None:
    """Refuses a wrong response: one that is no `Response`, an unknown type, an unknown column.

    Raises:
        GraphError: What is wrong is named.
    """
    try:
        with guard_user_code():  # it may be a property
            response = feature.response
        if response is not None:
            _check(response)
    except (ValueError, NotReturnedError) as error:
        raise GraphError(f"feature `{alias}`: its response: {error_text(error)}") from error
    except Exception as error:
        raise GraphError(f"feature `{alias}`: its response: {error_summary(error)}") from error


def _check(response: Any) -> None:
    if is_pandera(response):
        pandera_schema(response)
        return
    if not isinstance(response, Response):
        kind_of = type(response).__name__
        raise ValueError(f"it is of type {kind_of}, but must be Response(…) or a pandera.pyspark model")  # noqa: TRY004
    types = _types(response)
    _check_names(response, types)
    for key in response.unique:
        _check_key(key, types)
    for name, bounds in response.ranges.items():
        _check_bounds(name, bounds, types[name])
    for name, values in response.allowed.items():
        if not values:
            raise ValueError(f"allowed[{name!r}] is empty: no row could keep it")
        for value in values:
            _check_value(f"allowed[{name!r}]", value, types[name])


def _types(response: Response) -> dict[str, str]:
    types: dict[str, str] = {}
    for name, text in response.columns.items():
        if not isinstance(text, str):
            raise ValueError(f"column `{name}`: its type is written as text, such as 'bigint', not as {text!r}")  # noqa: TRY004
        try:
            types[name] = canonical(text)
        except ValueError as error:
            raise ValueError(f"column `{name}`: {text!r}: {error}") from None
    return types


def _check_names(response: Response, types: Mapping[str, str]) -> None:
    named = [*(("not_null", name) for name in response.not_null), *(("ranges", name) for name in response.ranges)]
    named += [
        *(("unique", name) for key in response.unique for name in key),
        *(("allowed", name) for name in response.allowed),
    ]
    for part, name in named:
        if name not in types:
            raise ValueError(f"{part} names an unknown column `{name}`. {alternatives(str(name), types)}")


def _check_key(key: list[str], types: Mapping[str, str]) -> None:
    if not key:
        raise ValueError("unique has a key without columns")
    for name in key:
        if kind(types[name]) in UNORDERED:
            raise ValueError(f"unique: Spark can't compare `{name}`, a {types[name]}")


def _check_bounds(name: str, bounds: ValueRange, type_text: str) -> None:
    what = f"ranges[{name!r}]"
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        raise ValueError(f"{what} is {bounds!r}, but must be (lower, upper), None for no bound")
    given = [bound for bound in bounds if bound is not None]
    if not given:
        raise ValueError(f"{what} has no bound")
    if kind(type_text) == "boolean":
        raise ValueError(f"{what}: a boolean has no range; use allowed")
    for bound in given:
        _check_value(what, bound, type_text)
    if len(given) == 2 and given[0] > given[1]:
        raise ValueError(f"{what}: {given[0]!r} is more than {given[1]!r}")


def _check_value(what: str, value: Any, type_text: str) -> None:
    wanted = _python_types(kind(type_text))
    if not wanted:
        raise ValueError(f"{what}: not possible for a {type_text}")
    wrong = (isinstance(value, bool) and bool not in wanted) or (isinstance(value, datetime) and date in wanted)
    if wrong or not isinstance(value, wanted):
        names = " or ".join(f"datetime.{one.__name__}" if one in {date, datetime} else one.__name__ for one in wanted)
        raise ValueError(f"{what}: {value!r} is no value of a {type_text}; write it as {names}")


def _python_types(type_kind: str) -> tuple[type, ...]:
    if type_kind in NUMBERS:
        return (int, float, Decimal)
    known: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "boolean": (bool,),
        "date": (date,),
        "timestamp": (datetime,),
        "timestamp_ntz": (datetime,),
    }
    return known.get(type_kind, ())
