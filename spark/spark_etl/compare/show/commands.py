"""The commands that a comparison recommends, as they are typed where it is shown."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spark_etl.store import run_name

if TYPE_CHECKING:
    from spark_etl.compare.runs.result import RunDiff

NOT_KEPT = "not kept in"  # as a reason: it was computed
CHANGED_BY_CODE = {"code", "parameter"}
CHANGED_BY_REPEATING = {"random or clock"}


@dataclass(frozen=True)
class Commands:
    """How runs are compared, replayed and looked at: by a program, or by Python where none is given.

    Attributes:
        program: `./sandbox`, `spark-etl`, or empty for a notebook.
        options: What each of its commands needs besides: `("--scratch-path", "runs")`.
        feature: The feature that is asked for; empty for all.
        chosen: The other options of this comparison: `("--keys", "id")`.
        shows_runs: Whether the program has `runs show`.
        computes: Whether this comparison has tried to compute rows that are missing.
    """

    program: str = ""
    options: tuple[str, ...] = ()
    feature: str = ""
    chosen: tuple[str, ...] = ()
    shows_runs: bool = True
    computes: bool = False

    def diff(self, diff: RunDiff, *more: str, feature: str = "") -> str:
        """Returns the same comparison, with more options, or of another feature."""
        diff = self._named(diff)
        named = feature or self.feature
        words = [*(("--feature", named) if named else ()), *self.chosen, *more]
        if self.program:
            return f"{self.program} {shlex.join(['diff', diff.a, diff.b, *self.options, *words])}"
        return f"runs.diff({', '.join([_quoted(diff.a), _quoted(diff.b), *_as_keywords(words)])})"

    def replay(self, diff: RunDiff, letter: str, feature: str, *, code: str = "") -> str:
        """Returns what computes a feature of A or of B again, by the run's own code or by that of a project."""
        run = self._named(diff).a if letter == "A" else self._named(diff).b
        if self.program:
            other = ("--code", code) if code else ()
            return f"{self.program} {shlex.join(['replay', f'{run}/{feature}', *other, *self.options])}"
        other_code = f", code={_quoted(code)}" if code else ""
        return f"runs[{_quoted(run)}].replay({_quoted(feature)}{other_code})"

    def code(self, diff: RunDiff) -> str:
        """Returns what shows how the code of two runs differs, or the code of one where no command does."""
        if self.program and self.shows_runs:
            return f"{self.program} {shlex.join(['runs', 'show', diff.b, '--code'])}"
        named = self._named(diff)
        return f"runs[{_quoted(named.a)}].code.diff(runs[{_quoted(named.b)}])"

    def _named(self, diff: RunDiff) -> RunDiff:
        """Returns the runs by the names by which `runs[…]` finds them in a notebook, wherever they were found here."""
        if self.program:
            return diff
        return replace(diff, a=_found_by(diff.path_a) or diff.a, b=_found_by(diff.path_b) or diff.b)


def next_steps(diff: RunDiff, commands: Commands) -> Iterator[tuple[str, str]]:
    """Yields what to do next, each with what it is good for."""
    if not commands.computes and not any(feature.computed for feature in diff.features.values()):
        if any(bracket.between for bracket in diff.brackets):
            yield commands.diff(diff, "--compute"), "computes what lies between, each side with its own code"
        elif diff.answer == "can't be compared" and _was_not_kept(diff):
            yield commands.diff(diff, "--compute"), "computes what was not kept, each side with its own code"
    alias = next(iter([*diff.first, *(bracket.different for bracket in diff.brackets)]), "")
    rows = diff.features[alias].rows if alias in diff.features else None
    if rows and not rows.keys and rows.columns and (rows.only_a or rows.only_b):
        feature = alias if len(diff.features) > 1 else ""
        what = "shows which rows have changed, and which are new"
        yield commands.diff(diff, "--keys", "COLUMN", feature=feature), what
    if alias in diff.first and not is_path(diff.a) and not is_path(diff.b):
        yield from _proof(diff, alias, commands)


def _was_not_kept(diff: RunDiff) -> bool:
    return any(NOT_KEPT in diff.features[alias].reason for alias in diff.unknown_ends)


def _proof(diff: RunDiff, alias: str, commands: Commands) -> Iterator[tuple[str, str]]:
    """Yields what shows whether the cause that was found is the cause: computing a feature again, one thing changed."""
    kinds = {cause.kind for cause in diff.features[alias].causes}
    if kinds & CHANGED_BY_CODE:
        yield (
            commands.replay(diff, "A", alias, code="PROJECT"),
            "B's code in PROJECT, on what A had read: is it the cause?",
        )
    elif not kinds or kinds & CHANGED_BY_REPEATING:
        yield commands.replay(diff, "B", alias), "computes it again: does it give different rows each time?"


def _found_by(path: str) -> str:
    return run_name(path) if os.environ.get("SANDBOX_SCRATCH") else path.removeprefix("file://")


def is_path(name: str) -> bool:
    """Returns whether what is compared is a published path, not a run: a run's name holds no scheme."""
    return "://" in name


def _as_keywords(options: Sequence[str]) -> Iterator[str]:
    """Yields keyword arguments of Python: `compute=True`, `feature="net"`."""
    words = iter(options)
    for word in words:
        name = word.removeprefix("--")
        yield f"{name}=True" if name == "compute" else f"{name}={_quoted(next(words))}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
