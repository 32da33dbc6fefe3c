"""Features that have failed, in one run or in both."""

from __future__ import annotations

import re

from spark_etl.compare.runs.side import Side
from spark_etl.store import ErrorRecord

VARIES = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\d+")
FUNCTION = re.compile(r'^\s*File "[^"]*?(?P<file>[^"/]+)", line \d+, in (?P<function>.+)$', re.MULTILINE)


def has_parted_by_failure(alias: str, a: Side, b: Side) -> bool:
    """Returns whether a feature has failed in one run and was computed in the other, or has failed in another way."""
    failures = [side.failure(alias) for side in (a, b)]
    if all(failures):
        return not fail_alike(alias, a, b)
    return any(
        failure is not None and other.was_computed(alias) for failure, other in zip(failures, (b, a), strict=True)
    )


def fail_alike(alias: str, a: Side, b: Side) -> bool:
    """Returns whether a feature has failed in both runs in the same way: place and message, without what varies."""
    one, other = a.failure(alias), b.failure(alias)
    return one is not None and other is not None and _compared_by(one) == _compared_by(other)


def failure_reason(alias: str, a: Side, b: Side) -> str:
    """Returns how a feature has failed, as a reason."""
    if fail_alike(alias, a, b):
        return f"failed in both in the same way: {a.failure_message(alias)}"
    failed = [side for side in (a, b) if side.failure(alias)]
    return "; ".join(f"failed in {side.letter}: {side.failure_message(alias)}" for side in failed)


def _compared_by(error: ErrorRecord) -> tuple[str, str]:
    places = [f"{match['file']} {match['function']}" for match in FUNCTION.finditer(error.traceback)]
    return VARIES.sub("N", error.message or ""), places[-1] if places else ""
