"""What the containers of a stack log: an error that no waiver covers fails the test that caused it.

`LogWatch` follows each container once, so that a test costs no scan of logs that grow with every test.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import docker
import docker.errors
import requests
from docker.models.containers import Container

from tests.log_waivers import WAIVERS
from tests.support.engine import COMPOSE_SERVICE, LABELS, Containers, address

BAD = re.compile(
    r"\bERROR\b|\bFATAL\b|\bCRITICAL\b|^\[[EC] \d|Traceback \(most recent call last\)|Exception in thread|panic:"
)
# How a line of a log begins; one that begins otherwise belongs to the line before: a traceback, a Java exception.
BEGIN = re.compile(r"\d\d/\d\d/\d\d |\d{4}[-/]\d\d[-/]\d\d|\[[A-Z] \d|\[\w+\] |\{|(INFO|WARN|ERROR|DEBUG)\b")
LONGEST = 400
SETTLED_SECONDS = 0.3
AGAIN_SECONDS = 0.5
ONE_MICROSECOND = 1e-6


@dataclass
class Entry:
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


class Reader:
    """Makes entries of the lines of one container."""

    def __init__(self, container: str, service: str) -> None:
        self.entries: list[Entry] = []
        self._container, self._service = container, service
        self._open: Entry | None = None

    def take(self, at: float, line: str) -> None:
        """Takes a line."""
        if self._open and line and not BEGIN.match(line) and len(self._open.lines) < LONGEST:
            self._open.lines.append(line)
            self._open.seen = time.monotonic()
        elif self._open and not line:
            return  # between the parts of a chained traceback
        elif BAD.search(line):
            self._open = Entry(self._container, self._service, at, [line])
            self.entries.append(self._open)
        else:
            self._open = None


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
        self._checked = now().timestamp()
        self._names_before: set[str] = set()

    def start(self) -> None:
        """Begins to follow; what was logged before is not looked at."""
        began = now()
        wanted = {"type": "container", "event": "create"}
        events = self._client.events(since=int(began.timestamp()), filters=wanted, decode=True)
        threading.Thread(target=self._greet, args=(events,), daemon=True).start()
        for container in Containers(self._stack).all():
            self._follow(str(container.id), service_of(container), began.timestamp())

    def unwaived(self, names: set[str]) -> list[str]:
        """Returns the errors logged since the last call that no waiver covers, each with all its lines.

        Args:
            names: The waivers of the test that ends now. A line of the time before the last call, which came in late,
                is judged by those of the test before.
        """
        new = self._settled()
        there = {str(container.id) for container in Containers(self._stack).all()} if new else set()
        bad = []
        for entry in new:
            late = entry.at < self._checked
            if entry.container in there and not is_waived(entry, self._names_before if late else names):
                bad.append(f"{entry.service}{' (during the test before)' if late else ''}: {entry.text}")
        self._checked, self._names_before = now().timestamp(), names
        return bad

    def _settled(self) -> list[Entry]:
        """Returns the entries that were not returned before, once their last lines have come."""
        while True:
            readers = list(self._readers.values())
            new = [entry for reader in readers for entry in list(reader.entries) if not entry.returned]
            if all(time.monotonic() - entry.seen > SETTLED_SECONDS for entry in new):
                for entry in new:
                    entry.returned = True
                return sorted(new, key=lambda entry: entry.at)
            time.sleep(SETTLED_SECONDS / 3)

    def _greet(self, events: Iterable[dict[str, object]]) -> None:
        with suppress(requests.RequestException, docker.errors.APIError):
            for event in events:
                actor: dict[str, object] = event.get("Actor", {})  # type: ignore[assignment]
                labels: dict[str, str] = actor.get("Attributes", {})  # type: ignore[assignment]
                if self._stack in {labels.get(label) for label in LABELS}:
                    service = labels.get(COMPOSE_SERVICE) or labels.get("name", "")
                    self._follow(str(actor["ID"]), service, float(str(event["time"])))

    def _follow(self, container: str, service: str, since: float) -> None:
        if container not in self._readers:
            reader = self._readers[container] = Reader(container, service)
            threading.Thread(target=self._read, args=(container, reader, since), daemon=True).start()

    def _read(self, container: str, reader: Reader, since: float) -> None:
        """Reads until the container is gone; its log ends when it is stopped, and goes on when it is started again."""
        last = since
        with suppress(docker.errors.APIError, requests.RequestException):
            while True:
                found = self._client.containers.get(container)
                for at, line in timed(found.logs(stream=True, follow=True, timestamps=True, since=last)):
                    reader.take(at, line)
                    last = at + ONE_MICROSECOND
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


def since(containers: Containers, start: datetime, *, until: datetime) -> list[Entry]:
    """Returns what looks like an error between two moments, in the log of every container."""
    entries: list[Entry] = []
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


def is_waived(entry: Entry, names: set[str]) -> bool:
    """Tells whether a waiver covers an error: one that holds always, or one that the test asks for by name."""
    unknown = names - WAIVERS.keys()
    assert not unknown, f"unknown waivers {sorted(unknown)}; known: {sorted(WAIVERS)}"
    active = [waiver for name, waiver in WAIVERS.items() if waiver.always or name in names]
    return any(waiver.covers(entry.service, entry.text) for waiver in active)


def now() -> datetime:
    """Returns the present time."""
    return datetime.now(tz=UTC)
