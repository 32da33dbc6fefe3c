"""Spark's types as its SQL writes them, understood without Spark."""

from __future__ import annotations

import re
from collections.abc import Callable

from spark_etl.names import alternatives

SIMPLE = {
    "tinyint": "tinyint",
    "byte": "tinyint",
    "smallint": "smallint",
    "short": "smallint",
    "int": "int",
    "integer": "int",
    "bigint": "bigint",
    "long": "bigint",
    "float": "float",
    "real": "float",
    "double": "double",
    "decimal": "decimal",
    "dec": "decimal",
    "numeric": "decimal",
    "boolean": "boolean",
    "string": "string",
    "binary": "binary",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ltz": "timestamp",
    "timestamp_ntz": "timestamp_ntz",
    "variant": "variant",
    "interval": "interval",
    "array": "array",
    "map": "map",
    "struct": "struct",
}
NUMBERS = {"tinyint", "smallint", "int", "bigint", "float", "double", "decimal"}
UNORDERED = {"map", "variant", "interval"}
UNITS = (("year", "month"), ("day", "hour", "minute", "second"))
TOKEN = re.compile(r"\s*(?:`(?P<quoted>(?:[^`]|``)+)`|(?P<word>\w+)|(?P<sign>[<>(),:]))")
LARGEST_PRECISION = 38


def canonical(text: str) -> str:
    """Returns a type as `DataType.simpleString()` does: `long` becomes `bigint`, `Decimal( 18,2 )` `decimal(18,2)`.

    Raises:
        ValueError: It is no type; what is wrong is said.
    """
    parser = _TypeParser(text)
    found = parser.type()
    parser.end()
    return found


def kind(type_text: str) -> str:
    """Returns what comes before any bracket of a canonical type: `decimal` of `decimal(18,2)`."""
    return re.split(r"[<( ]", type_text, maxsplit=1)[0]


class _TypeParser:
    """Reads one type from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)

    def type(self) -> str:
        word = self._take()
        name = SIMPLE.get(word.lower())
        if name is None:
            raise ValueError(f"no type `{word}`. {alternatives(word, SIMPLE)}")
        special: dict[str, Callable[[], str]] = {
            "decimal": self._decimal,
            "array": lambda: f"array<{self._inside(1)}>",
            "map": lambda: f"map<{self._inside(2)}>",
            "struct": self._struct,
            "interval": self._interval,
        }
        return special[name]() if name in special else name

    def end(self) -> None:
        if self._tokens:
            raise ValueError(f"what does `{self._tokens[0]}` mean there?")

    def _peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take(self, wanted: str = "") -> str:
        token = self._tokens.pop(0) if self._tokens else ""
        if (wanted and token != wanted) or not token:
            raise ValueError(f"expected `{wanted or 'a type'}`, not {f'`{token}`' if token else 'the end'}")
        return token

    def _inside(self, count: int) -> str:
        self._take("<")
        parts = [self.type()]
        for _ in range(count - 1):
            self._take(",")
            parts.append(self.type())
        self._take(">")
        return ",".join(parts)

    def _decimal(self) -> str:
        if self._peek() != "(":
            return "decimal(10,0)"
        self._take("(")
        precision, scale = self._number(), 0
        if self._peek() == ",":
            self._take(",")
            scale = self._number()
        self._take(")")
        if not 0 < precision <= LARGEST_PRECISION or scale > precision:
            raise ValueError(f"decimal({precision},{scale}): at most {LARGEST_PRECISION} digits, the scale among them")
        return f"decimal({precision},{scale})"

    def _number(self) -> int:
        token = self._take()
        if not token.isdecimal():
            raise ValueError(f"expected a number, not `{token}`")
        return int(token)

    def _struct(self) -> str:
        self._take("<")
        fields: list[str] = []
        while self._peek() != ">":
            if fields:
                self._take(",")
            name = self._take()
            if self._peek() == ":":
                self._take(":")
            fields.append(f"{name}:{self.type()}")
        self._take(">")
        return f"struct<{','.join(fields)}>"

    def _interval(self) -> str:
        units = next((units for units in UNITS if self._peek().lower() in units), None)
        if units is None:
            return "interval"
        first = last = self._take().lower()
        if self._peek().lower() == "to":
            self._take()
            last = self._take().lower()
            if last not in units or units.index(last) <= units.index(first):
                raise ValueError(f"no interval from `{first}` to `{last}`")
        return f"interval {first}" if first == last else f"interval {first} to {last}"


def _tokens(text: str) -> list[str]:
    found, position, text = [], 0, text.strip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"what does `{text[position:].strip()}` mean there?")
        found.append((match["quoted"] or "").replace("``", "`") or match["word"] or match["sign"])
        position = match.end()
    return found
