"""Snapshots made of files of one's own: CSV, JSON or Parquet becomes one Parquet file that Spark reads, of one day."""

from spark_etl.snapshots.convert import HEADERS, Snapshot, convert
from spark_etl.snapshots.options import ReadOptions, SnapshotPlace, check_names, read_options, snapshot_place
from spark_etl.snapshots.publish import check_place, drift_note, publish_snapshot

__all__ = [
    "HEADERS",
    "ReadOptions",
    "Snapshot",
    "SnapshotPlace",
    "check_names",
    "check_place",
    "convert",
    "drift_note",
    "publish_snapshot",
    "read_options",
    "snapshot_place",
]
