"""Commands that a message offers, with what is known of the run."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from urllib.parse import quote

from spark_etl.storage import is_s3, name_of
from spark_etl.store import ADOPTED, OWN_CODE, REPLAY, USERS, ReplayRecord, RunDocument, run_name, short_name

# Name in `options` → option: what decides which rows a run has.
KEPT_OPTIONS = {"pipeline": "--pipeline", "sample": "--sample", "sample_key": "--sample-key", "keys": "--keys"}
USUAL_SCRATCH = {True: ".spark-etl/scratch", False: "s3a://scratch"}  # with Spark in this process, and on a stack
TEAM = "sandbox"  # where none is given
DEPTH = 3  # of a run's folder below the scratch path
HUB = "SPARK_ETL_HUB"


def remake_command(document: RunDocument, feature: str, resume: bool) -> str:
    """Returns the command that computes a checkpoint of a run again, or the run whose failed feature had read it.

    Args:
        document: The run's.
        feature: Whose checkpoint.
        resume: Whether `--resume` sees that it has to be computed again, so that the rest need not be.
    """
    if document.kind == ADOPTED:
        return _adopt_command(document, feature)
    if document.replay:
        return _replay_command(document, document.replay, feature)
    local = document.session == "local"
    start = ["spark-etl", "run", "--local", "--feature-config"] if local else ["./sandbox", "run"]
    words = [*start, name_of(document.config_path or "") or "CONFIG", "--team-name", document.team]
    words += ["--start-date", document.start_date, "--end-date", document.end_date]
    words += [word for pair in _options(document, local=local) for word in pair]
    words += ["--resume", short_name(document.path)] if resume else []
    words += ["--checkpoint", feature] if feature in document.features else []
    return shlex.join(words)


def _replay_command(document: RunDocument, replay: ReplayRecord, feature: str) -> str:
    code = [] if replay.code == OWN_CODE else ["--code", "DIR"]
    if is_s3(document.path):
        return shlex.join(["./sandbox", "replay", f"{replay.run}/{feature}", *code])
    scratch = document.path.rsplit("/", DEPTH)[0].removeprefix("file://")
    return shlex.join(["spark-etl", "replay", f"{replay.run}/{feature}", "--scratch-path", scratch, *code])


def _adopt_command(document: RunDocument, feature: str) -> str:
    folder = document.adopted.get(feature, "PREFIX")
    local = not is_s3(document.path)
    if run_name(document.path).startswith(f"{USERS}/"):
        return f'runs.adopt("{folder}", "{feature}=.", pipeline="{document.pipeline}")'
    start = ["spark-etl", "adopt"] if local else ["./sandbox", "runs", "adopt"]
    words = [*start, folder.removeprefix("file://"), "--feature", f"{feature}=.", "--pipeline", document.pipeline]
    if document.team != TEAM:
        words += ["--team-name" if local else "--team", document.team]
    words += ["--start-date", document.start_date, "--end-date", document.end_date] if document.start_date else []
    words += ["--scratch-path", document.path.rsplit("/", DEPTH)[0].removeprefix("file://")] if local else []
    return shlex.join(words)


def _options(document: RunDocument, *, local: bool) -> Iterator[tuple[str, str]]:
    """Yields the options without which it would be another run."""
    scratch = document.path.rsplit("/", DEPTH)[0]
    if not f"/{scratch}".endswith(f"/{USUAL_SCRATCH[local]}"):
        yield "--scratch-path", scratch.removeprefix("file://")
    for name, option in KEPT_OPTIONS.items():
        value = (document.options or {}).get(name)
        if value is not None:
            yield option, str(value)


def has_failing_feature(document: RunDocument) -> bool:
    """Returns whether a run has failed at a feature whose code it has kept, so that a debug notebook can show it."""
    error, code = document.error, document.code
    failed = error is not None and bool(error.feature)
    return failed and code is not None and bool(code.sha256) and document.kind not in {ADOPTED, REPLAY}


def debug_command(document: RunDocument) -> str:
    """Returns the command that opens the feature that a run has failed at; empty where there is none to open."""
    if not has_failing_feature(document):
        return ""
    if is_s3(document.path):
        return shlex.join(["./sandbox", "debug", short_name(document.path)])
    return shlex.join(local_debug_words(document.path))


def local_debug_words(root: str) -> list[str]:
    """Returns the words of the command that opens a run without a stack."""
    scratch, *_, run_id = root.removeprefix("file://").rsplit("/", DEPTH)
    return ["spark-etl", "debug", run_id, "--scratch-path", scratch]


def debug_link(document: RunDocument) -> str:
    """Returns the page that opens the same in a browser; empty without a hub, or where a hub can't read the run."""
    hub = hub_address()
    if not hub or not is_s3(document.path) or not has_failing_feature(document):
        return ""
    return debug_page(hub, short_name(document.path))


def debug_page(hub: str, name: str) -> str:
    """Returns the page of a hub that opens the debug notebook of a run, in the server of whoever follows it.

    Args:
        hub: The hub's address, without a slash at its end.
        name: Of the run.
    """
    return f"{hub}/hub/user-redirect/sandbox/debug/open?run={quote(name)}"


def run_page(root: str) -> str:
    """Returns the page of a run on the hub; empty without a hub, or where it can't read the run.

    Args:
        root: The run's folder.
    """
    hub = hub_address()
    return page_of_run(f"{hub}/services/runs/", short_name(root)) if hub and is_s3(root) else ""


def page_of_run(pages: str, name: str) -> str:
    """Returns the page of a run.

    Args:
        pages: Where the hub's page of runs is.
        name: Of the run.
    """
    return f"{pages}{quote(name)}"


def hub_address() -> str:
    """Returns the hub's address, as a browser on the machine of the stack finds it; empty without a hub."""
    return os.environ.get(HUB, "").rstrip("/")
