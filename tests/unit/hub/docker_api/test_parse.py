"""Bodies that two parsers could read differently."""

from __future__ import annotations

import pytest
from docker_api.parse import MAX_BYTES, MAX_DEPTH, DeniedError, parse_object


def nested(depth: int, opening: str = '{"a":', closing: str = "}") -> bytes:
    return (opening * depth + "1" + closing * depth).encode()


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b' {"a": [1, {"b": null}]}\n', {"a": [1, {"b": None}]}),
        (b'{"\\u0050rivileged": true}', {"Privileged": True}),
        (b'{"a": {"x": 1}, "b": {"x": 2}}', {"a": {"x": 1}, "b": {"x": 2}}),
        ('{"Env": ["NAME=Žofie 🌍"]}'.encode(), {"Env": ["NAME=Žofie 🌍"]}),
        (b'{"a": "' + b"x" * (MAX_BYTES - 9) + b'"}', {"a": "x" * (MAX_BYTES - 9)}),
    ],
    ids=["empty", "nested", "escaped key", "same key in two objects", "not ASCII", "as big as may be"],
)
def test_what_has_one_meaning_is_read(body: bytes, value: object) -> None:
    assert parse_object(body) == value


@pytest.mark.parametrize(
    ("body", "status", "rule"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"{'a': 1}", 400, "not JSON"),
        (b'{"a": 1} {"a": 2}', 400, "not JSON"),
        (b'{"a": 1,}', 400, "not JSON"),
        (b'{"a": "\x01"}', 400, "not JSON"),
        (b'\xef\xbb\xbf{"a": 1}', 400, "not JSON"),
        ('{"a": 1}'.encode("utf-16"), 400, "not UTF-8"),
        (b'{"a": "\xff"}', 400, "not UTF-8"),
        (b'{"\xc0\xaf": 1}', 400, "not UTF-8"),
        (b"[]", 400, "not an object"),
        (b"null", 400, "not an object"),
        (b'"a"', 400, "not an object"),
        (b'{"a": NaN}', 400, "NaN"),
        (b'{"a": -Infinity}', 400, "Infinity"),
        (b'{"a": 1, "a": 2}', 403, "comes twice"),
        (b'{"Privileged": false, "privileged": true}', 403, "comes twice"),
        (b'{"Privileged": false, "\\u0050RIVILEGED": true}', 403, "comes twice"),
        ('{"Links": [], "Lin\u212as": []}'.encode(), 403, "comes twice"),
        ('{"Binds": [], "Bind\u017f": []}'.encode(), 403, "comes twice"),
        (b'{"x": [{"y": {"a": 1, "A": 2}}]}', 403, "comes twice"),
        (b'{"a": "' + b"x" * MAX_BYTES + b'"}', 413, "bytes"),
        (nested(MAX_DEPTH + 2), 400, "too deep"),
        (b'{"a":' + nested(MAX_DEPTH + 1, "[", "]") + b"}", 400, "too deep"),
        (b'{"a":' + nested(30_000, "[", "]") + b"}", 400, "too deep"),
        (nested(9_000), 400, "too deep"),
    ],
)
def test_what_could_be_read_otherwise_is_refused(body: bytes, status: int, rule: str) -> None:
    with pytest.raises(DeniedError, match=rule) as caught:
        parse_object(body)
    assert caught.value.status == status


def test_the_deepest_body_that_may_be_is_read() -> None:
    assert parse_object(nested(MAX_DEPTH)) is not None


@pytest.mark.parametrize("digits", [5_000, 60_000])
def test_a_number_of_thousands_of_digits_is_refused(digits: int) -> None:
    with pytest.raises(DeniedError, match="not JSON"):
        parse_object(b'{"a": ' + b"9" * digits + b"}")
