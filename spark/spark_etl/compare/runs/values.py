"""Values as a cause shows them: parameters and settings, never one that may be a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from spark_etl.code.secrets import find_secret

MISSING = object()
MOST_CHARS = 80
SECRET_WORDS = re.compile(
    r"(?i)(?:^|[^a-z])(?:passw(?:or)?d|passwort|passphrase|pwd|secrets?|tokens?|credentials?|api[_.-]?key|access[_.-]?key)"
    r"|(?:Password|Secret|Token|Credential|ApiKey|AccessKey)"
)
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}")
WITH_DEFAULT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*):-[^}]+\}")


def other_values(name: str, a: Any, b: Any) -> Iterator[str]:
    """Yields what of a value is another, a line each: of mappings, each item by its name.

    Args:
        name: Of the value.
        a: As A's config has it; `MISSING` where it has none.
        b: As B's has it.
    """
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in dict.fromkeys([*a, *b]):
            yield from other_values(f"{name}.{key}", a.get(key, MISSING), b.get(key, MISSING))
    elif a is MISSING or b is MISSING:
        given, other = ("A", "B") if b is MISSING else ("B", "A")
        yield f"`{name}`: {shown(name, a if b is MISSING else b)} in {given}, not given in {other}"
    elif a != b or type(a) is not type(b):
        one, other = shown(name, a), shown(name, b)
        yield f"`{name}`: {one} in A, {other} in B" if one != other else f"`{name}`: another value in B, {one}"


def shown(name: str, value: Any) -> str:
    """Returns a value as JSON in one line, or that it is not shown."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if may_be_secret(name, text):
        return "a value that is not shown, as it may be a secret"
    return text if len(text) <= MOST_CHARS else f"{text[: MOST_CHARS - 1]}…"


def may_be_secret(name: str, text: str) -> bool:
    """Returns whether a value may be a secret: by its name, by what it looks like, as the default of a variable.

    Of a variable, the config has the name alone, which is none.
    """
    if VARIABLE.fullmatch(text.strip('"')) and not WITH_DEFAULT.search(text):
        return False
    named = SECRET_WORDS.search(name) is not None
    return (
        named or find_secret(f"{name.rpartition('.')[2]}: {text}".encode(errors="replace"), "config.yaml") is not None
    )


def variables(value: Any) -> list[str]:
    """Returns the environment variables that a value of a config is made of."""
    return sorted(set(VARIABLE.findall(json.dumps(value, default=str))))
