"""What two runs have kept, compared without Spark: `frames` are two checkpoints, `runs` all of two runs."""

from spark_etl.compare.frames import (
    KeyDuplicates,
    RowDiff,
    RowPair,
    SampleRow,
    SchemaDiff,
    compare_rows,
    compare_schemas,
)
from spark_etl.compare.runs import (
    Bracket,
    Cause,
    Compute,
    FanOut,
    FeatureDiff,
    RunDiff,
    compare_named,
    compare_runs,
    compare_with_path,
    find_runs,
)

__all__ = [
    "Bracket",
    "Cause",
    "Compute",
    "FanOut",
    "FeatureDiff",
    "KeyDuplicates",
    "RowDiff",
    "RowPair",
    "RunDiff",
    "SampleRow",
    "SchemaDiff",
    "compare_named",
    "compare_rows",
    "compare_runs",
    "compare_schemas",
    "compare_with_path",
    "find_runs",
]
