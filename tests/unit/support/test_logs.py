"""Lines of a log that look like an error, each with what belongs to it."""

from __future__ import annotations

import pytest

from tests.support.logs import Entry, Reader, is_waived, timed

CHAINED = """\
[I 2026-11-29 01:02:03.123 JupyterHub log:192] 200 GET /hub/login
[E 2026-11-29 01:02:04.123 JupyterHub pages:324] Failed to spawn
Traceback (most recent call last):
  File "spawner.py", line 1, in start
ValueError: no such size

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "pages.py", line 9, in get
tornado.web.HTTPError: HTTP 422: There is no size 'huge'
[I 2026-11-29 01:02:05.123 JupyterHub log:192] 200 GET /hub/home
"""
JAVA = """\
2026-11-29 01:02:03 ERROR Inbox: Ignoring error
java.util.concurrent.RejectedExecutionException: shut down
\tat java.base/java.util.concurrent.ThreadPoolExecutor.reject(Unknown Source)
2026-11-29 01:02:03 ERROR Worker: RECEIVED SIGNAL TERM
"""


def entries(text: str) -> list[Entry]:
    reader = Reader("c0ffee", "hub")
    for number, line in enumerate(text.splitlines()):
        reader.take(float(number), line)
    return reader.entries


def test_a_chained_traceback_is_one_error_with_all_its_lines() -> None:
    (entry,) = entries(CHAINED)

    assert (entry.at, entry.service) == (1.0, "hub")
    assert entry.lines[0].endswith("Failed to spawn")
    assert entry.lines[-1] == "tornado.web.HTTPError: HTTP 422: There is no size 'huge'"


def test_a_java_exception_belongs_to_the_line_before_it() -> None:
    first, second = entries(JAVA)

    assert "RejectedExecutionException" in first.text
    assert second.lines == ["2026-11-29 01:02:03 ERROR Worker: RECEIVED SIGNAL TERM"]


def test_what_is_no_error_is_none() -> None:
    assert entries("[I 2026-11-29 01:02:03.123 JupyterHub log:192] 200 GET /hub/login\n  ERRORS is a name\n") == []


def test_lines_come_with_their_times_however_they_are_cut() -> None:
    chunks = [b"2026-11-29T01:02:03.5Z one\n2026-11-", b"29T01:02:04Z tw", b"o \xff\n"]

    assert [(at % 60, line) for at, line in timed(chunks)] == [(3.5, "one"), (4.0, "two \ufffd")]


def test_a_waiver_that_there_is_not_is_named_with_those_there_are() -> None:
    with pytest.raises(AssertionError, match=r"unknown waivers \['nosuch'\]; known: \['asked to stop'"):
        is_waived(Entry("c0ffee", "hub", 0.0, ["[E 1] x"]), {"nosuch"})


def inbox(exception: str) -> Entry:
    lines = ["2026-11-29 01:02:03 ERROR Inbox: Ignoring error", exception, "\tat org.apache.spark.rpc.netty.Inbox"]
    return Entry("c0ffee", "spark-worker", 0.0, lines)


def test_an_executor_that_ends_may_say_so_and_nothing_else() -> None:
    ended = "java.util.concurrent.RejectedExecutionException: Task rejected from ThreadPoolExecutor[Terminated]"

    assert is_waived(inbox(ended), set())
    assert not is_waived(inbox("java.lang.NullPointerException: null"), set())


def test_a_refused_size_waives_no_other_traceback() -> None:
    refused, other = entries(CHAINED.replace("HTTP 422", "422 NotStarted(reason=size)") + CHAINED)

    assert is_waived(refused, {"size refused"})
    assert not is_waived(other, {"size refused"})
