"""Where the command reads and writes data of one's own: the buckets of the stack, with the keys of its runner."""

from __future__ import annotations

from dataclasses import dataclass

from spark_etl.errors import ArgumentError
from spark_etl.printable import printable
from spark_etl.storage import S3Settings, join, storage_for
from spark_etl.store import refuse_place_of_runs, run_in, user_place
from spark_etl.transfer import Destination, Found, destination

from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import session
from sandbox_cli.stack.hub import users
from sandbox_cli.stack.object_store import BUCKETS

READ_ONLY = "events"  # Spark's logs, which the history server reads


@dataclass(frozen=True)
class DataStore:
    """The store of a stack that is up.

    Attributes:
        scratch: Below which runs lie.
        settings: How to reach it.
        place: Below which a path is that begins with no `s3://`: the place of a user; empty if none is given.
    """

    scratch: str
    settings: S3Settings | None
    place: str = ""

    def readable(self, text: str | None) -> Destination:
        """Returns a place to read.

        Raises:
            ArgumentError: It is none, or there is no such bucket.
        """
        return destination(self._whole(text), BUCKETS)

    def writable(self, text: str | None) -> Destination:
        """Returns a place to write to, or to delete.

        Raises:
            ArgumentError: It is none, or belongs to runs.
            UsageError: None is given.
        """
        place = destination(self._whole(text), BUCKETS)
        if place.path.split("://", 1)[1].partition("/")[0] == READ_ONLY:
            raise ArgumentError(
                f"{place.path} is where Spark writes its logs",
                hint="write below s3a://published/, or to a user's place: --user NAME",
            )
        refuse_place_of_runs(place.path, self.scratch)
        return place

    def _whole(self, text: str | None) -> str:
        if self.place and (text is None or "://" not in text):
            return f"{join(self.place, text or '')}{'/' if not text or text.endswith('/') else ''}"
        if text is None:
            raise UsageError(
                "Where to? A place in the store is missing.",
                hint="sandbox data put PATH s3://published/NAME/\nOr with --user NAME, into the place of a user.",
            )
        return text


def running(console: Console, settings: Settings, user: str | None = None) -> DataStore:
    """Returns the store of a stack that is up.

    Args:
        console: Where to say what is waited for.
        settings: Which stack.
        user: In whose place a path is that begins with no `s3://`.

    Raises:
        StackError: It is not up.
        UsageError: There is no such user.
    """
    found = session.running(console, settings, session.ACCOUNTS if user else session.STORE)
    if user:
        users.refuse_unknown(found, user)
    runs = found.runs
    return DataStore(runs.scratch, runs.store.settings, user_place(runs.scratch, user) if user else "")


def refuse_runs_among(found: Found) -> None:
    """Refuses to delete what belongs to runs, though the folder above it does not.

    Raises:
        ArgumentError: Names the first run.
    """
    for item in found.objects:
        if run := run_in(item.path):
            raise ArgumentError(
                f"{printable(found.path, one_line=True)} has run {run} in it, which `data rm` does not delete",
                hint=f"sandbox runs rm {run}",
            )


def delete(store: DataStore, found: Found) -> None:
    """Deletes objects.

    Raises:
        StorageError: The store refuses.
    """
    storage_for(found.path, store.settings).delete(item.path for item in found.objects)
