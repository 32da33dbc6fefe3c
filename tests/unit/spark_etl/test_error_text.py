"""The text of any exception, whatever its class does."""

from __future__ import annotations

import sys
from typing import NoReturn

import pytest
from spark_etl.error_text import error_line, error_summary, raw_text


class RaisingError(Exception):
    def __str__(self) -> NoReturn:
        raise ValueError


class NumberError(Exception):
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]  # noqa: PLE0307


class EndlessError(Exception):
    def __str__(self) -> str:
        return str(self)


class ExitingError(Exception):
    def __str__(self) -> NoReturn:  # noqa: PLE0307
        sys.exit(0)


class OddText(str):
    __slots__ = ()

    def __len__(self) -> int:
        return -5  # noqa: PLE0303


class OddTextError(Exception):
    def __str__(self) -> str:
        return OddText("odd")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KeyError("CHF"), "KeyError: 'CHF'"),
        (ValueError(), "ValueError"),
        (ValueError("bad \ud800 \x1b]52;c;aGk=\x07"), r"ValueError: bad \ud800 \x1b]52;c;aGk=\x07"),
        (RaisingError("no rate"), "RaisingError: no rate (its text is not known: __str__ raises ValueError)"),
        (NumberError(), "NumberError: (its text is not known: __str__ raises TypeError)"),
        (EndlessError(), "EndlessError: (its text is not known: __str__ raises RecursionError)"),
        (ExitingError(), "ExitingError: (its text is not known: __str__ raises SystemExit)"),
        (OddTextError(), "OddTextError: odd"),
    ],
)
def test_there_is_a_text_of_every_exception(error: Exception, expected: str) -> None:
    assert error_summary(error) == expected
    assert error_line(error) == expected
    expected.encode()


def test_a_text_of_megabytes_is_cut() -> None:
    error = ValueError("x" * 10_000_000)
    assert error_summary(error, longest=100) == f"ValueError: {'x' * 100}… (9,999,900 characters more)"
    assert len(raw_text(error)) < 2_100_000
