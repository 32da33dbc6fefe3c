"""Values that are read as texts: what SQL makes of a text, and for which texts that is not what was written.

DuckDB rounds `1.005` to `1.01`, takes `infinity` for a day, and drops the offset of a moment. So each value of a CSV,
and each of JSON that is a text or no whole number, is read as a text, and converted by what stands here.
"""

from __future__ import annotations

import re

from spark_etl.reading.duck import text

WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
APPROXIMATE = {"FLOAT", "DOUBLE"}
DATE, MOMENT, LOCAL_MOMENT = "DATE", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP"
DECIMAL = re.compile(r"DECIMAL\(\d+,(\d+)\)")
ORDERS = ("%d{0}%m{0}%Y", "%m{0}%d{0}%Y", "%Y{0}%m{0}%d", "%d{0}%m{0}%y", "%m{0}%d{0}%y")
DATE_FORMATS = tuple(order.format(mark) for order in ORDERS for mark in ("/", ".", "-"))
TIMES = ("%H:%M:%S", "%H:%M")
TIME = re.compile(r"%-?[HIMSfgn]")
BEYOND_MICROSECONDS = r"'\.[0-9]{6}[0-9]*[1-9]'"


def has_time(written: str | None) -> bool:
    """Returns whether a format of `strptime` is one of moments, and not of days."""
    return written is not None and TIME.search(written) is not None


def is_number(target: str) -> bool:
    """Returns whether a type of DuckDB's is one of numbers."""
    return target in WHOLE | APPROXIMATE or DECIMAL.fullmatch(target) is not None


def value_of(source: str, target: str, *, decimal: str = ".", written: str | None = None, cast: str = "cast") -> str:
    """Returns SQL for the value that a text stands for.

    Args:
        source: SQL for the text.
        target: The value's type, as DuckDB writes it.
        decimal: What stands between the whole and the part of a number.
        written: How a day or a moment is written, as `strptime` has it; None: as ISO 8601.
        cast: `try_cast` makes NULL of what is no such value.
    """
    if written and target in {DATE, LOCAL_MOMENT, MOMENT}:
        return f"cast({'try_' if cast == 'try_cast' else ''}strptime({source}, {text(written)}) as {target})"
    return f"{cast}({_number(source, decimal) if is_number(target) else source} as {target})"


def _number(source: str, decimal: str) -> str:
    return source if decimal == "." else f"replace({source}, {text(decimal)}, '.')"


def changed(source: str, target: str, *, decimal: str = ".", written: str | None = None) -> str:
    """Returns SQL that holds for a text that is no such value, or that stands for more than the value keeps.

    Digits beyond microseconds are not looked at here: `beyond_microseconds` does.
    """
    value = value_of(source, target, decimal=decimal, written=written, cast="try_cast")
    problems = [f"{value} is null"]
    if is_number(target):
        number = _number(source, decimal)
        problems += [f"contains({source}, '.')"] if decimal != "." else []
        problems += _changed_numbers(number, target, value)
    elif target in {DATE, MOMENT, LOCAL_MOMENT}:
        problems += [f"not regexp_matches({source}, '^\\s*[0-9]')"]
        problems += _changed_days(source, target, value, written)
    return f"({source} is not null and ({' or '.join(problems)}))"


def _changed_numbers(number: str, target: str, value: str) -> list[str]:
    if target in APPROXIMATE:  # a part of a number is approximate by its nature, a whole number is not
        back = f"cast({value} as varchar)"
        is_whole = f"regexp_matches({number}, '^\\s*[+-]?[0-9]+(\\.0*)?\\s*$')"
        is_long = f"regexp_matches({number}, '^\\s*[+-]?[0-9]{{16,}}(\\.[0-9]*)?\\s*$')"
        problems = [
            f"({condition} and try_cast({back} as {exact}) is distinct from try_cast({number} as {exact}))"
            for condition, exact in ((is_whole, "decimal(38,0)"), (is_long, "decimal(38,10)"))
        ]
        problems.append(f"(isinf({value}) and not contains(lower({number}), 'inf'))")
        shorter = f"try_cast(cast({value} as varchar) as double) is distinct from try_cast({number} as double)"
        return [*problems, shorter] if target == "FLOAT" else problems
    match = DECIMAL.fullmatch(target)
    digits = int(match[1]) if match else 0
    has_power = f"regexp_matches({number}, '[0-9.][eE]')"
    other = f"try_cast(cast({value} as varchar) as double) is distinct from try_cast({number} as double)"
    return [f"regexp_matches({number}, '\\.[0-9]{{{digits}}}[0-9]*[1-9]')", f"({has_power} and {other})"]


def _changed_days(source: str, target: str, value: str, written: str | None) -> list[str]:
    if written:
        offset = ["true"] if "%z" in written.lower() and target == LOCAL_MOMENT else []
        return offset + [f"not regexp_matches({source}, '[0-9]{{4}}')"] * ("%Y" in written)
    if target == MOMENT:
        return []
    local, moment = (f"try_cast({source} as {kind})" for kind in (LOCAL_MOMENT, MOMENT))
    has_offset = f"{moment} is distinct from cast({local} as {MOMENT})"
    has_time = f"cast({value} as {LOCAL_MOMENT}) is distinct from {local}"
    return [has_offset, has_time] if target == DATE else [has_offset]


def rewritten(source: str, target: str, *, decimal: str = ".", written: str | None = None) -> str:
    """Returns SQL that holds for a text that a guess of its type would change: an id is no number."""
    problems = [changed(source, target, decimal=decimal, written=written)]
    number = _number(source, decimal)
    if target == "BOOLEAN":
        problems.append(f"lower(trim({source})) not in ('true', 'false')")
    elif target in APPROXIMATE:
        problems.append(f"regexp_matches({number}, '^\\s*([0-9]+[eE][0-9]+|.*[_xX].*|[+-]?[0-9]{{39,}})\\s*$')")
    elif is_number(target):
        problems.append(f"trim({source}) is distinct from cast(try_cast({number} as {target}) as varchar)")
    return f"({source} is not null and ({' or '.join(problems)}))"


def beyond_microseconds(source: str) -> str:
    """Returns SQL that holds for a text of a moment with more digits than Spark keeps."""
    return f"regexp_matches({source}, {BEYOND_MICROSECONDS})"
