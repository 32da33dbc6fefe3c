"""What a run carries that would be executed, in lines to be read before it is trusted."""

from __future__ import annotations

import json
from collections.abc import Iterable

from spark_etl.debugging.trust import executes, server_of
from spark_etl.printable import printable
from spark_etl.reading import Run


def describe(run: Run, owner: str, *, show: str) -> list[str]:
    """Returns what would be executed, and of whom.

    Args:
        run: The run.
        owner: Whose it is, or `unknown`.
        show: The command that shows its code.
    """
    document = run.document
    lines = [f"run {run.name}, of {'an unknown owner' if owner == 'unknown' else f'user {owner}'}, carries:"]
    code = document.code
    if code is not None and code.sha256:
        lines.append(f"  code: {code.files} files ({show})")
    lines += [f"  Spark setting: {name}={value}" for name, value in _items(document.config.get("spark"))]
    lines += [f"  feature: {name}, {json.dumps(entry)}" for name, entry in _items(document.config.get("features"))]
    lines += [f"  package: {name}" for name in document.requirements or []]
    lines += [
        f"  Spark Connect server, which gets code and token: {server}" for server in [server_of(document)] if server
    ]
    lines += [f"  would be given the environment variable {name}" for name in executes(run).get("variables", [])]
    return [printable(line, one_line=True) for line in lines]


def _items(part: object) -> Iterable[tuple[object, object]]:
    """Returns the entries of a part of a config, which anybody may have written."""
    if isinstance(part, dict):
        return part.items()
    return [("no mapping", part)] if part else []
