"""What a run leaves, typed. `RunStore` is the one door to it: nothing outside knows where the parts of a run lie."""

from spark_etl.store.code import code_path
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
from spark_etl.store.heartbeat import EVERY_SECONDS, Heartbeat
from spark_etl.store.index import Summary
from spark_etl.store.inputs import FeatureInputs, ObjectRecord, RunInputs, SourceRecord
from spark_etl.store.layout import USERS, first_id, is_run_id
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
from spark_etl.store.sources import ImportedSource, source_path
from spark_etl.store.stop_requests import STOP_USER
from spark_etl.store.store import RunStore
from spark_etl.store.verify import CheckpointState, checkpoint_state, files_digest
from spark_etl.store.writer import RunWriter, now

__all__ = [
    "ADOPTED",
    "DAMAGED",
    "EVERY_SECONDS",
    "KINDS",
    "NOT_COMPUTED",
    "OWN_CODE",
    "PIN_USER",
    "RECORDED_STATUSES",
    "REPLAY",
    "STOP_USER",
    "USERS",
    "CheckpointState",
    "CodeRecord",
    "DataFile",
    "ErrorRecord",
    "FeatureInputs",
    "FeatureRecord",
    "Heartbeat",
    "ImportedSource",
    "Manifest",
    "ObjectRecord",
    "OutputRecord",
    "Pin",
    "PinnedVersion",
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
    "code_path",
    "earlier_runs",
    "files_digest",
    "first_id",
    "is_lazy",
    "is_manifest",
    "is_run_id",
    "looks_like_a_path",
    "manifest_at",
    "manifest_path",
    "now",
    "publishing_seconds",
    "run_name",
    "run_path",
    "short_name",
    "shown_state",
    "source_path",
    "state_text",
    "top_scratch",
]
