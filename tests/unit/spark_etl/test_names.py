"""Names that a file has on one system and can't have on another."""

from __future__ import annotations

import pytest
from spark_etl.names import refused_by_windows


@pytest.mark.parametrize(
    "name",
    [
        "CON", "con", "Aux.txt", "nul.tar.gz", "COM1", "lpt9.parquet", "COM¹", "CONOUT$", "prn .x", "NUL ",
        "x.", "x ", "...", "a:b", "x?", "a*", 'a"b', "a<b", "a>b", "a|b", "a\\b", "x.parquet:stream",
    ],
)  # fmt: skip
def test_what_windows_refuses(name: str) -> None:
    assert refused_by_windows(name)


@pytest.mark.parametrize(
    "name",
    [
        "part-0.parquet", "console", "CONx", "COM", "COM10", "auxiliary.py", "day=2024-02-29", ".crc", "_x",
        "nulls.csv", "10%3A00", "a b", "é", "COMPORT1",
    ],
)  # fmt: skip
def test_what_it_does_not(name: str) -> None:
    assert refused_by_windows(name) is None
