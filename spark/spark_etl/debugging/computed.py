"""Features of which a run has no rows, computed again by the run's own kept code, so that they can be compared.

`compute_missing` does so in a process of its own beside this one, `sandbox diff --compute` in a driver on the stack.
What comes of either is read here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from spark_etl.command_line import INTERRUPTED
from spark_etl.debugging.foreign_code import refuse_shared_place
from spark_etl.debugging.trust import refuse_untrusted
from spark_etl.errors import ArgumentError, CodeNotKeptError, RunFailedError
from spark_etl.names import alternatives, listing
from spark_etl.printable import printable
from spark_etl.reading import Checkpoint, Run
from spark_etl.reading.replay import run_replay
from spark_etl.storage import normalise
from spark_etl.store import ADOPTED, StoredRun, run_name

FAILED = "failed"


class Computed(dict[str, Checkpoint]):
    """Alias → its rows, of those features that could be computed.

    Attributes:
        run: The replay that keeps them; None where there was nothing to compute.
        failure: Which ones could not be computed, and why, in one line; empty where all could.
        notes: What else is to be known of them, a line each: a source that has no version, another version of Java.
    """

    def __init__(
        self,
        made: Mapping[str, Checkpoint] | None = None,
        *,
        run: Run | None = None,
        failure: str = "",
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(made or {})
        self.run = run
        self.failure = failure
        self.notes = tuple(notes)


def compute_missing(run: Run, features: Sequence[str]) -> Computed:
    """Computes features of a run by its own kept code, on what it had read, and keeps them as one replay.

    A process of its own computes them, with this one's rights and one Spark session of the kind that the run had. What
    lies above them is read from the run's checkpoints, or computed, too. Nothing is published.

    Args:
        run: The run.
        features: Those of its features whose rows are missing.

    What would not have the rows of the run is left out: a source has changed, a library has another version, a variable
    of the config another value, or the feature gives other rows each time.

    Returns:
        The rows of those that could be computed; `failure` says why others are not among them.

    Raises:
        ArgumentError: The run has not kept its code, or has no such feature; or a source or a version is another one
            now for all of them.
        NotTrustedError: Somebody else has written the run's code.
        RunFailedError: None could be computed, and why.
    """
    wanted = tuple(dict.fromkeys(features))
    if not wanted:
        return Computed()
    refuse_uncomputable(run, wanted, os.environ.get("SANDBOX_SCRATCH") or run.stored.scratch)
    out, exit_code, error = run_replay(run.path, wanted[0], {"--compute": ",".join(wanted), "--exact": True})
    return computed_rows(run, wanted, exit_code=exit_code, out=out, error=error)


def refuse_uncomputable(run: Run, wanted: Sequence[str], scratch: str) -> None:
    """Refuses what can't be computed, as far as that is known without starting anything.

    Args:
        run: The run.
        wanted: The features.
        scratch: Where runs are looked for.

    Raises:
        ArgumentError: The run has no such feature, has not kept its code, is still running or was adopted.
        NotTrustedError: Somebody else has written its code.
    """
    known = run.features
    for alias in wanted:
        if alias not in known:
            raise ArgumentError(f"run {run.name} has no feature `{alias}`. {alternatives(alias, known)}")
    refused = f"{_names(wanted)} can't be computed by the code of run {run.name}"
    if run.kind == ADOPTED:
        hint = f"./sandbox runs adopt s3a://… --feature {wanted[0]} --into {run.name}"
        raise ArgumentError(f"{refused}: another program has made its rows, and the run has no code", hint=hint)
    if run.status == "running":
        raise ArgumentError(f"{refused}: the run is still running", hint=f"./sandbox runs attach {run.name}")
    try:
        _ = run.code
    except CodeNotKeptError as error:
        raise ArgumentError(f"{refused}: {error.message}", hint=run_again(wanted)) from error
    refuse_untrusted(run, normalise(scratch))
    refuse_shared_place(run)


def computed_rows(run: Run, wanted: Sequence[str], *, exit_code: int, out: str, error: str = "") -> Computed:
    """Returns what `spark-etl replay --compute` has computed.

    Args:
        run: The run.
        wanted: The features.
        exit_code: Of the command.
        out: Its stdout.
        error: The last error that it has shown; empty where that is not known here.

    Raises:
        ArgumentError: It has refused, before it has computed anything.
        RunFailedError: It was interrupted, or the first feature failed.
    """
    summary = _summary(out)
    path, why = summary.get("path"), printable(str(summary.get("error") or error or f"exit code {exit_code}"))
    replay = Run(StoredRun(path, run.stored.settings), None, name=run_name(path)) if isinstance(path, str) else None
    made = dict(_succeeded(replay, wanted)) if replay else {}
    missing = [alias for alias in wanted if alias not in made]
    if exit_code == INTERRUPTED:
        why = "it was interrupted"
    message = f"{_names(missing)} can't be computed by the code of run {run.name}: {why}"
    if not made:
        kind = ArgumentError if exit_code == ArgumentError.exit_code else RunFailedError
        raise kind(message, hint=run_again(missing))
    notes = [printable(str(note), one_line=True) for note in summary.get("notes") or ()]
    return Computed(made, run=replay, notes=notes, failure=" ".join(message.split()) if missing else "")


def run_again(wanted: Sequence[str]) -> str:
    """Returns what to do where features have no rows, and can't get any."""
    return f"run the pipeline again with --checkpoint {', '.join(wanted)}"


def _names(aliases: Sequence[str]) -> str:
    return listing([f"`{alias}`" for alias in aliases])


def _summary(out: str) -> Mapping[str, Any]:
    """Returns the line of JSON that the command ends with; empty where there is none."""
    with suppress(ValueError, IndexError):
        found = json.loads(out.splitlines()[-1])
        return found if isinstance(found, Mapping) else {}
    return {}


def _succeeded(replay: Run, wanted: Sequence[str]) -> Iterator[tuple[str, Checkpoint]]:
    kept = replay.checkpoints
    for alias in wanted:
        if alias in kept and replay.features[alias].state != FAILED:
            yield alias, replay[alias]
