"""Figures: what was measured, the limit it must keep, and the raw cost it can't get below."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.support.sandbox import ROOT


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        name: What was measured.
        value: In `unit`; None where it could not be measured.
        unit: `s`, `MB`, or `×` for a ratio.
        limit: What it must not exceed; None where none was set.
        raw: What the machine needs for the bare operation, None where there is no such thing.
        note: What `raw` is.
        detail: What the value was computed from.
        problem: Why it could not be measured; that counts as over the limit.
        missing: What has to be there first; that doesn't.
    """

    name: str
    value: float | None
    unit: str
    limit: float | None = None
    raw: float | None = None
    note: str = ""
    detail: str = ""
    problem: str = ""
    missing: str = ""

    @property
    def holds(self) -> bool:
        """Whether the figure is within its limit."""
        if self.problem:
            return False
        return self.limit is None or self.value is None or self.value <= self.limit

    def json(self) -> dict[str, Any]:
        """Returns the figure as a JSON object."""
        return {**asdict(self), "holds": self.holds}


def table(figures: Sequence[Figure]) -> str:
    """Returns the figures as an aligned table."""
    rows = [("what", "measured", "limit", "raw", "")]
    for figure in figures:
        values = (format_value(value, figure.unit) for value in (figure.value, figure.limit, figure.raw))
        rows.append((figure.name, *values, mark(figure)))
    widths = [*(max(len(row[column]) for row in rows) for column in range(4)), 0]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def report(name: str, figures: Sequence[Figure], **more: object) -> int:
    """Prints the table, writes it as JSON to build/, and returns 1 when a figure is over its limit."""
    print(table(figures))
    document = {"cores": os.cpu_count(), **more, "figures": [figure.json() for figure in figures]}
    path = ROOT / "build" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")
    print(f"\nas JSON: {path.relative_to(ROOT)}", file=sys.stderr)
    return 0 if all(figure.holds for figure in figures) else 1


def format_value(value: float | None, unit: str) -> str:
    """Returns `12.3 s`, `205 MB`, `0.930` or nothing."""
    if value is None:
        return ""
    formats = {"s": f"{value:.1f} s", "×": f"{value:.3f}"}
    return formats.get(unit, f"{value:.0f} {unit}")


def mark(figure: Figure) -> str:
    """Returns the last column: how it went, what it was computed from, and what the raw figure is."""
    if figure.problem or figure.missing:
        return f"FAILED: {figure.problem}" if figure.problem else f"not there yet: {figure.missing}"
    over = "OVER THE LIMIT" if not figure.holds else "holds" if figure.detail else ""
    return "  ".join(part for part in (over, figure.detail, f"(raw: {figure.note})" if figure.note else "") if part)


def seconds(work: Callable[[], object]) -> float:
    """Returns how long the call took."""
    started = time.monotonic()
    work()
    return time.monotonic() - started
