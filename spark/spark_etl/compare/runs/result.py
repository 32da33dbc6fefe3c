"""How two runs differ, as values that a terminal, JSON, a notebook and an HTML file show each in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from spark_etl.compare.frames import RowDiff
from spark_etl.compare.showing import show

FeatureState = Literal["same", "differs", "differs by its inputs", "can't be compared"]
CauseKind = Literal[
    "code", "parameter", "source data", "dates", "setting", "sample", "version", "random or clock", "graph"
]
Answer = Literal["same", "different", "can't be compared"]
DIFFERENT: frozenset[FeatureState] = frozenset({"differs", "differs by its inputs"})
EXIT_CODES: dict[Answer, int] = {"same": 0, "different": 1, "can't be compared": 2}


@dataclass(frozen=True)
class Cause:
    """Something that is another in the two runs, and by which a feature's rows may differ.

    Attributes:
        kind: What it is.
        text: In one line: which function of which module, which parameter with both values, which objects.
        details: More lines: each object, each function.
        text_diff: Of code, how the text differs, as `diff -u` shows it, of what the feature uses.
    """

    kind: CauseKind
    text: str
    details: tuple[str, ...] = ()
    text_diff: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, for JSON."""
        return {"kind": self.kind, "text": self.text, "details": list(self.details), "text_diff": self.text_diff}


@dataclass(frozen=True)
class FanOut:
    """A join that gives several rows for one, on one side only.

    Attributes:
        side: `A` or `B`, the run whose rows are multiplied.
        feature: The feature that joins.
        keys: Its key, which is unique in `of` and not in the feature.
        of: The upstream whose rows are multiplied.
        by: The upstream or source that has several rows for one value of `on`.
        on: Columns that both upstreams have, by which the join is taken to be made.
        rows: Rows of the feature that share their key.
    """

    side: str
    feature: str
    keys: tuple[str, ...]
    of: str
    by: str
    on: tuple[str, ...]
    rows: int

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, for JSON."""
        return {**vars(self), "keys": list(self.keys), "on": list(self.on), "text": str(self)}

    def __str__(self) -> str:
        keys, on = ", ".join(self.keys), ", ".join(self.on)
        return (
            f"fan-out in {self.side} at the join of `{self.of}` with `{self.by}`: `{self.by}` has several rows for one "
            f"{on}, so {self.rows:,} rows of `{self.feature}` share their {keys}"
        )


@dataclass(frozen=True)
class FeatureDiff:
    """How one feature of two runs differs.

    Attributes:
        alias: Its name.
        state: `same`; `differs` though nothing above it is known to differ: it is one of `RunDiff.first`, or a bracket
            ends at it; `differs by its inputs`: something above it differs; `can't be compared`.
        upstreams: The features that it reads, in either run.
        reason: Why it can't be compared; how it failed, of one that has failed on one side.
        presumed_same: Of one that can't be compared: whether code, parameters, data and versions say that it is.
        rows: How its rows differ; None where they were not compared.
        causes: What of the feature itself is another in the two runs, the most likely cause first.
        fan_out: The join that multiplies its rows on one side.
        computed: The sides, `A`, `B`, whose rows were computed again to be compared.
        notes: What else is to be known of it.
    """

    alias: str
    state: FeatureState
    upstreams: tuple[str, ...] = ()
    reason: str = ""
    presumed_same: bool = False
    rows: RowDiff | None = None
    causes: tuple[Cause, ...] = ()
    fan_out: FanOut | None = None
    computed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, for JSON."""
        return {
            "state": self.state,
            "upstreams": list(self.upstreams),
            "reason": self.reason,
            "presumed_same": self.presumed_same,
            "rows": self.rows.to_dict() if self.rows else None,
            "causes": [cause.to_dict() for cause in self.causes],
            "fan_out": self.fan_out.to_dict() if self.fan_out else None,
            "computed": list(self.computed),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        return show("feature_text", self)

    def _repr_html_(self) -> str:
        return show("feature_html", self)


@dataclass(frozen=True)
class Bracket:
    """Between which features two runs part, where rows of some were not kept.

    Attributes:
        different: The first feature that is known to differ.
        equal: The last ones above it that are known to be the same; empty: none is.
        between: Features in between whose rows are not there on both sides. One of them parts, or `different` does.
        suspects: Those of `between` and `different` of which something is another in the two runs.
    """

    different: str
    equal: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, for JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}


@dataclass(frozen=True)
class RunDiff:
    """How two runs, A and B, differ.

    Attributes:
        a: The name of A, by which readers find it; or a published path.
        b: The name of B.
        about_a: What A is: team/pipeline, dates, status.
        about_b: What B is.
        features: Alias → how it differs, upstreams first.
        first: The features that differ though all that they read is the same. Here the runs part.
        brackets: Where rows are missing above a feature that differs: between which ones the runs part.
        changes: What is another in the two runs as a whole: dates, sample, versions. In one line each.
        notes: What else is to be known.
        path_a: Where A lies; empty where that is not known.
        path_b: Where B lies.
    """

    a: str
    b: str
    about_a: str = ""
    about_b: str = ""
    features: Mapping[str, FeatureDiff] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    brackets: tuple[Bracket, ...] = ()
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    path_a: str = ""
    path_b: str = ""

    @property
    def answer(self) -> Answer:
        """`same`, `different` or `can't be compared`.

        1. A feature that differs, whatever the reason: `different`.
        2. No feature was compared: `can't be compared`.
        3. A feature that nothing compared reads was not compared, and is not presumed to be the same:
           `can't be compared`.
        4. Else: `same`.
        """
        states = [feature.state for feature in self.features.values()]
        if any(state in DIFFERENT for state in states):
            return "different"
        return "same" if "same" in states and not self.unknown_ends else "can't be compared"

    @property
    def unknown_ends(self) -> tuple[str, ...]:
        """The features that nothing compared reads, that were not compared, and are not presumed to be the same."""
        compared = {alias for alias, feature in self.features.items() if feature.state == "same"}
        read: set[str] = set()
        for alias, feature in reversed(list(self.features.items())):
            if alias in compared or alias in read:
                read.update(feature.upstreams)
        return tuple(
            alias
            for alias, feature in self.features.items()
            if feature.state == "can't be compared" and not feature.presumed_same and alias not in read
        )

    @property
    def same(self) -> bool:
        """Whether the runs are known to be the same."""
        return self.answer == "same"

    @property
    def exit_code(self) -> int:
        """0: same; 1: different; 2: can't be compared."""
        return EXIT_CODES[self.answer]

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, for JSON."""
        return {
            "answer": self.answer,
            "exit_code": self.exit_code,
            "a": {"run": self.a, "about": self.about_a},
            "b": {"run": self.b, "about": self.about_b},
            "first": list(self.first),
            "brackets": [bracket.to_dict() for bracket in self.brackets],
            "changes": list(self.changes),
            "features": {alias: feature.to_dict() for alias, feature in self.features.items()},
            "notes": list(self.notes),
        }

    def to_html(self) -> str:
        """Returns a page for a ticket: one file that loads nothing."""
        return show("run_page", self)

    def __str__(self) -> str:
        return show("run_text", self)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return show("run_html", self)
