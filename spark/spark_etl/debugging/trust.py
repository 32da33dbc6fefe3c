"""Whose code a run carries, and whether it may run here.

Below a team's folder only the sandbox's own runner writes. Below `users/<name>/` that user writes whatever they like,
below `connect/` whoever has a Spark Connect session, and an imported run was made elsewhere. What such a run would have
executed, its code, its Spark settings, its packages, runs with nobody's rights but its owner's before somebody has said
`sandbox trust RUN`.

The trust holds for exactly this content. If the content changes, the run has to be trusted again.

What is trusted of an imported run still runs in few places only; see `spark_etl.debugging.foreign_code`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from typing import Any

from spark_etl.config import variables
from spark_etl.errors import SparkEtlError
from spark_etl.reading import Run
from spark_etl.storage import is_s3, join, storage_for
from spark_etl.store import TRUST_FOLDER, USERS, RunDocument, now, top_scratch

FOREIGN_KINDS = {"imported"}
EVERYBODYS = "connect"  # the Spark Connect server writes there, whoever asks


class NotTrustedError(SparkEtlError):
    """Raised before anything of a run is executed that the sandbox's own runner did not write."""

    exit_code = 2


def owner_of(run: Run, scratch: str) -> str | None:
    """Returns whose code a run may carry: a user's name, `unknown`, or None where the runner has written it.

    Args:
        run: The run.
        scratch: Where runs are looked for, normalised.
    """
    top = top_scratch(scratch)
    if is_imported(run):
        return "unknown"
    if not is_s3(run.path):
        return None  # a folder of whoever has started this process
    if not run.path.startswith(f"{top}/"):
        return "unknown"
    first, *others = run.path[len(top) + 1 :].split("/")
    if first == EVERYBODYS:
        return "unknown"
    return others[0] if first == USERS and others else None


def is_imported(run: Run) -> bool:
    """Returns whether another stack has made a run, or the run that it is a replay of."""
    return run.kind in FOREIGN_KINDS or run.document.imported is not None


def executes(run: Run) -> dict[str, Any]:
    """Returns what a replay of the run would execute, be given, or send its code and its token to."""
    document = run.document
    found = {
        "code": document.code and document.code.sha256,
        "spark": document.config.get("spark"),
        "features": document.config.get("features"),
        "requirements": document.requirements,
        "remote": server_of(document),
        "variables": sorted(variables(document.config)),
    }
    return {name: value for name, value in found.items() if value}


def server_of(document: RunDocument) -> str | None:
    """Returns the Spark Connect server that a run was computed by, which its replay asks, too."""
    known = (document.options or {}).get("remote") if document.session == "connect" else None
    return str(known) if known else None


def refuse_untrusted(run: Run, scratch: str) -> None:
    """Refuses to execute what a run carries that somebody else has written.

    Args:
        run: The run.
        scratch: Where runs are looked for, normalised.

    Raises:
        NotTrustedError: It is not the runner's, not this user's own, and nobody has said that it is to be trusted.
    """
    owner, content = owner_of(run, scratch), executes(run)
    if owner is None or not content or owner == os.environ.get("JUPYTERHUB_USER") or is_trusted(run, scratch):
        return
    whose = "it was made elsewhere, or others write there" if owner == "unknown" else f"user {owner} writes there"
    raise NotTrustedError(
        f"run {run.name} carries {_listed(content)} that the sandbox's runner did not write: {whose}",
        hint=_how_to_trust(run, scratch),
    )


def _how_to_trust(run: Run, scratch: str) -> str:
    command = command_to_trust(run.path, run.name, scratch)
    if is_s3(run.path):
        return f"look at it (./sandbox runs show {run.name} --code), then: {command}"
    return f"it lists what would run, and asks: {command}"


def command_to_trust(path: str, name: str, scratch: str) -> str:
    """Returns the command that trusts a run: that of its stack, or for a folder the one of this machine.

    Args:
        path: The run's folder.
        name: What finds it.
        scratch: Where runs are looked for, normalised.
    """
    if is_s3(path):
        return f"./sandbox trust {name}"
    return f"spark-etl trust {name} --scratch-path {shlex.quote(scratch.removeprefix('file://'))}"


def is_trusted(run: Run, scratch: str) -> bool:
    """Returns whether somebody has said that what the run carries may run."""
    path = trust_path(run, scratch)
    return storage_for(path, run.stored.settings).find(path) is not None


def trust(run: Run, scratch: str, by: str) -> str:
    """Records that what a run carries may run with other rights than its owner's; returns where.

    Args:
        run: The run.
        scratch: Where runs are looked for, normalised.
        by: Who says so.
    """
    path = trust_path(run, scratch)
    record = {"run": run.path, "by": by, "at": now(), "executes": executes(run)}
    storage_for(path, run.stored.settings).write(path, json.dumps(record, indent=1, default=str).encode())
    return path


def trust_path(run: Run, scratch: str) -> str:
    """Returns where the trust in a run is recorded: where only the runner writes, whoever has written the run."""
    content = json.dumps([run.path, executes(run)], sort_keys=True, default=str)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return join(top_scratch(scratch), TRUST_FOLDER, f"{digest}.json")


def _listed(content: dict[str, Any]) -> str:
    words = {
        "code": "code",
        "spark": "Spark settings",
        "features": "parameters",
        "requirements": "packages",
        "remote": "a Spark Connect server",
        "variables": "environment variables",
    }
    return " and ".join(words[name] for name in content)
