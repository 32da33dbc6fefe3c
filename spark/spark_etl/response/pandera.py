"""A pandera.pyspark model or schema as response, where the project has pandera installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def is_pandera(response: Any) -> bool:
    """Returns whether it is a model's class or a schema of pandera for Spark's DataFrames; pandera is not imported."""
    kind = response if isinstance(response, type) else type(response)
    return any(base.__module__.startswith("pandera.api.pyspark") for base in kind.__mro__)


def pandera_schema(response: Any) -> Any:
    """Returns the schema.

    Raises:
        ValueError: pandera refuses the model.
    """
    if not isinstance(response, type):
        return response
    try:
        return response.to_schema()  # type: ignore[attr-defined]
    except Exception as error:
        raise ValueError(f"pandera refuses {response.__qualname__}: {error}") from error


def pandera_columns(response: Any) -> tuple[dict[str, str], set[str], bool]:
    """Returns column → type, which of them may be missing, and whether no other column may be there."""
    columns = {name: column for name, column in pandera_schema(response).columns.items() if not column.regex}
    types = {name: column.dtype.type.simpleString() for name, column in columns.items()}
    optional = {name for name, column in columns.items() if not column.required}
    return types, optional, pandera_schema(response).strict is True


def pandera_findings(response: Any, frame: DataFrame) -> list[tuple[Sequence[str], str]]:
    """Returns columns and message of each of pandera's findings; it runs at least two jobs for each column."""
    from pandera.config import ValidationDepth, config_context

    with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
        checked = pandera_schema(response).validate(frame)
    return [
        ([str(complaint["column"])], " ".join(str(complaint["error"]).split()))
        for part in checked.pandera.errors.values()
        for complaints in part.values()
        for complaint in complaints
    ]
