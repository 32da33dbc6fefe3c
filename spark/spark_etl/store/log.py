"""`run.log`: what a run said, its beginning and its end, however much it said in between."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime

MOST_LOG = 1 << 20
MOST_HEAD = 256 << 10
MOST_LINE = 16 << 10


class RunLog:
    """Collects lines from any thread, each with its time; of more than 1 MB the middle is left out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._head: list[bytes] = []
        self._tail: deque[bytes] = deque()
        self._head_bytes = self._tail_bytes = self._left_out = 0
        self._changed = False

    def add(self, text: str) -> None:
        """Takes in some lines."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        content = f"{moment} {text}\n".encode(errors="replace")
        if len(content) > MOST_LINE:
            content = content[:MOST_LINE] + b" \xe2\x80\xa6\n"
        with self._lock:
            self._changed = True
            if not self._tail and self._head_bytes + len(content) <= MOST_HEAD:
                self._head.append(content)
                self._head_bytes += len(content)
                return
            self._tail.append(content)
            self._tail_bytes += len(content)
            while self._tail_bytes > MOST_LOG - MOST_HEAD:
                self._tail_bytes -= len(self._tail.popleft())
                self._left_out += 1

    def take_changed(self) -> bytes | None:
        """Returns all of it if something was added since it was taken last, else None."""
        with self._lock:
            if not self._changed:
                return None
            self._changed = False
            left_out = [f"… {self._left_out:,} entries left out …\n".encode()] if self._left_out else []
            return b"".join([*self._head, *left_out, *self._tail])
