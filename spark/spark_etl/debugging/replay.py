"""One feature of a run again, on what it had read: `spark-etl replay RUN/FEATURE`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from spark_etl.code.project import Project
from spark_etl.debugging.computed import run_again
from spark_etl.debugging.environment import EnvironmentChangedError, refuse_other_environment
from spark_etl.debugging.foreign_code import refuse_shared_place
from spark_etl.debugging.imported import working_copy_notes
from spark_etl.debugging.judge import Judge, other_versions
from spark_etl.debugging.origin import Origin
from spark_etl.debugging.own_process import made_in_own_process
from spark_etl.debugging.recorded import RecordedInputs, SourceChangedError
from spark_etl.debugging.replay_plan import (
    Above,
    Code,
    load_above,
    make_replay_plan,
    other_code,
    own_config,
)
from spark_etl.debugging.request import ReplayRequest, keys_file, remote_of, replay_options
from spark_etl.debugging.trust import refuse_untrusted
from spark_etl.debugging.verdict import Verdict
from spark_etl.errors import ArgumentError, FeatureError, SparkEtlError, StorageError
from spark_etl.reading import Checkpoint
from spark_etl.runner.backend import connect_mode
from spark_etl.runner.execute import Execution
from spark_etl.runner.plan import Plan
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.resume.cache_key import CacheKey, complete_keys
from spark_etl.runner.run import Outcome, run_plan
from spark_etl.store import ADOPTED, OWN_CODE
from spark_etl.user_code import guard_user_code


@dataclass
class Replayed:
    """A replay that has come to an end.

    Attributes:
        outcome: Of the run that it is.
        verdict: How it compares; None if it was interrupted or could not be done, and where features are computed only.
        notes: What is to be said of the sources, where there is no verdict to say it.
        refused: Why some of the features that were to be computed were left out.
    """

    outcome: Outcome
    verdict: Verdict | None = None
    notes: Sequence[str] = ()
    refused: SparkEtlError | None = None


class Prepared(NamedTuple):
    """All that a replay needs, found without Spark.

    Attributes:
        plan: What is computed.
        above: What is above it.
        then: The rows of the feature to compare with.
        inputs: What is read.
        refused: Why some of the features that were to be computed are left out.
    """

    plan: Plan
    above: Above
    then: Checkpoint | None
    inputs: RecordedInputs
    refused: SparkEtlError | None = None


def replay(
    request: ReplayRequest, progress: Progress, *, also: Callable[[Execution], None] = lambda _: None
) -> Replayed:
    """Computes one feature of a run again and compares.

    Args:
        request: What is to be replayed, and how.
        progress: Shows what happens.
        also: Is called after the comparison, as long as the session is there.

    Raises:
        NotTrustedError: Somebody else has written the run's code.
        SourceChangedError: What the run had read is not there as it was.
        SparkEtlError: It can't be computed at all: no code, no rows above it, a wrong config.
    """
    origin = request.origin
    refuse_untrusted(origin.run, request.runs.scratch)
    refuse_shared_place(origin.run)
    imported = set(sys.modules)
    with ExitStack() as stack:
        own = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="spark-etl-code-"))).resolve()
        if request.code is None:
            origin.run.code.unpack(own)
        stack.enter_context(connect_mode(remote_of(request)))
        stack.enter_context(guard_user_code())
        code = _code(request, own)
        plan, above, then, inputs, refused = _prepare(request, code, progress, keys_file(origin, own))
        progress.expect(plan.order)

        def compare(execution: Execution) -> None:
            judge.compare(execution)
            also(execution)

        judge = Judge(origin, then, above, inputs, is_own_code=code.is_own)
        outcome = run_plan(
            plan,
            progress,
            resolve=lambda _: inputs,
            reuse=lambda plan, inputs: (above.decisions, _keys(plan, inputs, above)),
            then=None if request.compute else compare,
        )
    inputs.notes += working_copy_notes(origin, code.project.path, imported)
    return _replayed(request, outcome, judge, inputs.notes, refused)


def _replayed(
    request: ReplayRequest, outcome: Outcome, judge: Judge, notes: Sequence[str], refused: SparkEtlError | None
) -> Replayed:
    """Returns what came of the run that a replay is, and records the verdict with it."""
    is_feature = outcome.error is None or isinstance(outcome.error, FeatureError)
    if request.compute:
        versions = other_versions(request.origin.run.document, outcome.record.document) if request.exact else ()
        return Replayed(outcome, notes=[*notes, *versions], refused=refused)
    if outcome.status == "interrupted" or not is_feature:
        return Replayed(outcome, notes=notes)
    verdict = judge.verdict_of(outcome)
    _record(outcome, verdict)
    return Replayed(outcome, verdict)


def _code(request: ReplayRequest, own: Path) -> Code:
    if request.code is None:
        found = Code(Project(own), own_config(request.origin, own), OWN_CODE, is_own=True)
    else:
        found = other_code(request.origin, request.code, request.code_text or str(request.code))
    found.project.activate()
    return found


def _prepare(request: ReplayRequest, code: Code, progress: Progress, keys: str | None) -> Prepared:
    """Returns what a replay needs. What can't be computed exactly is left out, where that is asked for.

    Raises:
        SourceChangedError: A source is not as the run had read it, and nothing is left.
        EnvironmentChangedError: Versions or values are others, and nothing is left.
    """
    origin = request.origin
    above, then = _above(request, code, progress)
    options = replay_options(request, code, keys)
    plan = make_replay_plan(origin, code, above, options, request.compute or (origin.feature,))
    try:
        inputs = RecordedInputs(
            origin,
            code.project.path,
            plan.graph,
            above.computed(),
            options.dates,
            other_code=not code.is_own,
            allow_changed=request.allow_changed_sources,
        )
        if request.exact:
            refuse_other_environment(origin, _keys(plan, inputs, above), above.computed())
    except (SourceChangedError, EnvironmentChangedError) as error:
        rest = tuple(alias for alias in request.compute if not error.features & _computed_for(plan, above, alias))
        if request.exact:
            error.hint = run_again(request.compute)  # there is no option to compute it otherwise
        if not rest or not request.exact:
            raise
        progress.warn(error.message)
        return _prepare(replace(request, compute=rest), code, progress, keys)._replace(refused=error)
    return Prepared(plan, above, then, inputs)


def _computed_for(plan: Plan, above: Above, alias: str) -> set[str]:
    """Returns the features that are computed for the rows of one, itself included."""
    computed, found, waiting = set(above.computed()), set[str](), [alias]
    while waiting:
        name = waiting.pop()
        if name in computed and name not in found:
            found.add(name)
            waiting += plan.graph.upstreams[name]
    return found


def _above(request: ReplayRequest, code: Code, progress: Progress) -> tuple[Above, Checkpoint | None]:
    """Returns what is above the feature, all of it there, and the rows of the feature to compare with.

    With other code, what the run has no rows of is computed by its own code, in a process of its own: two modules of
    one name have no room in one.
    """
    origin = request.origin
    found = origin.checkpoint(origin.feature)
    then = found if isinstance(found, Checkpoint) else None
    if request.compute:
        return load_above(origin, code, {}, request.compute), None
    above = load_above(origin, code, {})
    wanted = list(above.missing)
    if not code.is_own and then is None and _succeeded(origin) and origin.why_no_code is None:
        wanted.append(origin.feature)
    if not wanted:
        return above, then
    unknown = [alias for alias in wanted if alias not in origin.run.features or origin.run.kind == ADOPTED]
    if unknown:
        raise ArgumentError(
            f"{above.missing[unknown[0]]}, which the code's `{origin.feature}` reads",
            hint=_hint_for_unknown(origin, unknown[0]),
        )
    if no_code := origin.why_no_code:
        raise ArgumentError(f"{above.missing[wanted[0]]}, and {no_code}", hint=run_again(wanted))
    for alias in wanted:
        why = above.missing.get(alias) or f"run {origin.run.name} kept no rows of it to compare with"
        progress.line(f"`{alias}` is computed with the run's own code, in a process of its own: {why}")
    made = made_in_own_process(request, wanted)
    then = then or made.get(origin.feature)
    above = load_above(origin, code, made)
    above.notes += made.notes
    return above, then


def _hint_for_unknown(origin: Origin, alias: str) -> str:
    if origin.run.kind == ADOPTED:
        return f"./sandbox runs adopt s3a://… --feature {alias} --into {origin.run.name}"
    return "run the pipeline with the new code: ./sandbox run"


def _succeeded(origin: Origin) -> bool:
    known = origin.run.features.get(origin.feature)
    return known is not None and known.state in {"succeeded", "built"} and origin.run.kind != ADOPTED


def _keys(plan: Plan, inputs: Any, above: Above) -> dict[str, CacheKey]:
    """Returns what the rows of each feature depend on; of a checkpoint, as its manifest has it."""
    known = {}
    for alias, decision in above.decisions.items():
        if decision.manifest is not None:
            key = decision.manifest.cache_key
            known[alias] = CacheKey(str(key.get("hash", "")), dict(key.get("parts") or {}))
    return complete_keys(plan, inputs, known)


def _record(outcome: Outcome, verdict: Verdict) -> None:
    """Writes the verdict into the replay's run.json; where that fails, it is still the answer."""
    replayed = outcome.record.document.replay
    if replayed is None:
        return
    replayed.verdict = verdict.to_dict()
    try:
        outcome.record.store()
    except StorageError as error:
        verdict.notes.append(f"not recorded with the replay: {error.message}")
