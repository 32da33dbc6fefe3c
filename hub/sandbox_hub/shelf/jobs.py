"""Publications, one after another: there is one server that runs notebooks again."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox_hub.shelf.data import AWAY, Data
from sandbox_hub.shelf.handed_in import LARGEST, as_json, notebook_of
from sandbox_hub.shelf.rerun import Again, Rerun, RerunError
from sandbox_hub.shelf.room import NoRoomError, Room
from sandbox_hub.shelf.store import Record, Shelf, digest, slug, title

KEPT = 200
LARGEST_RECORD = 3 * 1024**2
MOST_WAITING = 3  # of one author: a publication may take twenty minutes, and there is one server for all
MOST_BYTES = 2 * LARGEST  # of all that wait: they are kept in memory
log = logging.getLogger("sandbox.shelf")


class WaitError(Exception):
    """Raised when an author's earlier publications have to begin first."""


@dataclass
class Job:
    """A publication.

    Attributes:
        state: `waiting`, `running`, `done` or `failed`.
        told: How far it is; the reason, when it failed.
        record: What was put on the shelf.
    """

    identity: str
    author: str
    name: str
    state: str = "waiting"
    told: str = "waiting"
    record: Record | None = None
    asked: dict[str, Any] = field(default_factory=dict, repr=False)

    def tell(self, text: str) -> None:
        """Says how far it is."""
        self.told = text


class Jobs:
    """The publications of this service's life.

    Args:
        image: Of the servers, for the record.
        room: Of authors on the disk; None: there is no limit.
    """

    def __init__(self, shelf: Shelf, data: Data, rerun: Rerun, image: str, room: Room | None = None) -> None:
        self._shelf, self._data, self._rerun, self._image, self._room = shelf, data, rerun, image, room
        self._turn = asyncio.Lock()
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, author: str, asked: dict[str, Any]) -> Job:
        """Takes a publication in and returns at once.

        Args:
            asked: `path` and `content` of the file, and `reads` of the author's kernel.

        Raises:
            ValueError: It can't be published under that name.
            WaitError: `MOST_WAITING` of the author's wait already, or all that wait are too large together.
        """
        waiting = [job.name for job in self._jobs.values() if (job.author, job.state) == (author, "waiting")]
        if len(waiting) >= MOST_WAITING:
            raise WaitError(
                f"{len(waiting)} publications of {author} wait already. Publish again when one of them has begun: "
                + ", ".join(waiting)
            )
        asked = {**asked, "content": asked["content"].encode()}  # a text would take up to four times as much
        if sum(len(job.asked.get("content", b"")) for job in self._jobs.values()) + len(asked["content"]) > MOST_BYTES:
            raise WaitError("the notebooks that wait are too large together. Publish again when some of them are done")
        job = Job(secrets.token_urlsafe(12), author, slug(str(asked["path"])), asked=asked)
        for identity in [job.identity for job in self._jobs.values() if job.state in {"done", "failed"}][:-KEPT]:
            del self._jobs[identity]
        self._jobs[job.identity] = job
        task = asyncio.create_task(self._publish(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def of(self, author: str, identity: str) -> Job | None:
        """Returns a publication of that author."""
        job = self._jobs.get(identity)
        return job if job and job.author == author else None

    async def _publish(self, job: Job) -> None:
        before = [other for other in self._jobs.values() if other.state in {"waiting", "running"} and other is not job]
        if before:
            job.tell(f"waiting: {len(before)} before it")
        async with self._turn:
            job.state = "running"
            await self._run(job)
            job.asked = {}

    async def _run(self, job: Job) -> None:
        """Ends as done or as failed, whatever happens."""
        try:
            await self._stamped(job)
            job.state = "done"
        except (RerunError, NoRoomError) as error:
            job.state, job.told = "failed", str(error)
        except Exception as error:
            log.exception("%s/%s could not be published", job.author, job.name)
            job.state, job.told = "failed", f"{type(error).__name__}: {error}"

    async def _stamped(self, job: Job) -> None:
        content: bytes = job.asked["content"]
        notebook = notebook_of(content)
        name, given = title(notebook, job.name), as_json(notebook)
        del notebook
        job.tell("looking for room on the disk")
        held = await self._room.held(job.author) if self._room else 0
        self._check_room(job, held, len(content))  # before minutes are spent on it
        again = await self._rerun.run(given, job.tell)
        job.tell("putting it on the shelf")
        outcome = as_json(again.notebook)
        record = self._record(job, name, content, again)
        told = len(json.dumps(asdict(record), indent=1))
        if told > LARGEST_RECORD:
            raise RerunError("what it read, its packages and its difference are too much to be kept")
        self._check_room(job, held, len(content) + len(outcome) + told)
        await self._pin(record)
        self._shelf.add(record, content, outcome)
        job.record = record
        job.tell(f"{record.verdict}: v{record.version}")

    def _check_room(self, job: Job, held: int, more: int) -> None:
        if self._room:
            self._room.check(job.author, held, more)

    async def _pin(self, record: Record) -> None:
        try:
            await asyncio.to_thread(self._data.pin, record)
        except AWAY as error:
            told = f"the S3 store doesn't take its pins: {error}. See ./sandbox doctor"
            raise RerunError(told) from None

    def _record(self, job: Job, name: str, content: bytes, again: Again) -> Record:
        return Record(
            author=job.author,
            name=job.name,
            version=self._shelf.next_version(job.author, job.name),
            title=name,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            path=str(job.asked["path"]),
            sha256=digest(content),
            image=self._image,
            verdict=again.verdict,
            seconds=round(again.seconds, 1),
            reads=again.reads,
            author_reads=list(job.asked.get("reads") or []),
            packages=again.packages,
            why=again.why,
            diff=again.diff,
        )
