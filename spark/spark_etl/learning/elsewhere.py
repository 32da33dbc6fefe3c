"""Computes a feature with a fix on a few other rows, of other days: a fix that names rows of the run fails there."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from spark_etl.dates import DateRange
from spark_etl.errors import FeatureError
from spark_etl.learning.lesson import Assignment
from spark_etl.learning.project import write_tables
from spark_etl.runner.execute import Execution
from spark_etl.user_code import guard_user_code


def compute_elsewhere(assignment: Assignment, execution: Execution) -> pa.Table:
    """Returns what the lesson's feature makes of the other rows, in the session of a replay.

    Args:
        assignment: The lesson.
        execution: The replay with the fix, which has ended.

    Raises:
        FeatureError: The feature fails on those rows.
    """
    days, work = assignment.lesson.declared.elsewhere, execution.work
    options = replace(work.plan.options, dates=DateRange(days.start_date, days.end_date))
    again = Execution(replace(work, plan=replace(work.plan, options=options), frames={}, sources={}))
    frames = again.work.frames
    with tempfile.TemporaryDirectory(prefix="spark-etl-") as folder:
        write_tables(assignment.elsewhere, Path(folder))
        for name in assignment.elsewhere.tables:
            frames[name] = work.backend.spark.read.parquet(f"{folder}/{name}")
        try:
            with guard_user_code():
                for alias in work.plan.order:
                    if alias not in frames:
                        frames[alias] = again.transform(alias)
                return frames[assignment.feature].toArrow()
        except FeatureError:
            raise
        except Exception as error:
            raise again.work.feature_error(assignment.feature, error) from error
