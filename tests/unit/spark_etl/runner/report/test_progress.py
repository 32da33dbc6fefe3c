from __future__ import annotations

import io
import json
import logging
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
        "2",
        "stages,",
        "9",
        "tasks",
        "1.2s",
    ]
    assert second.split()[:3] == ["[2/2]", "net", "built"]


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
    with progress.activity("[1/1] orders", "orders"):
        progress.show_live({"orders": Counts(2, 9, 3, 1)})
        progress.still_running({"orders": Counts(2, 9, 4, 0)})
        progress.line("kept")
    shown = stream.getvalue().split("\r\x1b[K")
    assert shown[1].startswith("[1/1] orders … stage 2, 3/9 tasks, 1 failed")
    assert shown[2].startswith("[1/1] orders … stage 2, 4/9 tasks, ")
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
