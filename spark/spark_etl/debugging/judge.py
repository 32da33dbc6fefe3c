"""Compares what a replay has computed with what the run has: from that, its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spark_etl.compare.frames.rows import compare_rows
from spark_etl.config import variables
from spark_etl.debugging.origin import Origin, library_versions
from spark_etl.debugging.recorded import RecordedInputs
from spark_etl.debugging.replay_plan import Above
from spark_etl.debugging.signature import signature_of
from spark_etl.debugging.verdict import Answer, Verdict
from spark_etl.error_text import error_line
from spark_etl.errors import ReadError
from spark_etl.names import listing
from spark_etl.reading import Checkpoint
from spark_etl.runner.checkpoint import write_checkpoint
from spark_etl.runner.execute import Execution
from spark_etl.runner.run import Outcome
from spark_etl.storage import join
from spark_etl.store import ADOPTED, FeatureRecord, RunDocument, manifest_at

AGAIN = "again"
NO_PLACE = "Spark does not say which line made the expression that fails: it may be another one, with the same message"


class Judge:
    """Compares what a replay has computed with what the run has.

    Args:
        origin: The run and the feature.
        then: Its rows there, if there are any.
        above: What is above it.
        is_own_code: Whether it is computed by the code of the run.
        inputs: What the replay reads.
    """

    def __init__(
        self, origin: Origin, then: Checkpoint | None, above: Above, inputs: RecordedInputs, *, is_own_code: bool
    ) -> None:
        self._origin = origin
        self._then = then
        self._above = above
        self._is_own_code = is_own_code
        self._inputs = inputs
        self._verdict: Verdict | None = None

    def compare(self, execution: Execution) -> None:
        """Compares the rows while the session is there: rows that differ are computed once more."""
        now = checkpoint_of(execution, self._origin.feature)
        of, rows = self._origin.name, now.rows
        if self._origin.has_failed:
            self._verdict = Verdict("no longer fails", of, rows)
            return
        if self._then is None:
            why = self._origin.checkpoint(self._origin.feature)
            notes = [why] if isinstance(why, str) else []
            self._verdict = Verdict("nothing to compare with", of, rows, notes=notes)
            return
        execution.work.progress.line(f"comparing with the rows of {of}")
        try:
            diff = compare_rows(self._then, now)
        except Exception as error:  # noqa: BLE001 - the feature has rows, whatever happens here
            why = error.message if isinstance(error, ReadError) else error_line(error)
            self._verdict = Verdict("nothing to compare with", of, rows, self._then.rows, notes=[why])
            return
        known: dict[str, Any] = {"rows": rows, "rows_then": self._then.rows, "rows_diff": diff.to_dict()}
        if diff.same:
            self._verdict = Verdict("same rows", of, **known)
            return
        lines = str(diff).splitlines()
        self._verdict = Verdict("other rows", of, difference=lines, **known)
        try:
            self._verdict.deterministic = not self._gives_other_rows(execution, now)
        except Exception as error:  # noqa: BLE001 - that the rows differ is known, whatever happens here
            self._verdict.notes.append(f"computed once more, it failed: {error_line(error)}")

    def _gives_other_rows(self, execution: Execution, now: Checkpoint) -> bool:
        """Returns whether the feature, computed once more in the same session, gives other rows again."""
        alias, work = self._origin.feature, execution.work
        work.progress.line(f"computing `{alias}` once more: does it give the same rows each time?")
        frame = execution.transform(alias)
        folder = f"{alias}.{AGAIN}"
        write_checkpoint(
            work.backend.spark,
            frame,
            folder,
            work.run,
            code=work.cache_keys[alias].parts["code"],
            inputs=work.inputs.of(alias),
        )
        return not compare_rows(now, checkpoint_of(execution, folder)).same

    def verdict_of(self, outcome: Outcome) -> Verdict:
        """Returns the verdict, with what one has to know of the environment to rely on it."""
        verdict = self._verdict if outcome.error is None else self._failed(outcome.record.document)
        verdict = verdict or Verdict("nothing to compare with", self._origin.name)
        verdict.notes += [*self._notes(verdict.answer), *random_above(self._origin, self._above)]
        verdict.notes += [*self._inputs.notes, *self._above.notes]
        verdict.notes += other_versions(self._origin.run.document, outcome.record.document)
        verdict.notes += self._other_libraries(outcome)
        return verdict

    def _other_libraries(self, outcome: Outcome) -> Iterator[str]:
        """Yields which libraries that the feature's code imports, besides those of all runs, are others now."""
        inputs = outcome.record.run.inputs()
        feature = inputs.features.get(self._origin.feature) if inputs else None
        now = library_versions(feature.cache_key) if feature else {}
        for name, version in sorted(self._origin.libraries().items()):
            if now.get(name, version) != version and name not in _versions(outcome.record.document):
                yield f"another version: {name} {version}, now {now[name]}"

    def _notes(self, answer: Answer) -> Iterator[str]:
        """Yields what else than the code may have made the answer."""
        if part := (self._origin.run.document.imported or {}).get("sample"):
            shown = ", ".join(f"{name} {value}" for name, value in part.items())
            yield f"the run came with a part of its rows ({shown})"
        if answer not in {"same rows", "fails in the same way"} and (names := sorted(self._variables())):
            yield f"the config takes {listing(names)} from the environment, whose values then are not recorded"
        if answer == "no longer fails":
            if self._is_own_code:
                yield "the code has not changed, so something else made it fail: the environment, or chance"
            if self._origin.output and (self._is_own_code or self._origin.is_error_of_ours):
                yield f"the run had failed as it wrote to {self._origin.output}, which a replay does not do"
        if answer in {"fails now", "fails in another way"} and self._is_own_code and self._origin.left_out:
            yield f"not kept with the run's code: {self._origin.left_out}"

    def _variables(self) -> set[str]:
        """Returns the environment's variables that what is computed depends on."""
        written = self._origin.run.document.config
        features = written.get("features") or {}
        return variables([written.get("spark"), *(features.get(alias) for alias in self._above.computed())])

    def _failed(self, now: RunDocument) -> Verdict:
        feature, error = self._origin.feature, now.error
        message = now.features.get(feature, FeatureRecord()).error or error
        text = (message.message if message else None) or "it failed"
        of = self._origin.name
        if not self._origin.has_failed:
            return Verdict("fails now", of, message=text)
        if error is None or error.feature != feature:
            return Verdict("fails in another way", of, message=text, difference=["not at this feature"])
        if self._origin.run.kind == ADOPTED:  # production's error is not recorded
            return Verdict("fails", of, message=text)
        then = signature_of(self._origin.run.document, feature)
        differences = then.differences(signature_of(now, feature))
        if differences:
            return Verdict("fails in another way", of, message=text, difference=differences)
        notes = [] if then.file or self._is_own_code else [NO_PLACE]
        return Verdict("fails in the same way", of, message=text, notes=notes)


def random_above(origin: Origin, above: Above) -> Iterator[str]:
    """Yields which features above were computed again though they give other rows each time.

    What the run's feature had read of them is not known then.
    """
    for alias, decision in above.decisions.items():
        known = origin.run.features.get(alias)
        if alias == origin.feature or known is None or known.deterministic is not False:
            continue
        is_as_read = decision.folder == join(known.reused_from or origin.run.path, alias)
        if not is_as_read or (decision.manifest and decision.manifest.after_failure):
            yield f"`{alias}`, which it reads, was computed again, and gives other rows each time"


def checkpoint_of(execution: Execution, folder: str) -> Checkpoint:
    """Returns what a run that goes on has kept of a feature.

    Raises:
        ReadError: It has kept nothing.
    """
    path = execution.work.run.checkpoint_path(folder)
    manifest = manifest_at(path)
    if manifest is None:
        raise ReadError(f"no checkpoint in {path}")
    return Checkpoint(path, manifest)


def other_versions(then: RunDocument, now: RunDocument) -> Iterator[str]:
    """Yields what of Spark, Python and libraries is another than the run had."""
    was, is_now = _versions(then), _versions(now)
    for name in sorted(was.keys() & is_now.keys()):
        if was[name] != is_now[name]:
            yield f"another version: {name} {was[name]}, now {is_now[name]}"
    had, have = set(then.requirements or []), set(now.requirements or [])
    if missing := sorted(had - have):
        yield f"packages of the run that are not here: {', '.join(missing)}"
    if more := sorted(have - had):
        yield f"packages that the run did not have: {', '.join(more)}"
    if now.sample and then.sample and now.sample != then.sample:
        yield f"another sample: {then.sample}, now {now.sample}"
    if then.session and now.session and then.session != now.session:
        yield f"another kind of session: {then.session}, now {now.session}"


def _versions(document: RunDocument) -> dict[str, str]:
    known = {name: value for name, value in document.versions.items() if isinstance(value, str)}
    jars: Any = document.versions.get("jars")
    known |= {f"{name}.jar": str(value) for name, value in (jars if isinstance(jars, Mapping) else {}).items()}
    if document.spark and document.spark.get("version"):
        known["Spark"] = str(document.spark["version"])
    return known
