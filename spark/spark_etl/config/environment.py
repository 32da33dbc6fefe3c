"""`${NAME}` in a feature config: for what differs between machines, and for secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from spark_etl.config.document import Document
from spark_etl.errors import ConfigError
from spark_etl.names import nearest

TOKEN = re.compile(r"\$\$|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^${}]*))?\}|\$\{")
ONLY_A_NAME = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-)?\}")

Where = tuple[str | int, ...]


def substitute(document: Document, environment: Mapping[str, str]) -> Any:
    """Returns the document's content with every string value's `${NAME}` replaced.

    1. `${NAME}` is the variable's value; one that is not set is refused.
    2. `${NAME:-default}` is the default if the variable is not set, or empty.
    3. `$$` is a dollar; a dollar before anything else but `{` is one, too.

    Keys stay as they are, and what was replaced stays a string.

    Raises:
        ConfigError: A variable is not set, or a `${` is none of the above; the message has the line.
    """

    def replaced(value: Any, where: Where) -> Any:
        if isinstance(value, str):
            return _text(value, where) if "$" in value else value
        if isinstance(value, dict):
            return {key: replaced(item, (*where, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [replaced(item, (*where, position)) for position, item in enumerate(value)]
        return value

    def _text(text: str, where: Where) -> str:
        def one(match: re.Match[str]) -> str:
            if match[0] == "$$":
                return "$"
            name, default = match["name"], match["default"]
            if name is None:
                raise _malformed(document, where)
            value = environment.get(name)
            if value is None and default is None:
                raise _unset(document, where, name, environment)
            return value if value or default is None else default  # type: ignore[return-value]

        return TOKEN.sub(one, text)

    return replaced(document.content, ())


def variables(content: Any) -> set[str]:
    """Returns the names of the variables that a document's values mention, needed or not."""
    if isinstance(content, str):
        return {match["name"] for match in TOKEN.finditer(content) if match["name"]}
    if isinstance(content, dict):
        content = content.values()
    elif not isinstance(content, list):
        return set()
    return {name for part in content for name in variables(part)}


def location(document: Document, where: Where) -> str:
    """Returns `file:line`."""
    line = document.line(where)
    return f"{document.path}:{line}" if line else str(document.path)


def dotted(where: Where) -> str:
    """Returns `features.orders.params.bucket`."""
    return ".".join(map(str, where))


def _unset(document: Document, where: Where, name: str, environment: Mapping[str, str]) -> ConfigError:
    match = nearest(name, environment)
    suggestion = f" Did you mean `{match}`?" if match else ""
    return ConfigError(
        f"{location(document, where)}: `{dotted(where)}` needs the environment variable {name}, "
        f"which is not set.{suggestion}",
        hint=f"set {name}, or write ${{{name}:-default}}",
    )


def _malformed(document: Document, where: Where) -> ConfigError:
    return ConfigError(
        f"{location(document, where)}: a `${{` in `{dotted(where)}` is neither ${{NAME}} nor ${{NAME:-default}}",
        hint="write $$ for a dollar that is meant as one",
    )
