"""What a run leaves, typed. `RunStore` is the one door to it: nothing outside knows where the parts of a run lie."""

from spark_etl.store.contents import RunContents
from spark_etl.store.document import (
    ADOPTED,
    DAMAGED,
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
from spark_etl.store.records import (
    OWN_CODE,
    CodeRecord,
    ErrorRecord,
    FeatureRecord,
    OutputRecord,
    ReplayRecord,
    State,
)
from spark_etl.store.run import PublishDecision, StoredRun
from spark_etl.store.search import earlier_runs
from spark_etl.store.stop_requests import STOP_USER
from spark_etl.store.store import RunStore
from spark_etl.store.verify import CheckpointState, checkpoint_state, files_digest
from spark_etl.store.writer import RunWriter, now

__all__ = [
    "ADOPTED",
    "DAMAGED",
    "EVERY_SECONDS",
    "GC_COLUMNS",
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
    "CheckpointState",
    "CodeRecord",
    "DataFile",
    "ErrorRecord",
    "FeatureInputs",
    "FeatureRecord",
    "GcOptions",
    "GcPlan",
    "GcResult",
    "Heartbeat",
    "Leftover",
    "Manifest",
    "ObjectRecord",
    "OutputRecord",
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
    "SourceRecord",
    "State",
    "Status",
    "StoredRun",
    "Summary",
    "adopted_manifest",
    "checkpoint_state",
    "earlier_runs",
    "execute_gc",
    "files_digest",
    "first_id",
    "format_progress",
    "is_lazy",
    "is_manifest",
    "is_run_id",
    "looks_like_a_path",
    "manifest_at",
    "manifest_path",
    "now",
    "parse_age",
    "plan_gc",
    "plan_removal",
    "publishing_seconds",
    "result_lines",
    "run_name",
    "run_path",
    "short_name",
    "shown_state",
    "state_text",
    "summary_lines",
    "table_rows",
    "top_scratch",
    "why_planned",
]
