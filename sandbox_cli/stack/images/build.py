"""Builds images, several at once: contexts from pipes, logs in files, a failure with the end of its log."""

from __future__ import annotations

import collections
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from spark_etl.tasks import Task, run_tasks

from sandbox_cli.errors import StackError
from sandbox_cli.stack.images import certificates
from sandbox_cli.stack.images import context as build_context

if TYPE_CHECKING:
    from sandbox_cli.stack.images.context import Recipe
    from sandbox_cli.stack.images.progress import BuildProgress

SILENT_SECONDS = 1200
TAIL_LINES = 15
_STOP_SECONDS = 15
_TICK_SECONDS = 1.0


@dataclass(frozen=True)
class Job:
    """One image to build.

    Attributes:
        recipe: What it is made of.
        ref: The tag it gets.
        base: The image it is built on.
        root: The checkout.
        log: Where everything that BuildKit prints goes.
    """

    recipe: Recipe
    ref: str
    base: str
    root: Path
    log: Path


@dataclass(frozen=True)
class Network:
    """What all builds need to get through this machine's network; written by `prepare`."""

    secrets: Mapping[str, Path]
    arguments: Sequence[str]

    @classmethod
    def prepare(cls, folder: Path) -> Network:
        """Writes the secrets into a private folder, which the caller removes after the builds."""
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        secrets = {"ca": _write(folder / "ca", certificates.bundle())}
        proxies = certificates.proxies()
        if certificates.has_credentials(proxies):
            return cls({**secrets, "proxy": _write(folder / "proxy", certificates.exports(proxies))}, [])
        return cls(secrets, list(proxies))


def _write(path: Path, text: str) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    return path


def command(job: Job, network: Network) -> list[str]:
    """Returns the command line. `--build-arg NAME` without a value takes it from the environment."""
    argv = ["docker", "build", "--progress=plain", "--file", job.recipe.dockerfile, "--tag", job.ref]
    argv += ["--build-arg", f"BASE={job.base}", "--label", f"sandbox.image={job.recipe.name}"]
    for name in network.arguments:
        argv += ["--build-arg", name]
    for name, path in network.secrets.items():
        argv += ["--secret", f"id={name},src={path}"]
    return [*argv, "-"]


def environment(engine_environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment in which `docker build` is BuildKit, and that of the engine itself.

    A builder of the user's own could be a container that doesn't see our base image.
    """
    buildkit = {"DOCKER_BUILDKIT": "1", "BUILDX_BUILDER": "default", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    return {**engine_environment, **buildkit, "BUILDKIT_COLORS": "", "NO_COLOR": "1"}


@dataclass
class Builds:
    """Runs jobs, several at once, and can stop them all."""

    environment: Mapping[str, str]
    network: Network
    progress: BuildProgress
    _running: dict[subprocess.Popen[str], float] = field(default_factory=dict)  # with the time of its last output
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False

    def run(self, job: Job) -> None:
        """Builds one image.

        Raises:
            StackError: The build failed, or printed nothing for 20 minutes; with exit code and the tail of its log.
        """
        self.progress.begin(job.recipe.name)
        job.log.parent.mkdir(parents=True, exist_ok=True)
        tail: collections.deque[str] = collections.deque(maxlen=TAIL_LINES)
        with tempfile.TemporaryFile() as context, job.log.open("w", encoding="utf-8") as log:
            build_context.write_tar(job.recipe.files(job.root), context)
            context.seek(0)
            process = self._launch(command(job, self.network), context.fileno())
            for line in process.stdout or []:
                self._running[process] = time.monotonic()
                log.write(line)
                tail.extend([line.rstrip()] if line.strip() else [])
                self.progress.read(job.recipe.name, line)
            code = process.wait()
            with self._lock:
                silent = time.monotonic() - self._running.pop(process) > SILENT_SECONDS
        if code != 0 and not self._stopped:
            raise _failure(job, code, list(tail), silent=silent)

    def stop(self) -> None:
        """Ends all builds; BuildKit keeps the steps that were done."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            _signal(process, signal.SIGTERM)
        for process in running:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)

    def stop_silent(self) -> None:
        """Ends builds that have printed nothing for 20 minutes: a download that hangs."""
        with self._lock:
            silent = [process for process, last in self._running.items() if time.monotonic() - last > SILENT_SECONDS]
        for process in silent:
            _signal(process, signal.SIGTERM)

    def _launch(self, argv: list[str], context: int) -> subprocess.Popen[str]:
        """Starts it in a session of its own: Ctrl-C reaches this process only, which stops the builds in order."""
        with self._lock:
            if self._stopped:
                raise StackError("The build was stopped.")
            process = subprocess.Popen(
                argv,
                stdin=context,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=dict(self.environment),
                start_new_session=True,
            )
            self._running[process] = time.monotonic()
            return process


def _signal(process: subprocess.Popen[str], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _failure(job: Job, code: int, tail: list[str], *, silent: bool) -> StackError:
    minutes = SILENT_SECONDS // 60
    what = f"printed nothing for {minutes} minutes and was stopped" if silent else f"failed with exit code {code}"
    lines = "\n  ".join(tail)
    return StackError(f"Building the image `{job.recipe.name}` {what}:\n  {lines}", hint=f"the whole log: {job.log}")


def build_all(builds: Builds, jobs: dict[str, Job], on_built: Callable[[str, float], None]) -> None:
    """Runs the jobs, several at once, each after the one that its image is built on.

    Args:
        on_built: Called with name and seconds of each that is done, in a thread of its own.
    """

    def work(name: str) -> None:
        started = time.monotonic()
        builds.run(jobs[name])
        on_built(name, time.monotonic() - started)

    tasks = [Task(name, tuple({job.recipe.parent} & set(jobs)), partial(work, name)) for name, job in jobs.items()]
    with _watching(builds):
        run_tasks(tasks, parallel=_parallel_builds(), cancel=builds.stop)


@contextmanager
def _watching(builds: Builds) -> Iterator[None]:
    """Shows the seconds while the block runs, and stops builds that hang."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_TICK_SECONDS):
            builds.progress.tick()
            builds.stop_silent()

    thread = threading.Thread(target=watch, name="build-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _parallel_builds() -> int:
    return max(2, min(4, os.cpu_count() or 2))
