"""How far the builds are: read from BuildKit's plain output, shown as one live line or as a few plain ones."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spark_etl.units import format_duration

if TYPE_CHECKING:
    from sandbox_cli.console import Stage

HEARTBEAT_SECONDS = 30
_STEP = re.compile(r"^#\d+ \[(?:(?P<target>[^\]\s]+) +)?(?P<number>\d+)/(?P<total>\d+)\] RUN (?P<what>.*)$")
_MOUNT = re.compile(r"--mount=\S+\s*")
_SETTINGS = re.compile(r"if \[ -s \S+ \]; then .*?; fi;\s*|rm -f \S+/docker-clean && |export DEBIAN_FRONTEND=\S+ && ")
_WIDTH = 60


def step(line: str) -> tuple[str, str] | None:
    """Returns (`builder 3/4`, `go build …`) for the line in which BuildKit begins to run that command, else None."""
    match = _STEP.match(line.strip())
    if match is None:
        return None
    what = _SETTINGS.sub("", _MOUNT.sub("", " ".join(match["what"].split())))
    where = " ".join(filter(None, [match["target"], f"{match['number']}/{match['total']}"]))
    return where, f"{what[:_WIDTH]}…" if len(what) > _WIDTH else what


@dataclass
class _Build:
    began: float
    where: str = ""
    announced: dict[str, tuple[str, str]] = field(default_factory=dict)  # steps that may yet prove to be cached


@dataclass
class BuildProgress:
    """What is being built now; several threads may call it."""

    stage: Stage
    builds: dict[str, _Build] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last_shown: float = field(default_factory=time.monotonic)

    def begin(self, name: str) -> None:
        """Shows that an image begins to be built."""
        with self._lock:
            self.builds[name] = _Build(time.monotonic())
        self._show(f"{name} begins")

    def read(self, name: str, line: str) -> None:
        """Takes a line of that image's build log; a step is shown once it prints anything but that it is cached."""
        number, _, rest = line.partition(" ")
        with self._lock:
            build = self.builds.get(name)
            if build is None:
                return
            if at := step(line):
                build.announced[number] = at
                return
            at = build.announced.pop(number, None)
        if at and not rest.startswith("CACHED"):
            self._show_step(name, at)

    def _show_step(self, name: str, at: tuple[str, str]) -> None:
        self.builds[name].where = at[0]
        self._show(f"{name} {' '.join(at)}")

    def end(self, name: str, result: str) -> None:
        """Shows that an image is ready; the line with its result stays."""
        with self._lock:
            began = self.builds.pop(name).began
            self._last_shown = time.monotonic()
        self.stage.line(f"{name:<10} {format_duration(time.monotonic() - began):>6}  {result}")

    def tick(self) -> None:
        """Shows the steps that have printed nothing so far, and the seconds: on plain lines only now and then."""
        with self._lock:
            silent = [(name, at) for name, build in self.builds.items() for at in build.announced.values()]
            for build in self.builds.values():
                build.announced.clear()
        for name, at in silent:
            self._show_step(name, at)
        if self.stage.live or time.monotonic() - self._last_shown > HEARTBEAT_SECONDS:
            self._show(self._all())

    def _show(self, plain: str) -> None:
        self._last_shown = time.monotonic()
        self.stage.update(self._all() if self.stage.live else plain)

    def _all(self) -> str:
        with self._lock:
            now = time.monotonic()
            shown = [(name, build.where, format_duration(now - build.began)) for name, build in self.builds.items()]
        return " · ".join(" ".join(filter(None, parts)) for parts in shown)
