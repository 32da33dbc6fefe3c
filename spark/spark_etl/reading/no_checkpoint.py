"""Why a run has no checkpoint of a feature."""

from __future__ import annotations

from spark_etl.errors import CheckpointError
from spark_etl.names import listing
from spark_etl.reading.commands import remake_command
from spark_etl.storage import name_of
from spark_etl.store import RunDocument


def no_checkpoint_error(document: RunDocument, status: str, feature: str) -> CheckpointError:
    """Returns the error for a feature without a manifest.

    Args:
        document: The run's.
        status: The run's, as a reader finds it.
        feature: The feature.
    """
    known, run_id = document.features[feature], document.run_id
    kept = f"kept: {listing(document.with_checkpoint())}"
    again = f"{remake_command(document, feature, True)} makes it again"
    if known.reused_from:
        return CheckpointError(
            f"run {run_id} reused `{feature}` of run {name_of(known.reused_from)}, and nothing is left of it there",
            hint=again,
        )
    if not known.checkpoint:
        return CheckpointError(
            f"`{feature}` was not kept by run {run_id}; {kept}", hint=f"run it again with --checkpoint {feature}"
        )
    if status == "running":
        at = listing(alias for alias, other in document.in_order().items() if other.state == "running")
        return CheckpointError(
            f"run {run_id} is still running (now at: {at}); `{feature}` is not written yet",
            hint=f"ask again later; {kept}",
        )
    reason = f": {known.error.message}" if known.error and known.error.message else ""
    return CheckpointError(
        f"`{feature}` has no manifest: run {run_id} {status} and its state is {known.state}{reason}. "
        "Files that may lie there are no checkpoint",
        hint=again if known.has_checkpoint else kept,
    )
