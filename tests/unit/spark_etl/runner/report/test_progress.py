from __future__ import annotations

import io
import json
import logging
import re
import time
import warnings
from typing import Any

import pytest
from spark_etl.errors import FeatureError
from spark_etl.runner.backend import Counts
from spark_etl.runner.options import requested_log_format
from spark_etl.runner.report.progress import Progress, log_as_events


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def as_json() -> tuple[Progress, io.StringIO]:
    stream = io.StringIO()
    progress = Progress(("orders", "net"), stream, log_format="json")
    progress.add_fields(run_id="20240229T101112Z-abc123")
    return progress, stream


def events(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_people_read_a_line_for_each_feature() -> None:
    stream = io.StringIO()
    progress = Progress(("orders", "net"), stream)
    with progress.activity("orders", "orders"):
        progress.checkpoint("orders", 1.25, rows=1200, size=4096, stages=2, tasks=9)
    progress.built("net", 0.01)
    first, second = stream.getvalue().splitlines()
    assert first.split() == [
        "[1/2]",
        "orders",
        "checkpoint",
        "1,200",
        "rows",
        "4.1",
        "kB",
        "1.2s",
        "2",
        "stages,",
        "9",
        "tasks",
    ]
    assert second.split(maxsplit=2) == ["[2/2]", "net", "planned, computed with what reads it"]


def test_features_are_counted_as_they_end() -> None:
    stream = io.StringIO()
    progress = Progress(("orders", "net", "late"), stream)
    for alias in ("late", "orders", "net"):
        progress.built(alias, 0.0)
    assert [line.split()[:2] for line in stream.getvalue().splitlines()] == [
        ["[1/3]", "late"],
        ["[2/3]", "orders"],
        ["[3/3]", "net"],
    ]


def test_on_a_terminal_lines_hold_its_width_and_errors_are_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_ETL_TERMINAL_COLUMNS", "80")  # of a driver, whose stderr is a pipe
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = io.StringIO()
    progress = Progress(("a_feature_with_a_long_name",), stream)
    progress.checkpoint("a_feature_with_a_long_name", 75.0, rows=1234567, size=4096, stages=12, tasks=90)
    progress.error(FeatureError("net", "a row of many words " * 9, hint="sandbox runs show " + "x" * 80))
    progress.line("\x1b]52;c;aGk=\x07")
    shown = stream.getvalue()
    assert "\x1b[1;31merror:\x1b[0m feature `net`" in shown
    assert "\x1b]52" not in shown
    plain = re.sub(r"\r|\x1b\[\d*(;\d+)?[mK]", "", shown)
    assert max(len(line) for line in plain.splitlines() if "next:" not in line) <= 80
    assert f"  next: sandbox runs show {'x' * 80}\n" in plain, "a command can be copied"
    assert "1,234,567 rows" in plain


def test_on_a_terminal_a_wait_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_ETL_TERMINAL_COLUMNS", "80")
    stream = io.StringIO()
    progress = Progress((), stream)
    with progress.waiting("starting Spark"):
        while "starting Spark" not in stream.getvalue():
            time.sleep(0.01)
    progress.line("started")
    assert stream.getvalue().endswith("\r\x1b[Kstarted\n")


def test_without_a_terminal_a_wait_is_silent() -> None:
    stream = io.StringIO()
    with Progress((), stream).waiting("starting Spark"):
        pass
    assert not stream.getvalue()


def test_paths_of_a_mounted_project_are_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_ETL_PROJECT", "/home/ada/shop")
    stream = io.StringIO()
    Progress((), stream).line('File "/project/features/net.py", and not /projects/a or s3a://b/project/c')
    assert stream.getvalue() == 'File "/home/ada/shop/features/net.py", and not /projects/a or s3a://b/project/c\n'


def test_machines_read_the_same_as_objects() -> None:
    progress, stream = as_json()
    with progress.activity("orders", "orders"):
        progress.checkpoint("orders", 1.25, rows=1200, size=4096, stages=2, tasks=9)
    written = events(stream)
    assert [event["event"] for event in written] == ["feature_started", "checkpoint_written", "feature_ended"]
    assert {event["run_id"] for event in written} == {"20240229T101112Z-abc123"}
    checkpoint = {name: written[1][name] for name in ("feature", "rows", "bytes", "seconds")}
    assert checkpoint == {"feature": "orders", "rows": 1200, "bytes": 4096, "seconds": 1.25}
    assert written[1]["level"] == "info"


def test_an_error_names_feature_frames_and_the_next_step() -> None:
    progress, stream = as_json()
    progress.error(FeatureError("net", "KeyError: 'CHF'", frames="line 3", hint="add it"))
    (event,) = events(stream)
    assert (event["level"], event["feature"], event["frames"], event["hint"]) == ("error", "net", "line 3", "add it")


def test_what_libraries_log_and_warn_of_is_an_event_too() -> None:
    progress, stream = as_json()
    with log_as_events(progress):
        logging.getLogger("pandas").warning("three\nlines\nof it")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    written = events(stream)
    assert [event["level"] for event in written] == ["warning", "warning"]
    assert (written[0]["logger"], written[0]["message"]) == ("pandas", "three\nlines\nof it")
    assert "old" in written[1]["message"]


def test_what_goes_on_is_one_line_on_a_terminal_that_the_next_event_replaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    progress = Progress(("orders",), stream)
    with progress.activity("orders", "orders"):
        progress.show_live({"orders": Counts(2, 9, 3, 1)})
        progress.still_running({"orders": Counts(2, 9, 4, 0)})
        progress.line("kept")
    shown = stream.getvalue().split("\r\x1b[K")
    assert shown[1][2:].startswith("orders … stage 2, 3/9 tasks, 1 failed")
    assert shown[2][2:].startswith("orders … stage 2, 4/9 tasks, ")
    assert shown[3] == "kept\n"


def test_without_a_terminal_there_are_lines_only_and_only_now_and_then() -> None:
    stream = io.StringIO()
    progress = Progress(("orders",), stream)
    with progress.activity("[1/1] orders", "orders"):
        progress.show_live({"orders": Counts(2, 9, 3, 0)})
        progress.still_running({"orders": Counts(2, 9, 4, 0)})
    assert [line.split(",")[1] for line in stream.getvalue().splitlines()] == [" 4/9 tasks"]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [([], "text"), (["--log-format", "json"], "json"), (["--x", "--log-format=json"], "json"), (["json"], "text")],
)
def test_a_wrong_command_line_is_reported_in_the_format_it_asks_for(argv: list[str], expected: str) -> None:
    assert requested_log_format(argv) == expected
