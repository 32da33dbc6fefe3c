"""Two runs compared: the first features that part, and why."""

from spark_etl.compare.runs.compare import Compute, compare_runs
from spark_etl.compare.runs.named import compare_named
from spark_etl.compare.runs.names import find_runs
from spark_etl.compare.runs.published import compare_with_path
from spark_etl.compare.runs.result import Bracket, Cause, FanOut, FeatureDiff, RunDiff

__all__ = [
    "Bracket",
    "Cause",
    "Compute",
    "FanOut",
    "FeatureDiff",
    "RunDiff",
    "compare_named",
    "compare_runs",
    "compare_with_path",
    "find_runs",
]
