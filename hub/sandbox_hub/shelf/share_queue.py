"""Notebooks on their way to the shelf, one after another: there is one server that runs them again."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox_hub.shelf.checkpoints import STORE_ERRORS, CheckpointStore
from sandbox_hub.shelf.quota import Quota, QuotaExceededError
from sandbox_hub.shelf.rerun import RerunError, RerunResult, RerunServer
from sandbox_hub.shelf.store import Record, Shelf, sha256_hex, slug, title_of
from sandbox_hub.shelf.validation import MAX_NOTEBOOK_BYTES, parse_notebook, to_json

MAX_KEPT_JOBS = 200
MAX_RECORD_BYTES = 3 * 1024**2
MAX_WAITING_PER_AUTHOR = 3  # a job may take twenty minutes, and there is one server for all
MAX_WAITING_BYTES = 2 * MAX_NOTEBOOK_BYTES  # of all notebooks that wait: they are kept in memory
log = logging.getLogger("sandbox.shelf")


class QueueFullError(Exception):
    """Raised when earlier jobs have to begin first."""


@dataclass
class ShareJob:
    """A notebook that is being shared.

    Attributes:
        job_id: By which its author's server asks for it.
        author: Who shares it.
        name: What it is called on the shelf.
        state: `waiting`, `running`, `done` or `failed`.
        message: How far it is; the reason, when it failed.
        record: What was put on the shelf.
        request: `path`, `content` and `reads`, as its author sent them.
    """

    job_id: str
    author: str
    name: str
    state: str = "waiting"
    message: str = "waiting"
    record: Record | None = None
    request: dict[str, Any] = field(default_factory=dict, repr=False)

    def set_message(self, text: str) -> None:
        """Sets how far it is."""
        self.message = text


class ShareQueue:
    """The jobs of this process.

    Args:
        shelf: Where the notebooks go.
        checkpoints: Where what they have read is pinned.
        rerun_server: Where they are run again.
        image: Of the servers, for the record.
        quota: Of authors on the disk; None: there is no limit.
    """

    def __init__(
        self,
        shelf: Shelf,
        checkpoints: CheckpointStore,
        rerun_server: RerunServer,
        image: str,
        quota: Quota | None = None,
    ) -> None:
        self._shelf, self._checkpoints, self._rerun_server = shelf, checkpoints, rerun_server
        self._image, self._quota = image, quota
        self._lock = asyncio.Lock()
        self._jobs: dict[str, ShareJob] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, author: str, request: dict[str, Any]) -> ShareJob:
        """Adds a job and returns at once.

        Args:
            author: Who shares the notebook.
            request: `path` and `content` of the file, and `reads` of the author's kernel.

        Raises:
            NameRefusedError: It can't be shared under that name.
            QueueFullError: `MAX_WAITING_PER_AUTHOR` of the author's wait already, or all that wait are too large
                together.
        """
        self._refuse_too_many(author)
        content = request["content"].encode()  # a text would take up to four times as much
        if self._waiting_bytes() + len(content) > MAX_WAITING_BYTES:
            raise QueueFullError(
                "the notebooks that wait are too large together. Share again when some of them are done"
            )
        request = {**request, "content": content}
        job = ShareJob(secrets.token_urlsafe(12), author, slug(str(request["path"])), request=request)
        self._forget_old_jobs()
        self._jobs[job.job_id] = job
        task = asyncio.create_task(self._run_in_turn(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def _refuse_too_many(self, author: str) -> None:
        waiting = [job.name for job in self._jobs.values() if (job.author, job.state) == (author, "waiting")]
        if len(waiting) >= MAX_WAITING_PER_AUTHOR:
            raise QueueFullError(
                f"{len(waiting)} notebooks of {author} wait already. Share again when one of them has begun: "
                + ", ".join(waiting)
            )

    def _waiting_bytes(self) -> int:
        return sum(len(job.request.get("content", b"")) for job in self._jobs.values())

    def _forget_old_jobs(self) -> None:
        ended = [job.job_id for job in self._jobs.values() if job.state in {"done", "failed"}]
        for job_id in ended[:-MAX_KEPT_JOBS]:
            del self._jobs[job_id]

    def get(self, author: str, job_id: str) -> ShareJob | None:
        """Returns a job of that author."""
        job = self._jobs.get(job_id)
        return job if job and job.author == author else None

    async def _run_in_turn(self, job: ShareJob) -> None:
        before = [other for other in self._jobs.values() if other.state in {"waiting", "running"} and other is not job]
        if before:
            job.set_message(f"waiting: {len(before)} before it")
        async with self._lock:
            job.state = "running"
            await self._run_job(job)
            job.request = {}

    async def _run_job(self, job: ShareJob) -> None:
        """Ends the job as done or as failed, whatever happens."""
        try:
            await self._share(job)
            job.state = "done"
        except (RerunError, QuotaExceededError) as error:
            job.state, job.message = "failed", str(error)
        except Exception as error:
            log.exception("%s/%s could not be shared", job.author, job.name)
            job.state, job.message = "failed", f"{type(error).__name__}: {error}"

    async def _share(self, job: ShareJob) -> None:
        content: bytes = job.request["content"]
        notebook = parse_notebook(content)
        title, normalised = title_of(notebook, job.name), to_json(notebook)
        del notebook
        job.set_message("looking for room on the disk")
        used = await self._quota.used(job.author) if self._quota else 0
        self._check_quota(job, used, len(content))  # before minutes are spent on it
        result = await self._rerun_server.run(normalised, job.set_message, job.author)
        job.set_message("putting it on the shelf")
        rerun = to_json(result.notebook)
        record = self._record(job, title, content, result)
        record_bytes = len(json.dumps(record.to_dict(), indent=1))
        if record_bytes > MAX_RECORD_BYTES:
            raise RerunError(
                "its record is too large: reads, packages and differences together exceed "
                f"{MAX_RECORD_BYTES // 1024**2} MB"
            )
        self._check_quota(job, used, len(content) + len(rerun) + record_bytes)
        await self._pin(record)
        self._shelf.add(record, content, rerun)
        job.record = record
        job.set_message(f"{record.verdict}: v{record.version}")

    def _check_quota(self, job: ShareJob, used: int, added: int) -> None:
        if self._quota:
            self._quota.check(job.author, used, added)

    async def _pin(self, record: Record) -> None:
        try:
            await asyncio.to_thread(self._checkpoints.pin, record)
        except STORE_ERRORS as error:
            message = f"the S3 store doesn't take its pins: {error}. See ./sandbox doctor"
            raise RerunError(message) from None

    def _record(self, job: ShareJob, title: str, content: bytes, result: RerunResult) -> Record:
        return Record(
            author=job.author,
            name=job.name,
            version=self._shelf.next_version(job.author, job.name),
            title=title,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            path=str(job.request["path"]),
            sha256=sha256_hex(content),
            image=self._image,
            verdict=result.verdict,
            seconds=round(result.seconds, 1),
            reads=result.reads,
            author_reads=list(job.request.get("reads") or []),
            packages=result.packages,
            why=result.why,
            diff=result.diff,
            ignored=result.ignored,
        )
