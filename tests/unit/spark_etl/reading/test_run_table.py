from __future__ import annotations

from typing import Any

from spark_etl.reading.phases import phases, phases_text
from spark_etl.reading.run_table import feature_rows, notes_below
from spark_etl.store import FeatureRecord, OutputRecord, ReplayRecord, RunDocument


def trace(*spans: tuple[str, float, float]) -> dict[str, Any]:
    """Returns spans of so many seconds as OTLP/JSON."""
    known = [
        {"name": name, "startTimeUnixNano": str(int(began * 1e9)), "endTimeUnixNano": str(int(ended * 1e9))}
        for name, began, ended in spans
    ]
    return {"resourceSpans": [{"scopeSpans": [{"spans": known}]}]}


def document(**known: Any) -> RunDocument:
    features = {
        "kept": FeatureRecord(state="succeeded", seconds=1.5, rows=5, bytes=10),
        "lazy": FeatureRecord(state="succeeded", seconds=0.0),
        "out": FeatureRecord(state="succeeded", seconds=0.1, rows=7),
    }
    outputs = [OutputRecord("out", "s3a://published/out", state="succeeded", seconds=3.25)]
    known = {"features": features, "order": [*features], "outputs": outputs, "checkpoints": ["kept"], **known}
    return RunDocument("20240229T101112Z-aaaaaa", "/runs", "team", "shop", **known)


def test_computing_and_publishing_are_apart_and_what_was_not_computed_says_so() -> None:
    assert feature_rows(document(), "succeeded") == [
        ["kept", "succeeded", "✓", "5", "10 B", "1.5", ""],
        ["lazy", "planned, not computed", "", "", "", "", ""],
        ["out", "published", "", "7", "", "", "3.2"],
    ]


def test_seconds_add_up_also_of_what_ran_at_the_same_time() -> None:
    known = trace(
        ("run", 0, 20), ("start Spark", 1, 6), ("feature a", 6, 9), ("feature b", 8, 10), ("publish a", 9, 14),
        ("let the outputs appear", 14, 15),
    )  # fmt: skip
    parts = phases(known, 20)
    assert parts == {"starting Spark": 5, "planning and computing": 4, "publishing": 5, "else": 6}
    assert phases_text(known, 20) == "20.0 s: starting Spark 5.0, planning and computing 4.0, publishing 5.0, else 6.0"
    assert phases_text({"resourceSpans": [{"scopeSpans": [{"spans": [{"name": 1}]}]}]}, 20) == ""
    assert phases_text({"resourceSpans": [1, {"scopeSpans": 5}]}, 20) == ""


def test_what_was_not_run_is_named_with_the_reason() -> None:
    below = notes_below(document(not_run=["daily", "joined"]))
    assert below == ["not run: daily, joined, not needed for kept, out"]


def test_what_was_computed_for_an_output_that_never_appeared_says_so() -> None:
    failed = {"features": {"out": FeatureRecord(state="built", rows=7), "broken": FeatureRecord(state="failed")}}
    outputs = [OutputRecord("out", "s3a://published/out", state="skipped", seconds=3.25, rows=7)]
    known = document(**failed, order=["out", "broken"], outputs=outputs, status="failed")
    assert feature_rows(known, "failed")[0] == ["out", "computed", "", "7", "", "", "3.2"]
    assert notes_below(known) == ["not published, as the run failed: out"]
    while_appearing = document(outputs=outputs, status="failed")
    assert notes_below(while_appearing) == [], "another run may complete it"


def test_a_replay_says_of_what_by_which_code_and_its_verdict() -> None:
    verdict = {"text": "other rows: 7 rows, where R/out has 8\n  note: another version"}
    replay = ReplayRecord("R", "/runs/R", "out", "commit 1a2b3c4", verdict)
    assert notes_below(document(kind="replay", replay=replay))[:3] == [
        "`out` of run R once more, by commit 1a2b3c4",
        "other rows: 7 rows, where R/out has 8",
        "  note: another version",
    ]
    assert notes_below(document(kind="replay", replay=ReplayRecord("R", "/runs/R", "out")))[1] == "no verdict"
