"""What a run.json may hold, whoever wrote it: everything that is read of it is looked at first."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from spark_etl.errors import DamagedError

LONGEST = 255  # of what is a column of a list
SHA256 = re.compile("[0-9a-f]{64}")
FieldCheck = Callable[[Any], bool]


def check_run(content: Mapping[str, Any], path: str, *, newest: int, statuses: Collection[str]) -> None:
    """Refuses a document in which something has an invalid value.

    Args:
        content: All of run.json.
        path: Where it lies, for the message.
        newest: The newest format that can be read.
        statuses: The statuses that a run may have.

    Raises:
        DamagedError: Names what is wrong.
    """
    if is_number(content.get("format")) and content["format"] > newest:
        raise DamagedError(f"{path} is of a newer format than this spark_etl can read", hint="update spark_etl")
    _check(content, RUN, path, "")
    if content["status"] not in statuses:
        raise DamagedError(f"{path}: `status` has an invalid value")
    features: dict[str, dict[str, Any]] = content["features"]
    unknown = [alias for alias in content["order"] if alias not in features]
    if unknown:
        raise DamagedError(f"{path}: `order` names feature {unknown[0]!r:.80}, but `features` has no record of it")
    for known in features.values():
        _check(known, FEATURE, path, " in `features`")
    for known in content.get("publish") or []:
        _check(known, OUTPUT, path, " in `publish`")


def _check(known: Mapping[str, Any], checks: Mapping[str, FieldCheck], path: str, where: str) -> None:
    for name, check in checks.items():
        if not check(known.get(name)):
            raise DamagedError(f"{path}: `{name}`{where} has an invalid value")


def is_number(value: Any) -> bool:
    """Returns whether a value is a finite number that fits in 64 bits."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < 1 << 63
    return isinstance(value, float) and math.isfinite(value)


def is_count(value: Any) -> bool:
    """Returns whether a value can be a number of rows or bytes."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def is_text(value: Any) -> bool:
    """Returns whether a value is a text."""
    return isinstance(value, str)


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST and value.isprintable()


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _list_of(check: FieldCheck) -> FieldCheck:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _map_of(check: FieldCheck) -> FieldCheck:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _or_none(check: FieldCheck) -> FieldCheck:
    return lambda value: value is None or check(value)


def _is_error(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _or_none(is_text)(value.get(name)) for name in ("message", "feature", "traceback", "type", "hint")
    )


def _is_replay(value: Any) -> bool:
    texts = ("run", "path", "feature")
    return (
        isinstance(value, dict)
        and all(is_text(value.get(name)) for name in texts)
        and _or_none(is_text)(value.get("code"))
        and _or_none(_is_object)(value.get("verdict"))
    )


def _is_sha256(value: Any) -> bool:
    return isinstance(value, str) and SHA256.fullmatch(value) is not None


def _is_imported(value: Any) -> bool:
    """Returns whether a value says where a run was imported from."""
    return isinstance(value, dict) and all(check(value.get(name)) for name, check in IMPORTED.items())


def is_part(value: Any) -> bool:
    """Returns whether a value says which part of its rows an imported run has: a share of the keys, or how many."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    fraction: Any = value.get("fraction")
    return is_count(value.get("keys")) or (is_number(fraction) and 0 < fraction <= 1)


def _is_code(value: Any) -> bool:
    return isinstance(value, dict) and all(check(value.get(name)) for name, check in CODE.items())


# A name that only format 2 has, or not even each of its runs, may be missing.
RUN: dict[str, FieldCheck] = {
    "format": is_number,
    "run_id": _or_none(_is_short),
    "path": _or_none(is_text),
    "kind": _or_none(_is_short),
    "status": is_text,
    "team": _is_short,
    "pipeline": _is_short,
    "start_date": _is_short,
    "end_date": _is_short,
    "started": _or_none(_is_short),
    "ended": _or_none(_is_short),
    "seconds": _or_none(is_number),
    "checkpoints": _or_none(_list_of(is_text)),
    "sample": _or_none(_is_object),
    "resumed": _or_none(_is_short),
    "command": _or_none(is_text),
    "options": _or_none(_is_object),
    "session": _or_none(_is_short),
    "requirements": _or_none(_list_of(is_text)),
    "packages": _or_none(_is_short),
    "config_path": _or_none(is_text),
    "config": _or_none(_is_object),
    "config_text": _or_none(is_text),
    "project_path": _or_none(is_text),
    "git": _or_none(_is_object),
    "code": _or_none(_is_code),
    "by": _or_none(_map_of(_is_short)),
    "versions": _or_none(_is_object),
    "spark": _or_none(_is_object),
    "graph": _or_none(_map_of(_list_of(is_text))),
    "order": _list_of(is_text),
    "not_run": _or_none(_list_of(is_text)),
    "publish": _or_none(_list_of(_is_object)),
    "features": _map_of(_is_object),
    "error": _or_none(_is_error),
    "replay": _or_none(_is_replay),
    "trace": _or_none(_is_object),
    "adopted": _or_none(_map_of(is_text)),
    "imported": _or_none(_is_imported),
}
IMPORTED: dict[str, FieldCheck] = {
    "from": is_text,
    "bundle": _is_sha256,
    "at": _is_short,
    "by": _is_short,
    "kind": _is_short,
    "sample": _or_none(is_part),
}
CODE: dict[str, FieldCheck] = {
    "sha256": _or_none(_is_sha256),
    "files": _or_none(is_count),
    "bytes": _or_none(is_count),
    "left_out": _or_none(_map_of(is_text)),
    "reason": _or_none(is_text),
}
FEATURE: dict[str, FieldCheck] = {
    "class": _or_none(is_text),
    "checkpoint": _or_none(_is_truth),
    "state": _is_short,
    "seconds": _or_none(is_number),
    "rows": _or_none(is_count),
    "bytes": _or_none(is_count),
    "started": _or_none(_is_short),
    "reason": _or_none(is_text),
    "reused_from": _or_none(is_text),
    "after_failure": _or_none(_is_truth),
    "deterministic": _or_none(_is_truth),
    "stages": _or_none(is_count),
    "tasks": _or_none(is_count),
    "error": _or_none(_is_error),
}
OUTPUT: dict[str, FieldCheck] = {
    "feature": is_text,
    "path": is_text,
    "overwrite": _or_none(_is_truth),
    "state": is_text,
    "seconds": _or_none(is_number),
    "rows": _or_none(is_count),
    "bytes": _or_none(is_count),
}
