"""A bundle: one run in one zip, written and read. See docs/bundles.md for the format."""

from spark_etl.store.bundle.archive import BundleArchive
from spark_etl.store.bundle.as_written import parts_as_written
from spark_etl.store.bundle.content import BundleContent, Frame, FrameFile, SourceFile, bundle_parts, frame_member
from spark_etl.store.bundle.format import BundleInfo
from spark_etl.store.bundle.names import BundleNames
from spark_etl.store.bundle.part import Part
from spark_etl.store.bundle.place import imported_run, place_run
from spark_etl.store.bundle.read import BundledRun, read_bundle
from spark_etl.store.bundle.write import write_bundle

__all__ = [
    "BundleArchive",
    "BundleContent",
    "BundleInfo",
    "BundleNames",
    "BundledRun",
    "Frame",
    "FrameFile",
    "Part",
    "SourceFile",
    "bundle_parts",
    "frame_member",
    "imported_run",
    "parts_as_written",
    "place_run",
    "read_bundle",
    "write_bundle",
]
