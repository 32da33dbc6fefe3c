"""run.json as types: what is written is read, and damage is reported."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from spark_etl.errors import DamagedError
from spark_etl.store import CodeRecord, ErrorRecord, FeatureRecord, OutputRecord, RunDocument, checks, imported_text
from spark_etl.store.document import dump_run, parse_run

PATH = "s3a://scratch/team/shop/20240229T101112Z-7f3a2c/run.json"
RUN = RunDocument(
    "20240229T101112Z-7f3a2c",
    PATH.removesuffix("/run.json"),
    "team",
    "shop",
    start_date="2024-02-29",
    end_date="2024-02-29",
    status="failed",
    options={"checkpoints": ["net"], "parallel": 4, "limit": float("inf")},
    session="connect",
    requirements=["holidays==0.61"],
    by={"user": "ada", "host": "laptop"},
    order=["net"],
    graph={"net": []},
    features={"net": FeatureRecord("shop.Net", checkpoint=True, state="failed", error=ErrorRecord("no"))},
    outputs=[OutputRecord("net", "s3a://published/net", overwrite=True)],
    code=CodeRecord("ab" * 32, files=2, bytes=30, left_out={".env": "looks like a secret by its name"}),
    error=ErrorRecord("no", "File x", "ValueError", "net"),
)


def test_what_is_written_is_read() -> None:
    assert parse_run(dump_run(RUN), PATH) == RUN


IMPORTED = {
    "from": "s3a://ci/x",
    "bundle": "ab" * 32,
    "at": "2024-03-01T10:00:00Z",
    "by": "ada",
    "kind": "run",
    "sample": None,
}


@pytest.mark.parametrize(
    ("known", "text"),
    [
        ({}, "imported from s3a://ci/x, of ada on laptop, on 2024-03-01"),
        ({"kind": "adopted"}, "imported from s3a://ci/x, of ada on laptop, there of kind `adopted`, on 2024-03-01"),
        (
            {"sample": {"fraction": 0.01}},
            "imported from s3a://ci/x, of ada on laptop, on 2024-03-01; a sample: the rows of 0.01 of all keys",
        ),
        (
            {"sample": {"keys": 2}},
            "imported from s3a://ci/x, of ada on laptop, on 2024-03-01; a sample: the rows of 2 keys",
        ),
    ],
)
def test_where_an_imported_run_comes_from_is_kept_and_said(known: dict[str, Any], text: str) -> None:
    run = dataclasses.replace(RUN, kind="imported", imported=IMPORTED | known)
    again = parse_run(dump_run(run), PATH)
    assert again == run
    assert imported_text(again) == text
    assert imported_text(RUN) == ""
    assert "imported" not in json.loads(dump_run(RUN))


@pytest.mark.parametrize(
    "known",
    [{"from": 1}, {"bundle": "x"}, {"at": None}, {"by": "x" * 300}, {"kind": None}, {"sample": {}},
     {"sample": {"keys": -1}}, {"sample": {"fraction": 2}}, {"sample": {"fraction": 0.5, "keys": 1}},
     {"sample": {"fraction": float("nan")}}],
)  # fmt: skip
def test_an_imported_run_that_says_something_else_is_damaged(known: dict[str, Any]) -> None:
    with pytest.raises(DamagedError, match="`imported` has an invalid value"):
        parse_run(dump_run(dataclasses.replace(RUN, imported=IMPORTED | known)), PATH)


def test_what_a_later_version_adds_is_kept() -> None:
    content = json.loads(dump_run(RUN)) | {"colour": "blue"}
    content["features"]["net"]["colour"] = content["code"]["colour"] = "red"
    again = parse_run(json.dumps(content).encode(), PATH)
    assert again.to_json()["colour"] == "blue"
    assert json.loads(dump_run(again))["features"]["net"]["colour"] == "red"
    assert json.loads(dump_run(again))["code"]["colour"] == "red"


@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        ((), "team", 3),
        ((), "status", "lost"),
        ((), "by", ["ada"]),
        ((), "options", []),
        ((), "seconds", "1"),
        ((), "order", ["gone"]),
        (("features", "net"), "rows", -1),
        (("features", "net"), "deterministic", "yes"),
        (("features", "net"), "error", "no"),
        (("publish", 0), "path", None),
        (("error",), "traceback", 7),
        ((), "code", "abc"),
        (("code",), "sha256", "../../secret"),
        (("code",), "files", -1),
        (("code",), "left_out", {".env": 7}),
        (("code",), "reason", []),
    ],
)
def test_a_value_that_is_not_what_it_should_be_is_refused(where: tuple[Any, ...], name: str, value: object) -> None:
    content = json.loads(dump_run(RUN))
    part = content
    for step in where:
        part = part[step]
    part[name] = value
    with pytest.raises(DamagedError, match=r"run\.json"):
        parse_run(json.dumps(content).encode(), PATH)


def test_a_newer_format_is_reported_as_that() -> None:
    content = json.dumps(json.loads(dump_run(RUN)) | {"format": 3}).encode()
    with pytest.raises(DamagedError, match="newer format"):
        parse_run(content, PATH)


@pytest.mark.parametrize(
    ("kind", "checked"),
    [
        (RunDocument, checks.RUN),
        (FeatureRecord, checks.FEATURE),
        (OutputRecord, checks.OUTPUT),
        (CodeRecord, checks.CODE),
    ],
)
def test_every_field_is_checked_before_it_is_read(kind: type, checked: dict[str, object]) -> None:
    stored_as = {"class_path": "class", "outputs": "publish"}
    names = {stored_as.get(each.name, each.name) for each in dataclasses.fields(kind)} - {"more"}
    assert names <= set(checked)
