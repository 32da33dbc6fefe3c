"""The clean-up of a scratch path: a plan of what goes and what stays, each with its reason, and its execution."""

from spark_etl.store.gc.execute import GcResult, execute_gc
from spark_etl.store.gc.options import KEEP_LAST, OLDER_THAN, GcOptions, parse_age
from spark_etl.store.gc.plan import GcPlan, Leftover, PlannedRun
from spark_etl.store.gc.planning import plan_gc, plan_removal
from spark_etl.store.gc.text import COLUMNS, format_progress, result_lines, summary_lines, table_rows, why

__all__ = [
    "COLUMNS",
    "KEEP_LAST",
    "OLDER_THAN",
    "GcOptions",
    "GcPlan",
    "GcResult",
    "Leftover",
    "PlannedRun",
    "execute_gc",
    "format_progress",
    "parse_age",
    "plan_gc",
    "plan_removal",
    "result_lines",
    "summary_lines",
    "table_rows",
    "why",
]
