"""A plan as people read it: the totals first, then what goes and what stays, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spark_etl.store.gc.execute import GcResult
from spark_etl.store.gc.plan import KINDS, GcPlan, Leftover, PlannedRun
from spark_etl.units import format_bytes, format_count

COLUMNS = ["run", "age", "size", "plan", "why"]
MOST_ROWS = 50
MOST_NAMES = 3
REASONS = {
    "old": "old enough, and nothing needs it",
    "named": "named, and nothing needs it",
    "running": "it is running",
    "damaged": "its run.json can't be read",
    "publishing": "it has decided to publish and has not finished",
    "pinned": "pinned by",
    "newest success": "the newest success of its pipeline",
    "kept last": "among the newest of its pipeline",
    "young": "too young",
    "reused": "reused by run",
    "origin of a replay": "run {} replays it",
}
NOUNS = {"code": ("archive of code", "archives of code")}


def summary_lines(plan: GcPlan) -> list[str]:
    """Returns the totals of a plan, and what could not be looked at."""
    going, staying = plan.going, plan.staying
    lines = [
        f"{format_count(len(going), 'run')} of {_size(going)} {_goes(len(going))}, {len(staying):,} "
        f"of {_size(staying)} {'stays' if len(staying) == 1 else 'stay'}"
    ]
    for kind in KINDS:
        found = [item for item in plan.leftovers if item.kind == kind]
        if found:
            noun = NOUNS.get(kind, (kind, f"{kind}s"))[len(found) > 1]
            lines.append(f"{len(found):,} {noun} of {_size(found)} {_goes(len(found))}")
    return [*lines, *plan.notes]


def table_rows(plan: GcPlan, *, most: int = MOST_ROWS) -> list[list[str]]:
    """Returns a row for each run, those that go first; of very many, the newest of each sort.

    Args:
        plan: What to show.
        most: So many that go, and so many that stay.
    """
    rows: list[list[str]] = []
    for runs in (plan.going, plan.staying):
        rows += [_row(run) for run in runs[:most]]
        if len(runs) > most:
            rows.append([f"and {len(runs) - most:,} more", "", "", "goes" if runs[0].goes else "stays", ""])
    return rows


def why(run: PlannedRun) -> str:
    """Returns why a run goes or stays, as a part of a sentence."""
    names = ", ".join(run.by[:MOST_NAMES]) + (f" and {len(run.by) - MOST_NAMES} more" * (len(run.by) > MOST_NAMES))
    text = REASONS[run.reason]
    if "{}" in text:
        return text.format(names)
    return f"{text}: {names}" if run.reason == "damaged" and names else f"{text} {names}".rstrip()


def result_lines(result: GcResult) -> list[str]:
    """Returns what was deleted, and what was not and why."""
    gone = f"{format_count(len(result.runs), 'run')} and {format_count(result.leftovers, 'leftover')}"
    lines = [f"deleted {gone}: {format_bytes(result.bytes)}"]
    return [*lines, *(f"left {name}: {why}" for name, why in result.skipped.items())]


def format_progress(done: int, total: int) -> str:
    """Returns how far something is, given how much is done, and of how much; 0 where that is not known."""
    return f"{done:,} of {total:,}" if total else f"{done:,} objects"


def format_age(seconds: float) -> str:
    """Returns `3h` or `12d`."""
    hours = int(seconds // 3600)
    return f"{hours}h" if hours < 48 else f"{hours // 24:,}d"


def _row(run: PlannedRun) -> list[str]:
    return [run.name, format_age(run.age), format_bytes(run.bytes), "goes" if run.goes else "stays", why(run)]


def _size(items: Iterable[PlannedRun] | Sequence[Leftover]) -> str:
    return format_bytes(sum(item.bytes for item in items))


def _goes(number: int) -> str:
    return "goes" if number == 1 else "go"
