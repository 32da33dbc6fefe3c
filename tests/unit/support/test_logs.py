"""Lines of a log that look like an error, each with what belongs to it."""

from __future__ import annotations

import pytest

from tests.support.logs import LogEntry, LoggedOnce, LogWatch, Period, Reader, is_waived, timed

CHAINED = """\
[I 2026-11-29 01:02:03.123 JupyterHub log:192] 200 GET /hub/login
[E 2026-11-29 01:02:04.123 JupyterHub pages:324] Failed to spawn single-user server with query arguments
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


def entries(text: str) -> list[LogEntry]:
    reader = Reader("c0ffee", "hub")
    for number, line in enumerate(text.splitlines()):
        reader.take(float(number), line)
    return reader.entries


def test_a_chained_traceback_is_one_error_with_all_its_lines() -> None:
    (entry,) = entries(CHAINED)

    assert (entry.at, entry.service) == (1.0, "hub")
    assert entry.lines[0].endswith("with query arguments")
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


def inbox(exception: str) -> LogEntry:
    lines = [
        "2026-11-29 01:02:03 ERROR Inbox: Ignoring error",
        exception,
        "\tat org.apache.spark.rpc.InterruptedException",
    ]
    return LogEntry("c0ffee", "spark-worker", 0.0, lines)


def test_an_endpoint_that_ends_may_say_so_and_nothing_else() -> None:
    ended = "java.util.concurrent.RejectedExecutionException: Task rejected from ThreadPoolExecutor[Terminated]"

    assert is_waived(inbox(ended), set())
    assert not is_waived(inbox("java.lang.NullPointerException: null"), set()), "a stack frame is no exception"


def test_a_refused_size_waives_no_other_traceback() -> None:
    refused, other = entries(CHAINED.replace("HTTP 422", "422 StartError(reason=size)") + CHAINED)

    assert is_waived(refused, {"size refused"})
    assert not is_waived(other, {"size refused"})


def test_a_waiver_is_about_the_line_and_not_about_frames_of_its_exception() -> None:
    lines = ["2026-11-29 01:02:03 ERROR Executor: Exception in task", "\tat x.TransportResponseHandler.handle(Unknown)"]

    assert not is_waived(LogEntry("c0ffee", "spark-worker", 0.0, lines), {"spark peers gone"})


def test_what_follows_an_error_is_not_hidden_by_it() -> None:
    _, second = entries(JAVA.splitlines()[0] + '\nException in thread "main" java.lang.OutOfMemoryError\n')

    assert second.lines == ['Exception in thread "main" java.lang.OutOfMemoryError']


def test_what_comes_after_a_check_is_an_entry_of_its_own() -> None:
    reader = Reader("c0ffee", "hub")
    reader.take(1.0, "[E 2026-11-29 01:02:04.123 JupyterHub pages:324] one")
    reader.entries[0].returned = True
    reader.take(2.0, "Traceback (most recent call last):")

    assert [entry.at for entry in reader.entries] == [1.0, 2.0]


def names_at(*moments: float) -> list[set[str]]:
    watch = LogWatch.__new__(LogWatch)
    watch._tests = [Period(10.0, {"store gone"}, 15.0), Period(20.0, {"hub away"})]
    return [watch._names_at(at) for at in moments]


def test_the_time_between_two_tests_has_the_waivers_of_both() -> None:
    assert names_at(12.0, 17.0, 25.0) == [{"store gone"}, {"store gone", "hub away"}, {"hub away"}]


def released(reason: str) -> LogEntry:
    head = "2026-11-29 01:02:03 ERROR ErrorUtils: Spark Connect RPC error during: releaseExecute. UserId: ada."
    return LogEntry("c0ffee", "spark-connect", 0.0, [head, "java.lang.IllegalStateException: ", *reason.splitlines()])


def test_a_query_that_is_interrupted_before_it_began_may_be_released() -> None:
    early = """\
        operationId: 67d8db26 with status ReadyForExecution
        is not within statuses List(Finished, Failed, Canceled) for event Closed"""

    assert is_waived(released(early), set())
    assert not is_waived(released("        no session"), set())


def test_a_query_may_end_while_its_session_is_closed() -> None:
    thread = 'Exception in thread "SparkConnectExecuteThread_opId=67d8db26-0c" java.lang.IllegalStateException: '
    closed = ["        sessionId: ad78ede3 with status Closed", "        is not Started for event Closed"]

    def ended(*lines: str) -> LogEntry:
        return LogEntry("c0ffee", "spark-connect", 0.0, [thread + lines[0], *lines[1:]])

    assert is_waived(ended("Stream onError can't be called after stream completed"), set())
    assert is_waived(ended("", *closed), set())
    assert not is_waived(ended("no such plan"), set())


def test_a_session_may_end_while_an_executor_is_let_go() -> None:
    head = "2026-11-29 01:02:03 ERROR ErrorUtils: Spark Connect RPC error during: releaseSession. UserId: ada."

    def failed(cause: str) -> LogEntry:
        lines = [head, "org.apache.spark.SparkException: Exception thrown in awaitResult: ", f"Caused by: {cause}"]
        return LogEntry("c0ffee", "spark-connect", 0.0, lines)

    assert is_waived(failed("java.io.IOException: Failed to send RPC: StacklessClosedChannelException"), set())
    assert not is_waived(failed("java.lang.NullPointerException"), set())


def uncaught(exception: str, module: str = "tornado/web.py") -> LogEntry:
    lines = [
        "[E 2026-11-29 01:02:04.123 ServerApp] Uncaught exception GET /user/ada/lab/api/settings?179601 (1.2.3.4)",
        "    HTTPServerRequest(protocol='http', method='GET', remote_ip='1.2.3.4')",
        "    Traceback (most recent call last):",
        f'      File "/opt/venv/lib/python3.13/site-packages/{module}", line 2004, in _execute',
        "        result = await result",
        f"    {exception}",
    ]
    return LogEntry("c0ffee", "test-user-ada", 0.0, lines)


def test_a_browser_may_leave_while_its_answer_is_written() -> None:
    assert is_waived(uncaught("tornado.iostream.StreamClosedError: Stream is closed"), set())
    assert not is_waived(uncaught("KeyError: 'name'"), set())


def test_an_error_of_libraries_alone_fails_a_run_when_it_comes_again() -> None:
    watch = LogWatch.__new__(LogWatch)
    watch._passed_over = set()

    with pytest.warns(LoggedOnce, match="test-user-ada: .E 2026-11-29"):
        assert watch._is_passed_over(uncaught("KeyError: 17"))
    assert not watch._is_passed_over(uncaught("KeyError: 18"))
    assert not watch._is_passed_over(uncaught("ValueError: 1", "sandbox_lab/handlers.py")), "it is ours"
    assert not watch._is_passed_over(LogEntry("c0ffee", "hub", 0.0, ["[E] no trace tells whose it is"]))
