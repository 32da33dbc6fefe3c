"""Why the rows of a feature may differ: what of the feature itself is another in the two runs.

1. Of a feature whose own code, parameters, sources, dates, sample, settings and versions are the same in both runs,
   nothing is claimed but chance: Spark says that its query is not deterministic, or its code calls what is not.
2. Dates and samples count only for a feature that reads a source, or whose code names `start_date` or `end_date`.
3. Where dates are others, objects of these days are no change of a source.
4. That a result may depend on the order of rows, or on code that is imported and does not seem to be used, is said
   only where nothing else explains it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from spark_etl.compare.runs.chance import KINDS, Chance, deterministic, find_chance, order_cause, random_cause
from spark_etl.compare.runs.code_changes import CodeComparison
from spark_etl.compare.runs.graph import MergedGraph
from spark_etl.compare.runs.own_changes import OwnChanges, listed, mapping
from spark_etl.compare.runs.result import Cause
from spark_etl.compare.runs.side import Side
from spark_etl.compare.runs.source_changes import source_changes, unpinned_sources
from spark_etl.compare.runs.value_changes import (
    date_changes,
    parameter_changes,
    sample_changes,
    setting_changes,
    version_changes,
)
from spark_etl.compare.runs.values import variables

DATES = {"start_date", "end_date"}
KEYWORDS = "kwargs"
PARTS = {"code", "params", "sources", "settings", "sample", "versions", "dates"}


class Causes:
    """Finds causes; what was found of a feature is kept.

    Args:
        a: One run.
        b: The other.
        graph: What their features read.
    """

    def __init__(self, a: Side, b: Side, graph: MergedGraph) -> None:
        self._a, self._b = a, b
        self._graph = graph
        self._code = CodeComparison(a, b)
        self._own: dict[str, OwnChanges] = {}

    def own(self, alias: str) -> OwnChanges:
        """Returns what of a feature itself is another."""
        if alias not in self._own:
            self._own[alias] = self._find(alias)
        return self._own[alias]

    def _find(self, alias: str) -> OwnChanges:
        if alias in self._graph.only_in or any(alias not in side.features for side in (self._a, self._b)):
            return OwnChanges(tuple(self._of_graph(alias)))
        a, b = self._a, self._b
        if None in (a.graph, b.graph):
            return OwnChanges()
        parts = (a.parts(alias), b.parts(alias))
        if self._is_same(parts):
            return OwnChanges(possible=tuple(self._unpinned(alias, parts)), known=True)
        code = self._code.changes(alias)
        causes = [
            *code.causes,
            *self._of_graph(alias),
            *parameter_changes(alias, a, b, parts),
            *self._of_sources(alias, parts),
            *setting_changes(a, b, parts),
            *version_changes(a, b, parts),
        ]
        known = code.known and all(each.keys() >= PARTS for each in parts)
        return OwnChanges(tuple(causes), (*code.possible, *self._unpinned(alias, parts)), known=known)

    def _is_same(self, parts: tuple[Mapping[str, Any], Mapping[str, Any]]) -> bool:
        """Returns whether all that is recorded of the feature itself is the same, before anything is looked up."""
        one, other = ({name: value for name, value in each.items() if name != "upstreams"} for each in parts)
        has_same_upstreams = mapping(parts[0].get("upstreams")).keys() == mapping(parts[1].get("upstreams")).keys()
        pinned = all(mapping(source).get("objects") for source in mapping(one.get("sources")).values())
        return (
            bool(one) and one == other and one.keys() >= PARTS and has_same_upstreams and pinned and self._same_session
        )

    @property
    def _same_session(self) -> bool:
        return not list(version_changes(self._a, self._b, ({"versions": {}}, {"versions": {}})))

    def _of_graph(self, alias: str) -> Iterator[Cause]:
        if alias in self._graph.only_in:
            yield Cause("graph", f"`{alias}` is only in {self._graph.only_in[alias]}")
            return
        for name in self._graph.upstreams[alias]:
            if name not in self._graph.common[alias]:
                where = "A" if name in (self._a.graph or {}).get(alias, []) else "B"
                yield Cause("graph", f"it reads `{name}` in {where} only")

    def _of_sources(self, alias: str, parts: tuple[Mapping[str, Any], Mapping[str, Any]]) -> Iterator[Cause]:
        dates = list(date_changes(self._a, self._b, parts))
        yield from source_changes(alias, self._a, self._b, parts, other_dates=bool(dates))
        reads = any(mapping(each.get("sources")) for each in parts) or any(
            side.sources(alias) for side in (self._a, self._b)
        )
        unknown = not all("sources" in each for each in parts)
        if dates and (reads or unknown or self._names_dates(alias)):
            yield from dates
        if reads or unknown:
            yield from sample_changes(self._a, self._b, parts)

    def _names_dates(self, alias: str) -> bool:
        """Returns whether the code of a feature may look at the dates of the run."""
        for side, kept in zip((self._a, self._b), self._code.kept, strict=True):
            modules = kept.used_modules(side.features[alias].class_path)
            if modules is None:
                return True
            nodes = (node for module in modules for each in module.statements for node in ast.walk(each))
            if any(isinstance(node, ast.Name) and node.id in {*DATES, KEYWORDS} for node in nodes):
                return True
        return False

    def _unpinned(self, alias: str, parts: tuple[Mapping[str, Any], Mapping[str, Any]]) -> Iterator[Cause]:
        for name in unpinned_sources(alias, self._a, self._b, parts):
            yield Cause(
                "source data", f"source `{name}` has no version: it may have had other rows, which is not recorded"
            )

    def chance(self, alias: str) -> Chance:
        """Returns what in the code of a feature may give other rows each time; of both runs."""
        found = [
            find_chance(kept, side.features[alias].class_path)
            for side, kept in zip((self._a, self._b), self._code.kept, strict=True)
            if alias in side.features
        ]
        kinds = {kind: tuple(dict.fromkeys(text for each in found for text in getattr(each, kind))) for kind in KINDS}
        return Chance(**kinds, known=bool(found) and all(each.known for each in found))

    def reads_unrecorded(self, alias: str) -> bool:
        """Returns whether the code of a feature reads what is not recorded. Files of the project that it names are."""
        chance = self.chance(alias)
        names_files = all(mapping(side.parts(alias).get("code")).get("files") for side in (self._a, self._b))
        return bool(chance.outside or (chance.files and not names_files))

    def deterministic(self, alias: str) -> bool | None:
        """Returns what Spark has said of a feature's query in both runs."""
        return deterministic(alias, self._a, self._b)

    def of(self, alias: str) -> tuple[Cause, ...]:
        """Returns why a feature whose inputs are the same may differ, the most likely cause first."""
        own, chance = self.own(alias), self.chance(alias)
        random = random_cause(chance, self.deterministic(alias))
        found = [*own.causes, *([random] if random else [])]
        order = None if found else order_cause(chance)
        found += [cause for cause in own.possible if not found or cause.kind != "code"]
        return (*found, *([order] if order else []))

    def may_add(self, alias: str) -> tuple[Cause, ...]:
        """Returns what of a feature that differs by its inputs is another, too."""
        is_random = self.deterministic(alias) is False
        random = random_cause(self.chance(alias), deterministic=False) if is_random else None
        return (*self.own(alias).causes, *([random] if random else []))

    def unexplained(self, alias: str) -> Iterator[str]:
        """Yields notes on a feature for which no cause was found: what was looked at, and what is not recorded."""
        own = self.own(alias)
        if own.known:
            yield (
                "nothing that the runs have recorded explains it: code, parameters, sources, dates, sample, settings "
                "and versions are the same"
            )
        else:
            yield "nothing that the runs have recorded explains it, and they have not recorded all of it"
        yield f"not recorded: {', '.join(self._not_recorded(alias))}"

    def _not_recorded(self, alias: str) -> Iterator[str]:
        sides = (self._a, self._b)
        named = sorted({name for side in sides for name in variables(side.document.config)})
        if named:
            yield f"the values of the environment variables {listed(named, 5)}"
        parts = (self._a.parts(alias), self._b.parts(alias))
        for name in unpinned_sources(alias, *sides, parts):
            yield f"which rows source `{name}` had"
        chance = self.chance(alias)
        if self.reads_unrecorded(alias):
            yield f"what its code reads as it runs, by {listed((*chance.outside, *chance.files))}"
        if files := [f"`{path}`" for path in self._code.other_files(alias)]:
            yield f"whether it reads {listed(files)} of the project, others in A than in B"
        left_out = sorted({path for side in sides if side.document.code for path in side.document.code.left_out})
        if left_out:
            yield f"files that were left out of the kept code ({listed(left_out)})"
        yield "settings given to spark-submit, what the code reads otherwise, and the order of rows"

    def close(self) -> None:
        """Removes what was unpacked to look at it."""
        self._code.close()
