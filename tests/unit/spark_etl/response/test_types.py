from __future__ import annotations

import pytest
from spark_etl.response.types import canonical


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("long", "bigint"),
        ("Integer", "int"),
        ("decimal", "decimal(10,0)"),
        ("DECIMAL( 18 , 2 )", "decimal(18,2)"),
        ("dec(7)", "decimal(7,0)"),
        ("array<long>", "array<bigint>"),
        ("map<string, array<int>>", "map<string,array<int>>"),
        ("struct<a: int, `b c`: struct<d string>>", "struct<a:int,b c:struct<d:string>>"),
        ("interval day to second", "interval day to second"),
        ("INTERVAL YEAR", "interval year"),
        ("timestamp_ltz", "timestamp"),
        ("variant", "variant"),
    ],
)
def test_a_type_is_written_as_spark_writes_it(written: str, expected: str) -> None:
    assert canonical(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("bigin", "no type `bigin`. Did you mean `bigint`"),
        ("decimal(40,2)", "at most 38 digits"),
        ("decimal(4,5)", "the scale among them"),
        ("array<int", "expected `>`, not the end"),
        ("map<string>", "expected `,`, not `>`"),
        ("int int", "what does `int` mean there"),
        ("interval second to day", "no interval from `second` to `day`"),
        ("", "expected `a type`, not the end"),
        ("int;", "what does `;` mean there"),
    ],
)
def test_what_is_no_type_is_refused_with_the_reason(written: str, expected: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its message is the point
        canonical(written)
    assert expected in str(caught.value)
