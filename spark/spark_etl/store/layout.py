"""Where the parts of a run lie below the scratch path. Nothing outside `spark_etl.store` imports this.

<scratch>/<team>/<pipeline>/<run id>/run.json                     the run
<scratch>/<team>/<pipeline>/<run id>/run.log                      what it said
<scratch>/<team>/<pipeline>/<run id>/_inputs.json                 what its features read
<scratch>/<team>/<pipeline>/<run id>/_heartbeat.json              that it is alive
<scratch>/<team>/<pipeline>/<run id>/_publish.json                what it has decided to publish
<scratch>/<team>/<pipeline>/<run id>/<feature>/part-*.parquet     a checkpoint
<scratch>/<team>/<pipeline>/<run id>/<feature>/_manifest.json     written last: no manifest, no checkpoint
<scratch>/<team>/<pipeline>/<run id>/<feature>/_failure.json      why the feature failed
<scratch>/<team>/<pipeline>/<run id>/<feature>.<source>/…         what it had read
<scratch>/<team>/<pipeline>/<run id>/_sources/<scheme>/…          what the sources of an imported run had read
<scratch>/<team>/<pipeline>/<run id>/_sources.json                which objects these are
<scratch>/<team>/<pipeline>/<run id>/_importing-<n>               that a bundle is being made this run
<scratch>/<team>/<pipeline>/_runs/<month>/<run id>~…/ended        the mark of a run that has ended
<scratch>/<team>/<pipeline>/_code/<sha256>.zip                    the code of all runs that had this code
<scratch>/users/<user>/…                                          what users keep: no runs of teams
<scratch>/users/_pins/<author>/<notebook>/v<N>.json        a pin: checkpoints that a shared notebook read
<scratch>/users/_stops/<team>/<pipeline>/<run id>.json            that a run is to stop
<scratch>/_trust/<sha256>.json                                    that the code of a run may be executed
<published path>/_publishing.json                                 which run publishes there
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

RUN_FILE = "run.json"
LOG_FILE = "run.log"
INPUTS_FILE = "_inputs.json"
HEARTBEAT_FILE = "_heartbeat.json"
DECISION_FILE = "_publish.json"
MANIFEST_FILE = "_manifest.json"
FAILURE_FILE = "_failure.json"
IMPORT_CLAIM = "_importing-"  # and a number
SOURCES_FOLDER = "_sources"
SOURCES_FILE = "_sources.json"
INDEX_FOLDER = "_runs"
MARK_FILE = "ended"
CODE_FOLDER = "_code"
TRUST_FOLDER = "_trust"
PUBLISH_LOCK = "_publishing.json"
# Below it, users of the sandbox keep what their own notebooks run; no team's runs lie there.
USERS = "users"
RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


def new_run_id(now: datetime | None = None) -> str:
    """Returns an id that sorts by time and that no other run has: `20240229T101112Z-7f3a2c`."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return f"{moment:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def is_run_id(name: str) -> bool:
    """Returns whether a folder's name is a run's id."""
    return RUN_ID.fullmatch(name) is not None


def first_id(moment: datetime) -> str:
    """Returns what sorts before the ids of all runs that started at that moment or later."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S}"
