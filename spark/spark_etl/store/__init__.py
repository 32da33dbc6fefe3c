"""What a run leaves, typed. `RunStore` is the one door to it: nothing outside knows where the parts of a run lie."""

from spark_etl.store.contents import RunContents
from spark_etl.store.document import (
    DAMAGED,
    RECORDED_STATUSES,
    ErrorRecord,
    FeatureRecord,
    OutputRecord,
    RunDocument,
    State,
    Status,
)
from spark_etl.store.heartbeat import EVERY_SECONDS, Heartbeat
from spark_etl.store.index import Summary
from spark_etl.store.inputs import FeatureInputs, ObjectRecord, RunInputs, SourceRecord
from spark_etl.store.layout import USERS, first_id
from spark_etl.store.manifest import DataFile, Manifest
from spark_etl.store.pins import PIN_USER, Pin, PinnedVersion
from spark_etl.store.run import PublishDecision, StoredRun, is_manifest, manifest_at, manifest_path
from spark_etl.store.search import earlier_runs
from spark_etl.store.store import RunStore
from spark_etl.store.verify import CheckpointState, checkpoint_state, files_digest
from spark_etl.store.writer import RunWriter, now

__all__ = [
    "DAMAGED",
    "EVERY_SECONDS",
    "PIN_USER",
    "RECORDED_STATUSES",
    "USERS",
    "CheckpointState",
    "DataFile",
    "ErrorRecord",
    "FeatureInputs",
    "FeatureRecord",
    "Heartbeat",
    "Manifest",
    "ObjectRecord",
    "OutputRecord",
    "Pin",
    "PinnedVersion",
    "PublishDecision",
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
    "checkpoint_state",
    "earlier_runs",
    "files_digest",
    "first_id",
    "is_manifest",
    "manifest_at",
    "manifest_path",
    "now",
]
