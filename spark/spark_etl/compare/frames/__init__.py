"""Two frames that runs have kept, compared: their schemas and their rows, without Spark."""

from spark_etl.compare.frames.diff import KeyDuplicates, RowDiff, RowPair, SampleRow
from spark_etl.compare.frames.rows import compare_rows
from spark_etl.compare.frames.schema import SchemaDiff, compare_schemas

__all__ = ["KeyDuplicates", "RowDiff", "RowPair", "SampleRow", "SchemaDiff", "compare_rows", "compare_schemas"]
