from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from spark_etl.dates import DateRange
from spark_etl.errors import ConfigError, MissingDataError
from spark_etl.sources import CsvSource, ParquetSource
from spark_etl.sources.locations import Location

TWO_DAYS = DateRange(date(2024, 2, 28), date(2024, 2, 29))


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    for name in ("orders/2024/02/28/a.csv", "orders/2024/02/29/b.csv", "orders/2024/03/01/c.csv", "rates.csv"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("id\n1\n")
    (tmp_path / "orders/2024/02/28/_SUCCESS").touch()
    (tmp_path / "orders/2024/02/28/.a.csv.crc").write_bytes(b"crc\0\0\0\2\0" + bytes(4))
    return tmp_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("orders/{date:%Y/%m/%d}/", ["a.csv", "b.csv"]),
        ("orders/{date:%Y/%m/%d}/*.csv", ["a.csv", "b.csv"]),
        ("orders/2024/*/*/*.csv", ["a.csv", "b.csv", "c.csv"]),
        ("orders", ["a.csv", "b.csv", "c.csv"]),
        ("rates.csv", ["rates.csv"]),
        ("*s.csv", ["rates.csv"]),
    ],
)
def test_a_path_may_be_a_file_a_folder_a_pattern_or_have_days(lake: Path, path: str, expected: list[str]) -> None:
    found = CsvSource(f"{lake}/{path}").inputs(TWO_DAYS)
    assert [item.path.rsplit("/", 1)[1] for item in found] == expected
    assert all(item.etag and item.bytes for item in found)


@pytest.mark.parametrize(
    ("path", "expected", "hint"),
    [
        ("ordrs", "nothing to read at file://", "did you mean `orders`? in file://"),
        ("orders/{date:%Y/%m/%d}/*.json", "for 2024-02-28, 2024-02-29 (2 of 2 days missing)", "there are: "),
        ("orders/2024/{date:%m}/30", "for 2024-02-28, 2024-02-29", "there are: 28, 29"),
    ],
)
def test_what_is_not_there_is_reported_with_what_lies_beside_it(
    lake: Path, path: str, expected: str, hint: str
) -> None:
    with pytest.raises(MissingDataError) as caught:
        CsvSource(f"{lake}/{path}").inputs(TWO_DAYS)
    assert expected in str(caught.value)
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("_rates.csv", "it may not begin with `_`"),
        (".rates.csv", "it may not begin with `_`"),
        ("rates.csv._COPYING_", "it may not begin with `_`"),
        ("rates 10:00.csv", "no `:`"),
        ("at 10:00/[v2].csv", "no `:`"),
    ],
)
def test_a_file_that_spark_would_not_read_is_refused_by_name(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("id\n1\n")
    with pytest.raises(MissingDataError, match=re.escape(name)) as caught:
        CsvSource(f"{tmp_path}/{name}", schema="id string").inputs(TWO_DAYS)
    assert expected in str(caught.value.hint)


def test_what_is_still_being_copied_is_no_data(lake: Path) -> None:
    (lake / "orders/2024/02/28/b.csv._COPYING_").write_text("i")
    assert len(CsvSource(f"{lake}/orders/{{date:%Y/%m/%d}}/").inputs(TWO_DAYS)) == 2


def test_slashes_in_a_days_form_are_no_folders_of_the_base(lake: Path) -> None:
    assert Location(f"{lake}/orders/{{date:%Y/%m/%d}}/a.csv").base(TWO_DAYS) == f"file://{lake}/orders"


def test_only_some_of_the_days_is_not_enough(lake: Path) -> None:
    with pytest.raises(MissingDataError, match=r"for 2024-02-27 \(1 of 3 days missing\)"):
        CsvSource(f"{lake}/orders/{{date:%Y/%m/%d}}").inputs(DateRange(date(2024, 2, 27), date(2024, 2, 29)))


def test_an_unknown_placeholder_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"no placeholder `\{dat\}`\. Did you mean `date`"):
        ParquetSource("s3a://lake/orders/{dat}/")
    with pytest.raises(ConfigError, match="ParquetSource has no path"):
        ParquetSource([])


def test_it_shows_itself_without_secrets() -> None:
    source = CsvSource("s3a://lake/a", schema="id bigint", options={"sep": ";", "sasToken": "s3cret"})
    assert repr(source) == ("CsvSource('s3a://lake/a', schema='id bigint', options={'sasToken': '…', 'sep': ';'})")


def test_brackets_are_letters_in_a_pattern_too(tmp_path: Path) -> None:
    for name in ("rates[12].csv", "rates1.csv", "rates[12]b.csv"):
        (tmp_path / name).write_text("id\n1\n")

    found = CsvSource(f"{tmp_path}/rates[12]*.csv").inputs(TWO_DAYS)

    assert [item.path.rsplit("/", 1)[1] for item in found] == ["rates[12].csv", "rates[12]b.csv"]
