"""Which features differ, and where the two runs part.

1. A feature of which both runs have rows is `same` or not. One that has failed in one run, or otherwise, is not.
2. One that is not the same, and above which a feature is known to differ, `differs by its inputs`.
3. Any other `differs`. If all that it reads is the same, or is presumed to be, the runs part there: it is a first one.
4. Else a bracket ends at it: above it lie features of which rows are missing.
5. A feature without rows is presumed to be the same if
   a. both runs have computed it, and recorded all that it depends on;
   b. all of that is the same, and each of its sources has a version;
   c. what it reads is the same without a tolerance, or presumed to be;
   d. Spark has not said that it gives other rows each time;
   e. it is no end of the graph whose kept rows are damaged;
   f. its code calls nothing that gives other rows each time, or other ones by the order of rows, and reads nothing that
      is not recorded, such as a variable of the environment; where no code was kept, Spark has said that it gives the
      same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from spark_etl.compare.runs.causes import Causes
from spark_etl.compare.runs.failures import fail_alike, failure_reason, has_parted_by_failure
from spark_etl.compare.runs.graph import MergedGraph
from spark_etl.compare.runs.result import DIFFERENT, Bracket, FeatureDiff, FeatureState
from spark_etl.compare.runs.rows import Rows
from spark_etl.compare.runs.side import Side


@dataclass(frozen=True)
class Walk:
    """What was found: each feature, upstreams first; the first ones that differ; and where rows are missing."""

    features: Mapping[str, FeatureDiff]
    first: tuple[str, ...]
    brackets: tuple[Bracket, ...]


class Walker:
    """Goes through the features of two runs, upstreams first.

    Args:
        a: One run.
        b: The other.
        graph: What their features read.
        rows: How their rows compare.
        causes: Why they may differ.
    """

    def __init__(self, a: Side, b: Side, graph: MergedGraph, rows: Rows, causes: Causes) -> None:
        self._a, self._b = a, b
        self._graph = graph
        self._rows = rows
        self._causes = causes
        self._found: dict[str, FeatureDiff] = {}
        self._below_different: set[str] = set()

    def walk(self) -> Walk:
        """Returns what was found."""
        self._rows.compare(self._graph.order)
        for alias in self._graph.order:
            if any(self._leads_to_difference(name) for name in self._graph.upstreams[alias]):
                self._below_different.add(alias)
            self._found[alias] = self._compared(alias)
        different = [alias for alias in self._graph.order if self._found[alias].state == "differs"]
        first = tuple(alias for alias in different if not self._between(alias))
        brackets = {alias: self._bracket(alias) for alias in different if alias not in first}
        features = {alias: self._explained(alias, brackets) for alias in self._graph.order}
        return Walk(features, first, tuple(brackets.values()))

    # States.

    def _compared(self, alias: str) -> FeatureDiff:
        known = FeatureDiff(alias, "can't be compared", self._graph.upstreams[alias])
        if alias in self._graph.only_in:
            return replace(known, reason=f"only in {self._graph.only_in[alias]}")
        diff = self._rows.diff(alias)
        if diff is not None:
            return replace(known, state="same" if diff.same else self._state(alias), rows=diff)
        if has_parted_by_failure(alias, self._a, self._b):
            return replace(known, state=self._state(alias), reason=failure_reason(alias, self._a, self._b))
        presumed = self._is_presumed_same(alias)
        return replace(known, reason=self._why_not_compared(alias), presumed_same=presumed)

    def _state(self, alias: str) -> FeatureState:
        """Returns the state of a feature that is not the same."""
        return "differs by its inputs" if alias in self._below_different else "differs"

    def _leads_to_difference(self, alias: str) -> bool:
        """Returns whether a feature differs, or something above it does and it is not known to be the same."""
        return self._differs(alias) or (alias in self._below_different and not self._is_equal(alias))

    def _differs(self, alias: str) -> bool:
        return self._found[alias].state in DIFFERENT

    def _why_not_compared(self, alias: str) -> str:
        if problem := self._rows.problem(alias):
            return problem
        if fail_alike(alias, self._a, self._b):
            return failure_reason(alias, self._a, self._b)
        sides = [side for side in (self._a, self._b) if side.checkpoint(alias) is None]
        return "; ".join(dict.fromkeys(side.why_no_rows(alias) for side in sides))

    def _is_presumed_same(self, alias: str) -> bool:
        """Returns whether rule 5 holds."""
        if not all(side.was_computed(alias) for side in (self._a, self._b)):
            return False
        if not self._graph.below([alias]) and self._can_not_be_read(alias):
            return False
        upstreams = self._graph.upstreams[alias]
        if not all(self._is_exactly_equal(name) for name in upstreams) or not self._causes.own(alias).none:
            return False
        deterministic, chance = self._causes.deterministic(alias), self._causes.chance(alias)
        calls_chance = bool(chance.spark or chance.python or chance.order) or self._causes.reads_unrecorded(alias)
        return deterministic is not False and not calls_chance and (chance.known or deterministic is True)

    def _can_not_be_read(self, alias: str) -> bool:
        """Returns whether rows were kept and are damaged: at an end of the graph, nothing else tells of them."""
        return bool(self._rows.problem(alias)) or any(side.is_damaged(alias) for side in (self._a, self._b))

    def _is_exactly_equal(self, alias: str) -> bool:
        rows = self._found[alias].rows
        return self._is_equal(alias) and (rows is None or rows.is_exact)

    def _is_equal(self, alias: str) -> bool:
        return self._found[alias].state == "same" or self._found[alias].presumed_same

    # Where they part.

    def _between(self, alias: str) -> tuple[str, ...]:
        """Returns the features above one of which it is not known whether they are the same, down to those that are."""
        found: set[str] = set()
        waiting = [alias]
        while waiting:
            names = self._graph.shared(waiting.pop())
            new = {name for name in names if not self._is_equal(name) and not self._differs(name)} - found
            found |= new
            waiting += new
        return tuple(name for name in self._graph.order if name in found)

    def _bracket(self, alias: str) -> Bracket:
        between = self._between(alias)
        above = {name for each in (alias, *between) for name in self._graph.shared(each) if self._is_equal(name)}
        members = (*between, alias)
        suspects = tuple(name for name in members if self._causes.own(name).causes)
        if not suspects:
            suspects = tuple(name for name in members if self._causes.deterministic(name) is False)
        equal = tuple(name for name in self._graph.order if name in above)
        return Bracket(alias, equal, between, suspects)

    # Why.

    def _explained(self, alias: str, brackets: Mapping[str, Bracket]) -> FeatureDiff:
        known = self._found[alias]
        if known.state == "differs by its inputs":
            causes = self._causes.may_add(alias)
            notes = ("changes of the feature itself may add to the difference",) if causes else ()
            fan_out = self._rows.fan_out(alias, known.upstreams)
            return replace(known, causes=causes, notes=notes, fan_out=fan_out)
        if known.state == "differs":
            return self._explained_first(known, brackets.get(alias))
        is_between = any(alias in bracket.between for bracket in brackets.values())
        if known.state == "can't be compared" and (is_between or alias in self._graph.only_in):
            return replace(known, causes=self._causes.may_add(alias))
        return known

    def _explained_first(self, known: FeatureDiff, bracket: Bracket | None) -> FeatureDiff:
        """Returns why a feature differs; at the end of a bracket that has suspects, only what makes it one of them."""
        has_suspects = bracket is not None and bool(bracket.suspects)
        causes = self._causes.may_add(known.alias) if has_suspects else self._causes.of(known.alias)
        fan_out = self._rows.fan_out(known.alias, known.upstreams)
        notes = [*self._notes_on_inputs(known.alias, is_first=bracket is None)]
        if not causes and bracket is None:
            notes += self._causes.unexplained(known.alias)
        return replace(known, causes=causes, fan_out=fan_out, notes=tuple(notes))

    def _notes_on_inputs(self, alias: str, *, is_first: bool) -> Iterator[str]:
        if not is_first:
            names = ", ".join(f"`{name}`" for name in self._between(alias))
            yield f"whether what it reads is the same is not known: not all rows of {names} are there"
        presumed = [name for name in self._graph.common[alias] if self._found[name].presumed_same]
        for name in self._graph.common[alias]:
            if self._is_equal(name) and not self._is_exactly_equal(name):
                yield f"`{name}`, which it reads, is the same within the tolerance only"
        for name in presumed:
            yield f"rows of `{name}` are not there; all that they depend on is the same, so it is presumed the same"
