"""Where people may put files of their own, and what belongs to runs instead.

1. A published place is a folder of the bucket or of a folder in it, never the lock of a run that publishes there.
2. Of the scratch path, what lies below `users/NAME/` is that user's.
3. Everything with a run's id in its path belongs to that run, also below a user's place.
"""

from __future__ import annotations

from spark_etl import usernames
from spark_etl.errors import ArgumentError
from spark_etl.storage import is_s3, join, normalise, relative_to
from spark_etl.store.layout import CODE_FOLDER, INDEX_FOLDER, PUBLISH_LOCK, TRUST_FOLDER, USERS, is_run_id

OF_RUNS = {CODE_FOLDER, INDEX_FOLDER, TRUST_FOLDER}
REMOVE_RUNS = "`./sandbox runs rm` and `./sandbox gc` delete what belongs to runs"


def user_place(scratch: str, user: str) -> str:
    """Returns the folder in which a user keeps what is theirs."""
    return join(normalise(scratch), USERS, user)


def run_in(path: str) -> str | None:
    """Returns the id of the run that a path belongs to; None if it belongs to none."""
    return next((part for part in path.split("/") if is_run_id(part)), None)


def refuse_place_of_runs(path: str, scratch: str) -> None:
    """Refuses a path that is not for people to write to or to delete.

    Args:
        path: As `normalise` returns it.
        scratch: Below which runs lie.

    Raises:
        ArgumentError: With whose it is, and what is possible instead.
    """
    parts = _below(path, normalise(scratch))
    if path.rpartition("/")[2] == PUBLISH_LOCK:
        raise ArgumentError(
            f"{path} says which run publishes there: it is the run's",
            hint="./sandbox runs list --status running",
        )
    if run := run_in(path):
        raise ArgumentError(f"{path} belongs to run {run}", hint=REMOVE_RUNS)
    if parts is None:
        return
    place = user_place(scratch, "NAME")
    if parts[:1] != [USERS]:
        owner = f"the runs of the team `{parts[0]}`" if parts else "all runs"
        raise ArgumentError(f"{path} is where {owner} lie", hint=f"write below {place}/, or s3a://published/")
    if len(parts) < 2 or (reason := usernames.invalid_reason(parts[1])):
        problem = reason if len(parts) > 1 else "it is nobody's own"
        raise ArgumentError(f"{path} is no user's place: {problem}", hint=f"write below {place}/")
    if taken := OF_RUNS.intersection(parts):
        raise ArgumentError(f"{path}: `{taken.pop()}` is what runs keep for each other", hint=REMOVE_RUNS)


def _below(path: str, folder: str) -> list[str] | None:
    """Returns the names of a path below a folder; None if it is elsewhere, whatever S3 is called in it."""
    if is_s3(path) and is_s3(folder):
        path, folder = path.split("://", 1)[1], folder.split("://", 1)[1]
    if path == folder:
        return []
    below = relative_to(path, folder)
    return None if below == path else below.split("/")
