"""What strangers send is checked before the shelf keeps or shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sandbox_hub.shelf.api import parse_share_request
from sandbox_hub.shelf.validation import MAX_READS, check_reads, check_result, parse_notebook
from spark_etl.errors import DamagedError

READ: dict[str, Any] = {
    "run": "20240229T101112Z-7f3a2c",
    "feature": "orders",
    "path": "s3a://x",
    "files": "0",
    "rows": 3,
}
RESULT: dict[str, Any] = {
    "notebook": {"cells": []},
    "verdict": "reproduces",
    "why": [],
    "diff": "",
    "ignored": ["run ids", "durations"],
    "seconds": 1.5,
    "reads": [READ],
    "packages": {"pandas": "2.3.0"},
}


def test_what_our_own_code_sends_is_kept_as_it_is() -> None:
    assert check_result(RESULT) == RESULT
    read = {**READ, "at": "2024-02-29T10:11:12+00:00", "notebook": "/home/ada/x.ipynb"}
    assert parse_share_request(
        json.dumps({"path": "x.ipynb", "content": '{"cells": []}', "reads": [read]}).encode()
    ) == {
        "path": "x.ipynb",
        "content": '{"cells": []}',
        "reads": [read],
    }


@pytest.mark.parametrize(
    "reads",
    [
        "text",
        {"a": 1},
        [READ] * (MAX_READS + 1),
        [None],
        [{**READ, "path": 7}],
        [{**READ, "path": "s3a://" + "x" * 2000}],
        [{name: READ[name] for name in ("run", "feature")}],
    ],
)
def test_reads_that_nobody_has_are_refused(reads: Any) -> None:
    with pytest.raises(DamagedError):
        check_reads(reads)
    with pytest.raises(DamagedError):
        check_result({**RESULT, "reads": reads})


def test_of_a_read_no_more_is_kept_than_there_is() -> None:
    assert check_reads([{**READ, "more": "x" * 10_000_000, "rows": ["many"]}]) == [{**READ, "rows": 0}]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cells": 3}', '{"cells": [3]}', 7, "[" * 100_000])
def test_what_is_no_notebook_is_refused(content: Any) -> None:
    with pytest.raises(DamagedError):
        parse_notebook(content)
    with pytest.raises((ValueError, KeyError, TypeError)):
        parse_share_request(json.dumps({"path": "x.ipynb", "content": content}).encode())


@pytest.mark.parametrize(
    "result",
    [
        None,
        [],
        {},
        {**RESULT, "verdict": "certified"},
        {**RESULT, "seconds": "long"},
        {**RESULT, "diff": ["x"]},
        {**RESULT, "packages": {str(number): "1" for number in range(6000)}},
        {**RESULT, "packages": {"pandas": 2}},
        {**RESULT, "notebook": {"cells": "none"}},
    ],
)
def test_a_result_that_our_own_code_never_sends_is_refused(result: Any) -> None:
    with pytest.raises(DamagedError):
        check_result(result)


def test_what_is_long_in_a_result_is_cut() -> None:
    outcome = check_result({**RESULT, "diff": "x" * 5_000_000, "why": ["y" * 5000] * 500})

    assert len(outcome["diff"]) == 1024**2
    assert (len(outcome["why"]), len(outcome["why"][0])) == (100, 2000)


NOTEBOOK = '{"cells": []}'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "no JSON"),
        (b"5", "must be an object"),
        (b"[]", "must be an object"),
        (b"{}", "must be an object"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "nested more than 100 levels deep"),
        (b'{"a": ' + b"9" * 5000 + b"}", "more than 4,300 digits"),
        (json.dumps({"content": 5, "path": "x"}).encode(), "its content is no text"),
        (json.dumps({"content": None, "path": "x"}).encode(), "its content is no text"),
        (json.dumps({"content": NOTEBOOK, "path": 5}).encode(), "both texts"),
        (json.dumps({"content": NOTEBOOK, "path": ["x"]}).encode(), "both texts"),
        (json.dumps({"content": "[" * 50_000, "path": "x"}).encode(), "nested more than 100 levels deep"),
        (json.dumps({"content": NOTEBOOK, "path": "x", "reads": 5}).encode(), "no list of at most"),
        (
            json.dumps({"content": '{"cells": ["\ud800"]}', "path": "x"}).encode(),
            r"line 1 .* half a character \(\\ud800\)",
        ),
        (json.dumps({"content": '{\n"cells": ["\\ud800"]}', "path": "x"}).encode(), "line 2 .* half a character"),
        (json.dumps({"content": '{"cells": ["\\udc00\\ud800"]}', "path": "x"}).encode(), "half a character"),
    ],
)
def test_a_request_that_makes_no_sense_says_what_is_wrong(body: bytes, message: str) -> None:
    with pytest.raises(DamagedError, match=message):
        parse_share_request(body)


@pytest.mark.parametrize("text", ['"\\ud83d\\ude00"', '"😀"', '"\\\\ud800"', '"\\\\\\\\ud83d"', '"\\u00e9"'])
def test_whole_characters_are_no_halves(text: str) -> None:
    parse_share_request(json.dumps({"content": f'{{"cells": [{{"source": {text}}}]}}', "path": "x"}).encode())


@pytest.mark.parametrize("rows", [-1, 2**63, 10**4000, "9" * 5000, 1.5, None, True])
def test_rows_that_no_checkpoint_has_are_not_shown(rows: Any) -> None:
    assert check_reads([{**READ, "rows": rows}])[0]["rows"] == 0


@pytest.mark.parametrize(
    "forged", [{"why": 5}, {"why": {"a": 1}}, {"seconds": float("nan")}, {"seconds": -1}, {"seconds": 1e300}]
)
def test_a_forged_result_is_refused(forged: dict[str, Any]) -> None:
    with pytest.raises(DamagedError, match="invalid result"):
        check_result({**RESULT, **forged})
