"""What can be read of a run.json, whoever wrote it: one that is damaged is told as such, and the rest goes on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from spark_etl import documents
from spark_etl.errors import DamagedError
from spark_etl.storage import S3Settings, storage_for
from spark_etl.store.layout import RunPaths
from spark_etl.store.manifest import is_count
from spark_etl.store.record import FORMAT, STATUSES

DAMAGED = "damaged"
LARGEST = 16 << 20
LONGEST = 255  # of what is a column of a list
Check = Callable[[Any], bool]


def read_run_file(paths: RunPaths, settings: S3Settings | None = None) -> dict[str, Any] | None:
    """Returns the content of a run.json, None if there is none; of a damaged one what its folders tell.

    Args:
        paths: The run's.
        settings: How to reach S3; from the environment if not given.
    """
    try:
        content = documents.read(storage_for(paths.run_file, settings).read, paths.run_file, largest=LARGEST)
        if content is not None:
            _check(content, paths.run_file)
    except DamagedError as error:
        return _damaged(paths, error.message)
    except (IsADirectoryError, NotADirectoryError, PermissionError) as error:
        return _damaged(paths, f"{paths.run_file} can't be read: {error.strerror}")
    return content


def _damaged(paths: RunPaths, why: str) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "run_id": paths.run_id,
        "path": paths.root,
        "status": DAMAGED,
        "team": paths.team,
        "pipeline": paths.pipeline,
        "start_date": "",
        "end_date": "",
        "started": None,
        "seconds": None,
        "order": [],
        "graph": {},
        "features": {},
        "publish": [],
        "error": {"message": why},
    }


def _check(content: Mapping[str, Any], path: str) -> None:
    if _is_number(content.get("format")) and content["format"] > FORMAT:
        raise DamagedError(f"{path} is of a newer format than this spark_etl can read", hint="update spark_etl")
    for name, check in RUN.items():
        if not check(content.get(name)):
            raise DamagedError(f"{path}: `{name}` is not what it should be")
    features: dict[str, dict[str, Any]] = content["features"]
    unknown = [alias for alias in content["order"] if alias not in features]
    if unknown:
        raise DamagedError(f"{path}: of feature {unknown[0]!r:.80} nothing is told")
    outputs = content.get("publish") or []
    for kind, known, checks in (("features", features.values(), FEATURE), ("publish", outputs, OUTPUT)):
        for one in known:
            for name, check in checks.items():
                if not check(one.get(name)):
                    raise DamagedError(f"{path}: `{name}` in `{kind}` is not what it should be")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST and value.isprintable()


def _is_number(value: Any) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < 1 << 63
    return isinstance(value, float) and math.isfinite(value)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _map_of(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_error(value: Any) -> bool:
    return isinstance(value, dict) and all(_or_none(_is_text)(value.get(name)) for name in ("message", "feature"))


# What is read of it here; format 1 has had these from its beginning.
RUN: dict[str, Check] = {
    "format": _is_number,
    "status": lambda value: value in STATUSES,
    "team": _is_short,
    "pipeline": _is_short,
    "start_date": _is_short,
    "end_date": _is_short,
    "started": _or_none(_is_short),
    "seconds": _or_none(_is_number),
    "order": _list_of(_is_text),
    "graph": _or_none(_map_of(_list_of(_is_text))),
    "features": _map_of(_is_object),
    "publish": _or_none(_list_of(_is_object)),
    "error": _or_none(_is_error),
}
FEATURE: dict[str, Check] = {
    "state": _is_short,
    "seconds": _or_none(_is_number),
    "rows": _or_none(is_count),
    "bytes": _or_none(is_count),
    "error": _or_none(_is_error),
    "reused_from": _or_none(_is_text),
}
OUTPUT: dict[str, Check] = {"feature": _is_text, "path": _is_text, "state": _is_text}
