"""Runs a command in a process of its own, and tells as JSON how long it took and how much memory it needed.

`launch.py [--until TEXT] COMMAND [ARGUMENT…]`: with --until, the time is the one until a line of its stdout begins so.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

EVERY_SECONDS = 0.2
TAIL = 4000


def main() -> None:
    """Launches and tells."""
    arguments = sys.argv[1:]
    until = None
    if arguments[0] == "--until":
        until, arguments = arguments[1], arguments[2:]
    with tempfile.TemporaryFile("w+") as errors:
        print(json.dumps(launched(arguments, until, errors)))


def launched(command: list[str], until: str | None, errors: object) -> dict[str, object]:
    """Returns seconds, exit code, peak of memory in bytes, and the end of what was said."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    peak = Peak(process.pid)
    peak.start()
    out: list[str] = []
    reached = None
    for line in process.stdout or ():
        out.append(line)
        if until and reached is None and line.startswith(until):
            reached = time.monotonic() - started
    code = process.wait()
    ended = time.monotonic() - started
    peak.stop.set()
    peak.join()
    errors.seek(0)
    return {
        "seconds": reached if until and reached else ended,
        "code": code if reached or not until else code or -1,
        "peak": peak.bytes,
        "out": "".join(out)[-TAIL:],
        "err": errors.read()[-TAIL:],
    }


class Peak(threading.Thread):
    """Watches the resident memory of a process and all its descendants."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root, self.bytes, self.stop = root, 0, threading.Event()

    def run(self) -> None:
        """Looks until told to stop."""
        while not self.stop.wait(EVERY_SECONDS):
            self.bytes = max(self.bytes, sum(map(resident, descendants(self.root))))


def descendants(root: int) -> list[int]:
    """Returns the process and everything it has started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            children.setdefault(parent(entry), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def parent(entry: Path) -> int:
    """Returns who started a process; 0 if it has ended meanwhile."""
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def resident(pid: int) -> int:
    """Returns the bytes a process has in memory; 0 if it has ended meanwhile."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


if __name__ == "__main__":
    main()
