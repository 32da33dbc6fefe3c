"""Ends a notebook's Spark Connect session when its kernel has ended, however that came about.

A kernel that was killed, by its user or for want of memory, can't end its session: the server would go on with its
query for minutes. So a small process beside the kernel holds the other end of a pipe, and acts when the kernel's end is
closed. It has a process group of its own: what kills a kernel kills the kernel's group.
"""

from __future__ import annotations

import json
import subprocess
import sys

COMMAND = [sys.executable, "-P", "-m", "spark_etl.sessions.session_reaper"]

_reapers: list[subprocess.Popen[str]] = []  # each lives as long as this process: their pipes must stay open


def start_reaper(url: str, token: str | None, session_id: str) -> None:
    """Makes the end of this process end a session."""
    process = subprocess.Popen(
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    print(json.dumps([url, token, session_id]), file=process.stdin, flush=True)  # the token is in no process list
    _reapers.append(process)


def main() -> None:
    """Waits for the end of the process that has started this one, and ends its session."""
    url, token, session_id = json.loads(sys.stdin.readline())
    sys.stdin.read()
    from spark_etl.sessions.connect import release_session  # not before: it takes no memory while it waits

    release_session(url, token, session_id)


if __name__ == "__main__":
    main()
