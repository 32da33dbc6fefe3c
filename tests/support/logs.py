"""What the containers of a stack log: an error that no waiver covers fails the test in whose time it was logged.

`LogWatch` follows each container, so that a test reads what is new and not what all tests before have caused.

Spark, Jupyter and Tornado lose races while processes end, and log them with a stack trace. One such error, once in a
whole test run and without a line of this project in its trace, is shown at the end and fails nothing; the second does.
"""

from __future__ import annotations

import re
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import docker
import docker.errors
from docker.models.containers import Container

from tests.log_waivers import WAIVERS
from tests.support.engine import COMPOSE_SERVICE, LABELS, Containers, address

BAD = re.compile(
    r"\bERROR\b|\bFATAL\b|\bCRITICAL\b|^\[[EC] \d|Traceback \(most recent call last\)|Exception in thread|panic:"
)
# How a line of a log begins; one that begins otherwise belongs to the line before: a traceback, a Java exception.
BEGIN = re.compile(
    r"\d\d/\d\d/\d\d |\d{4}[-/]\d\d[-/]\d\d|\[[A-Z] \d|\[\w+\] |\{|(INFO|WARN|ERROR|DEBUG)\b"
    r"|Exception in thread|panic:|FATAL|CRITICAL"
)
# A line of a stack trace, and one of this project's own code.
FRAME = re.compile(r"\s+(at \S+\(|File \")")
OWN = re.compile(r"spark_etl|sandbox_(hub|lab|cli)|docker_api|bounded_http|jupyter(hub|_server)_config|\bfeatures/")
LONGEST = 400
SETTLED_SECONDS = 0.3
PATIENCE_SECONDS = 10.0
AGAIN_SECONDS = 0.5
ONE_MICROSECOND = 1e-6


@dataclass
class LogEntry:
    """A line that looks like an error, with the lines that belong to it.

    Attributes:
        at: When it was logged, in seconds since the epoch.
        seen: When its last line came in, by `time.monotonic()`.
        returned: Whether a check has had it.
    """

    container: str
    service: str
    at: float
    lines: list[str]
    seen: float = field(default_factory=time.monotonic)
    returned: bool = False

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)

    @property
    def kind(self) -> str:
        """What it has in common with the same error at another time: the text without numbers and addresses."""
        return re.sub(r"\d+|0x[0-9a-f]+", "0", " ".join(line for line in self.lines[1:] if not FRAME.match(line)))

    @property
    def is_of_libraries(self) -> bool:
        """Whether it has a stack trace, and none of it is this project's code."""
        return any(FRAME.match(line) for line in self.lines) and not OWN.search(self.text)


class LoggedOnce(UserWarning):
    """An error of a library that fails a test run only if it is logged again."""


class Reader:
    """Makes entries of the lines of one container."""

    def __init__(self, container: str, service: str) -> None:
        self.entries: list[LogEntry] = []
        self._container, self._service = container, service
        self._open: LogEntry | None = None

    def take(self, at: float, line: str) -> None:
        """Takes a line."""
        if self._open and (self._open.returned or len(self._open.lines) >= LONGEST):
            self._open = None
        if self._open and not line:
            return  # between the parts of a chained traceback
        if self._open and not BEGIN.match(line):
            self._open.lines.append(line)
            self._open.seen = time.monotonic()
        elif BAD.search(line):
            self._open = LogEntry(self._container, self._service, at, [line])
            self.entries.append(self._open)
        else:
            self._open = None


@dataclass
class Period:
    """The time of a test, in seconds since the epoch, and the waivers it asks for."""

    begin: float
    names: set[str]
    end: float = float("inf")


class LogWatch:
    """Follows every container of a stack, those that are still to come as well.

    Args:
        stack: Its name.
    """

    def __init__(self, stack: str) -> None:
        self._stack = stack
        # Without a time-out: a log may have nothing to say for long.
        self._client = docker.DockerClient(base_url=address(), timeout=None)
        self._readers: dict[str, Reader] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._tests = [Period(0.0, set())]
        self._passed_over: set[str] = set()

    def start(self) -> None:
        """Begins to follow; what was logged before is not looked at."""
        began = now().timestamp()
        self._run("events", lambda: self._watch_creations(began))
        for container in Containers(self._stack).all():
            self._follow(str(container.id), service_of(container), began)

    def begin_test(self, names: set[str]) -> None:
        """Says that a test begins, with its waivers."""
        self._tests.append(Period(now().timestamp(), names))

    def unwaived(self) -> list[str]:
        """Returns the errors logged since the last call that no waiver covers, each with all its lines.

        What was logged between two tests, while fixtures were set up and torn down, is covered by the waivers of both.
        """
        self._tests[-1].end = now().timestamp()
        new = self._settled()
        there = Containers(self._stack).ids()
        self._check_threads(there)
        return [
            f"{entry.service}: {entry.text}"
            for entry in new
            if entry.container in there
            and not is_waived(entry, self._names_at(entry.at))
            and not self._is_passed_over(entry)
        ]

    def _is_passed_over(self, entry: LogEntry) -> bool:
        """Returns whether it is the first error of its kind that only libraries had a part in, and says so then."""
        if not entry.is_of_libraries or entry.kind in self._passed_over:
            return False
        self._passed_over.add(entry.kind)
        warnings.warn(f"logged once, by libraries alone: {entry.service}: {entry.text}", LoggedOnce, stacklevel=2)
        return True

    def _names_at(self, at: float) -> set[str]:
        """Returns the waivers of the test that ran then; between two tests those of both."""
        count = sum(test.begin <= at for test in self._tests)
        before, after = self._tests[count - 1], self._tests[count : count + 1]
        return before.names if at <= before.end else before.names.union(*(test.names for test in after))

    def _check_threads(self, there: set[str]) -> None:
        """Fails if a log is not followed any more: without that every test would pass."""
        dead = {key for key, thread in self._threads.items() if not thread.is_alive()} & (there | {"events"})
        assert not dead, f"not followed any more: {sorted(dead)}"

    def _settled(self) -> list[LogEntry]:
        """Returns the entries that were not returned before, once their last lines have come."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            new = [entry for reader in list(self._readers.values()) for entry in list(reader.entries)]
            new = [entry for entry in new if not entry.returned]
            settled = all(time.monotonic() - entry.seen > SETTLED_SECONDS for entry in new)
            if settled or time.monotonic() > deadline:
                for entry in new:
                    entry.returned = True
                return sorted(new, key=lambda entry: entry.at)
            time.sleep(SETTLED_SECONDS / 3)

    def _watch_creations(self, since: float) -> None:
        filters = {"type": "container", "event": "create"}
        for event in self._client.events(since=int(since), filters=filters, decode=True):
            labels: dict[str, str] = event["Actor"]["Attributes"]
            if self._stack in {labels.get(label) for label in LABELS}:
                service = labels.get(COMPOSE_SERVICE) or labels.get("name", "")
                self._follow(event["Actor"]["ID"], service, float(event["time"]))

    def _follow(self, container: str, service: str, since: float) -> None:
        if container not in self._readers:
            reader = self._readers[container] = Reader(container, service)
            self._run(container, lambda: self._read(container, reader, since))

    def _run(self, key: str, work: Callable[[], None]) -> None:
        self._threads[key] = threading.Thread(target=work, name=f"logs of {key}", daemon=True)
        self._threads[key].start()

    def _read(self, container: str, reader: Reader, since: float) -> None:
        """Reads until the container is gone; its log ends when it is stopped, and goes on when it is started again."""
        last = since
        while True:
            try:
                found = self._client.containers.get(container)
                for at, line in timed(found.logs(stream=True, follow=True, timestamps=True, since=last)):
                    reader.take(at, line)
                    last = at + ONE_MICROSECOND
            except docker.errors.NotFound:
                return
            except Exception:  # noqa: BLE001, S110 - a stream that broke, by whatever library: it is read on
                pass
            time.sleep(AGAIN_SECONDS)


def timed(chunks: Iterable[bytes]) -> Iterator[tuple[float, str]]:
    """Yields the lines of a log that was asked for with timestamps, each with its time."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            stamp, _, text = line.decode(errors="replace").partition(" ")
            with suppress(ValueError):
                yield datetime.fromisoformat(stamp).timestamp(), text.rstrip("\r")


def since(containers: Containers, start: datetime, *, until: datetime) -> list[LogEntry]:
    """Returns what looks like an error between two moments, in the log of every container."""
    entries: list[LogEntry] = []
    for container in containers.all():
        reader = Reader(str(container.id), service_of(container))
        with suppress(docker.errors.APIError):
            logged = container.logs(timestamps=True, since=start.timestamp(), until=until.timestamp())
            for at, line in timed([logged]):
                reader.take(at, line)
        entries += reader.entries
    return entries


def service_of(container: Container) -> str:
    """Returns the compose service of a container, or its own name."""
    return container.labels.get(COMPOSE_SERVICE) or str(container.name)


def waivers_of(item: Any) -> set[str]:
    """Returns the names of the waivers that a test asks for.

    Raises:
        AssertionError: There is no such waiver.
    """
    names = {name for marker in item.iter_markers("waive") for name in marker.args}
    unknown = names - WAIVERS.keys()
    assert not unknown, f"{item.nodeid}: unknown waivers {sorted(unknown)}; known: {sorted(WAIVERS)}"
    return names


def is_waived(entry: LogEntry, names: set[str]) -> bool:
    """Returns whether a waiver covers an error: one that holds always, or one of these names."""
    active = [waiver for name, waiver in WAIVERS.items() if waiver.always or name in names]
    return any(waiver.covers(entry.service, entry.lines) for waiver in active)


def now() -> datetime:
    """Returns the present time."""
    return datetime.now(tz=UTC)
