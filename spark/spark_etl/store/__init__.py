"""What a run leaves, typed. `RunStore` is the one door to it: nothing outside knows where the parts of a run lie."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spark_etl.store.code import code_path
from spark_etl.store.contents import RunContents
from spark_etl.store.document import (
    ADOPTED,
    DAMAGED,
    IMPORTED,
    KINDS,
    RECORDED_STATUSES,
    REPLAY,
    RunDocument,
    Status,
)
from spark_etl.store.gc import COLUMNS as GC_COLUMNS
from spark_etl.store.gc import (
    KEEP_LAST,
    OLDER_THAN,
    GcOptions,
    GcPlan,
    GcResult,
    Leftover,
    PlannedRun,
    execute_gc,
    format_progress,
    parse_age,
    plan_gc,
    plan_removal,
    result_lines,
    summary_lines,
    table_rows,
)
from spark_etl.store.gc import why as why_planned
from spark_etl.store.heartbeat import EVERY_SECONDS, Heartbeat
from spark_etl.store.imported import imported_text
from spark_etl.store.index import Summary
from spark_etl.store.inputs import FeatureInputs, ObjectRecord, RunInputs, SourceRecord
from spark_etl.store.layout import PUBLISH_LOCK, TRUST_FOLDER, USERS, first_id, is_run_id
from spark_etl.store.lazy import NOT_COMPUTED, is_lazy, publishing_seconds, shown_state, state_text
from spark_etl.store.manifest import (
    DataFile,
    Manifest,
    adopted_manifest,
    is_manifest,
    manifest_at,
    manifest_path,
)
from spark_etl.store.names import looks_like_a_path, run_name, run_path, short_name, top_scratch
from spark_etl.store.pins import PIN_USER, Pin, PinnedVersion
from spark_etl.store.places import refuse_place_of_runs, run_in, user_place
from spark_etl.store.publish_decision import PublishDecision
from spark_etl.store.records import (
    OWN_CODE,
    CodeRecord,
    ErrorRecord,
    FeatureRecord,
    OutputRecord,
    ReplayRecord,
    State,
)
from spark_etl.store.run import StoredRun
from spark_etl.store.search import earlier_runs
from spark_etl.store.sources import ImportedSource, source_path
from spark_etl.store.stop_requests import STOP_USER
from spark_etl.store.store import RunStore
from spark_etl.store.verify import CheckpointState, checkpoint_state, files_digest
from spark_etl.store.writer import RunWriter, now

if TYPE_CHECKING:
    from spark_etl.store.bundle import (
        BundleArchive,
        BundleContent,
        BundledRun,
        BundleInfo,
        BundleNames,
        Frame,
        FrameFile,
        Part,
        SourceFile,
        bundle_parts,
        frame_member,
        imported_run,
        parts_as_written,
        place_run,
        read_bundle,
        write_bundle,
    )

__all__ = [
    "ADOPTED",
    "DAMAGED",
    "EVERY_SECONDS",
    "GC_COLUMNS",
    "IMPORTED",
    "KEEP_LAST",
    "KINDS",
    "NOT_COMPUTED",
    "OLDER_THAN",
    "OWN_CODE",
    "PIN_USER",
    "PUBLISH_LOCK",
    "RECORDED_STATUSES",
    "REPLAY",
    "STOP_USER",
    "TRUST_FOLDER",
    "USERS",
    "BundleArchive",
    "BundleContent",
    "BundleInfo",
    "BundleNames",
    "BundledRun",
    "CheckpointState",
    "CodeRecord",
    "DataFile",
    "ErrorRecord",
    "FeatureInputs",
    "FeatureRecord",
    "Frame",
    "FrameFile",
    "GcOptions",
    "GcPlan",
    "GcResult",
    "Heartbeat",
    "ImportedSource",
    "Leftover",
    "Manifest",
    "ObjectRecord",
    "OutputRecord",
    "Part",
    "Pin",
    "PinnedVersion",
    "PlannedRun",
    "PublishDecision",
    "ReplayRecord",
    "RunContents",
    "RunDocument",
    "RunInputs",
    "RunStore",
    "RunWriter",
    "SourceFile",
    "SourceRecord",
    "State",
    "Status",
    "StoredRun",
    "Summary",
    "adopted_manifest",
    "bundle_parts",
    "checkpoint_state",
    "code_path",
    "earlier_runs",
    "execute_gc",
    "files_digest",
    "first_id",
    "format_progress",
    "frame_member",
    "imported_run",
    "imported_text",
    "is_lazy",
    "is_manifest",
    "is_run_id",
    "looks_like_a_path",
    "manifest_at",
    "manifest_path",
    "now",
    "parse_age",
    "parts_as_written",
    "place_run",
    "plan_gc",
    "plan_removal",
    "publishing_seconds",
    "read_bundle",
    "refuse_place_of_runs",
    "result_lines",
    "run_in",
    "run_name",
    "run_path",
    "short_name",
    "shown_state",
    "source_path",
    "state_text",
    "summary_lines",
    "table_rows",
    "top_scratch",
    "user_place",
    "why_planned",
    "write_bundle",
]


def __getattr__(name: str) -> Any:
    """Imports what is a bundle's when it is first asked for: half of this package, which readers of runs don't need."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("spark_etl.store.bundle"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
