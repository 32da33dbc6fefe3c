"""What a test says of a run: that it is the same as another one, and that its rows are as they should be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from spark_etl.errors import CheckpointError
from spark_etl.reading.condition import Condition, is_about_all, parse_condition
from spark_etl.reading.tables import text_table

if TYPE_CHECKING:
    from spark_etl.reading.checkpoint import Checkpoint
    from spark_etl.reading.run import Run

SHOWN_ROWS, SHOWN_COLUMNS = 5, 8


class AssertedRun:
    """The statements of tests about a run, as its methods."""

    def assert_same(
        self,
        other: Run | str,
        *,
        feature: str | None = None,
        keys: Sequence[str] | str = (),
        tolerance: float | None = None,
    ) -> None:
        """Refuses a run that differs from this one, or can't be compared; the message is that of `sandbox diff`.

        Args:
            other: A run, its name, `latest`, `last-success`, or a published path.
            feature: Compare this one, and what it depends on; all if not given.
            keys: Columns by which a row of both is the same one.
            tolerance: By how much two numbers may differ and still count as equal.

        Raises:
            AssertionError: They differ, or it is not known that they do not.
            ArgumentError: No such run, one run twice, an unknown feature.
        """
        __tracebackhide__ = True
        diff = cast("Run", self).diff(other, feature=feature, keys=keys, tolerance=tolerance)
        if not diff.same:
            raise AssertionError(f"the runs are not the same\n{diff}")

    def expect(self, feature: str, condition: str) -> None:
        """Refuses rows of a feature that a condition does not hold for.

        Args:
            feature: One that the run has kept.
            condition: SQL of DuckDB. With an aggregate, it is about all rows: `"rows > 0"`, `"sum(net) = 5"`, where
                `rows` is their number. Else it is about each row: `"net >= 0"`, and holds where there is none. NULL is
                not true. A column that it compares must not have NaN, unless it asks by `isnan` or `isfinite`.

        Raises:
            AssertionError: It does not hold; some of the rows are shown.
            ArgumentError: It is about no column, has a sub-query or a window function, or `rows` is a column too.
            CheckpointError: The feature was not kept, or DuckDB refuses the condition.
        """
        __tracebackhide__ = True
        checkpoint = cast("Run", self)[feature]
        wanted = parse_condition(condition, checkpoint)
        broken, *nans = _counts(checkpoint, wanted, condition)
        if broken:
            raise AssertionError(_text(checkpoint, wanted.sql, condition, broken))
        for column, count in zip(wanted.floats, nans, strict=True):
            if count:
                raise AssertionError(_nan_text(checkpoint, condition, column, count))


def _counts(checkpoint: Checkpoint, wanted: Condition, condition: str) -> list[int]:
    """Returns how often the condition does not hold, then in how many rows each column that could be NaN is it."""
    columns = enumerate(wanted.floats.values())
    nans = ", ".join(f"count(*) filter (where isnan({column})) as nan_{number}" for number, column in columns)
    query = f"select * from (select ({wanted.sql}\n)::boolean as holds from this)"  # noqa: S608 - the caller's own SQL
    query = f"select * from (select count(*) filter (where holds is not true) from ({query}))"  # noqa: S608
    query += f", (select {nans} from this)" if nans else ""  # noqa: S608
    try:
        return [int(count) for count in checkpoint.sql(query).iloc[0]]
    except CheckpointError as error:
        raise CheckpointError(
            f"expect({checkpoint.feature!r}, {condition!r}): {error.message}", hint=error.hint
        ) from error


def _text(checkpoint: Checkpoint, wanted: str, condition: str, broken: int) -> str:
    run, feature = checkpoint.manifest.run_id, checkpoint.feature
    head = f"`{feature}` of run {run}: {condition} does not hold"
    if is_about_all(wanted, checkpoint):
        return f"{head} for its {checkpoint.rows:,} rows"
    rows = checkpoint.sql(f"select * from this where (({wanted}\n)::boolean) is not true limit {SHOWN_ROWS}")  # noqa: S608
    names = list(rows.columns)[:SHOWN_COLUMNS]
    cells = [[str(value) for value in row] for row in rows[names].itertuples(index=False)]
    return f"{head} for {broken:,} of {checkpoint.rows:,} rows:\n{text_table(names, cells)}"


def _nan_text(checkpoint: Checkpoint, condition: str, column: str, count: int) -> str:
    run, feature = checkpoint.manifest.run_id, checkpoint.feature
    return (
        f"`{feature}` of run {run}: {condition} says nothing of NaN, which SQL takes for greater than all numbers, and "
        f"`{column}` is NaN in {count:,} of {checkpoint.rows:,} rows\n"
        f"next: say what is right: isfinite({column}) for no NaN and no infinity, or isnan({column}) or … for both"
    )
