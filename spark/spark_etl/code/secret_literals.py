"""Secrets that are written down: `password = "…"`, `.option("token", "…")`, `api_key: …` in a YAML.

What only stands for one is none: a placeholder, a variable, the name of a column or of a secret kept elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

WORDS = (
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "pwd",
    "credential",
    "credentials",
    "token",
    "secret",
    "pass",
    "pw",
    "key",
)
# What has to stand before a word that is also one of others: `api_key`, `db_pass`.
BEFORE = {
    "key": re.compile(
        r"(?:api|access|account|auth|client|encryption|master|private|sas|secret|shared|signing|storage|subscription)[_.-]?\Z"
    ),
    "pass": re.compile(r"[a-z0-9][_.-]\Z"),
    "pw": re.compile(r"[a-z0-9][_.-]\Z"),
}
LONGEST_BEFORE = 14
AFTER_WORD = re.compile(r"(?:[_-]?(?:prod|production|dev|test|staging|stage|live|old|new|[0-9]{1,3}))?(?![a-z0-9_])")
ASSIGNED = re.compile(
    r"(?P<close>\\?[\"']?)\s{0,20}\]?\s{0,20}"
    r"(?:(?P<comma>,)|(?::\s{0,20}[A-Za-z_][\w.\[\], |]{0,60})?(?:=>|:=|=(?!=))|:)"
    r"\s{0,80}\(?\s{0,80}(?:[rRbBuUfF]{0,2}\\?(?P<quote>\"\"\"|'''|[\"'])(?!(?P=quote))(?P<value>[^\n]{1,300}?)\\?(?P=quote))"
)
UNQUOTED = re.compile(r"[ \t]*[:=][ \t]*(?P<value>[^\s\"'#,;!&*|>\[{@`~%]\S*)[ \t]*(?:#[^\n]*)?(?=\r?\n|\Z)")
# Of spark-defaults.conf.
APART_BY_SPACE = re.compile(r"[ \t]+(?P<value>[^\s\"'#,;=:]\S*)[ \t]*(?=\r?\n|\Z)")
XML = re.compile(r"(?:</name>\s{0,80}<value)?>(?P<value>[^<>\s]{1,300})</")
LINE_START = re.compile(r"(?:^|\n)[ \t]*(?:- +|export +|ENV +|[\"'])?[\w.-]*\Z")
SETTER = re.compile(
    r"(?P<env>environ\.get|getenv)?(?(env)|\b(?:option|config|conf|put|set\w*))\(\s*[rbu]?\\?[\"'][\w.:-]*\Z"
)
CONFIGS = frozenset(
    {"", ".txt", ".yaml", ".yml", ".ini", ".cfg", ".conf", ".properties", ".env", ".sh", ".toml", ".tfvars"}
)
LOOK_BACK = 120
PASSWORDS = ("passw", "passp", "pwd")
LONG = 16

SECRET_WORDS = frozenset(
    "password passwd passwort pass pwd pw passphrase secret secrets token tokens key keys apikey "  # noqa: SIM905 - a table of words
    "credential credentials".split()
)
FILLERS = frozenset(
    "example placeholder dummy fake sample change changeme changeit redacted your todo tbd fixme insert replace "  # noqa: SIM905 - a table of words
    "xxx xxxx foobar tiger fill".split()
)
# Of a column, a type or a rule in a mapping; of an option, that it has no value yet.
NO_SECRET = frozenset(
    "test testing none null nil true false empty missing unknown default optional required undefined unset not_set "  # noqa: SIM905 - a table of words
    "notset string str text char binary bytes int integer long bigint object drop mask masked redact hash hashed "
    "sha256 md5 encrypt encrypted sensitive pii hidden anonymous input prompt header query cookie".split()
)
FILLED_IN = re.compile(
    r"\$[{(]|\A\$[A-Za-z_]|\{\{|\{[^{}]*\}|<[^<>]+>|%\(|%[sdr](?![A-Za-z0-9])|%[A-Za-z_]+%|\.\.\."
    r"|\AENC\[|\A@Microsoft|EXAMPLE(?:KEY)?\Z"
)
REPEATED = re.compile(r"(?:[A-Za-z]{2,12}[-_])*[xX*.:0#_-]+")
WORDS_APART = re.compile(r"[a-z]+(?: [a-z]+){2,7}")
ELSEWHERE = re.compile(r"\A(?:[a-z][a-z0-9+.-]*://|arn:|vault:|projects/|\.{0,2}/|~/)")
PATTERN = re.compile(r"[()\[\]|?\\]")
HUMPS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|[^\W_]+")
APART = re.compile(r"[\s_./:\\-]+")


def find_literals(text: str, kind: str) -> Iterator[tuple[str, int]]:
    """Yields what is assigned, and where, of each text that looks like a secret.

    Args:
        text: Of a file, its bytes as Latin-1.
        kind: Its suffix, in small letters.
    """
    for word, start, end in _names_of_secrets(text.lower()):
        value = _assigned(text, start, end, kind)
        if value and looks_secret(word, value):
            yield f"a text for a {word}", start


def _names_of_secrets(lowered: str) -> Iterator[tuple[str, int, int]]:
    """Yields each name of a secret, with where it begins and ends."""
    for word in WORDS:
        start = lowered.find(word)
        while start >= 0:
            after = AFTER_WORD.match(lowered, start + len(word))
            before = BEFORE.get(word)
            if after and (before is None or before.search(lowered[max(0, start - LONGEST_BEFORE) : start])):
                yield word, start, after.end()
            start = lowered.find(word, start + 1)


def is_placeholder(value: str) -> bool:
    """Returns whether a text only stands for a secret."""
    if FILLED_IN.search(value) or REPEATED.fullmatch(value):
        return True
    lowered = value.lower()
    return lowered in SECRET_WORDS or lowered in NO_SECRET or not FILLERS.isdisjoint(APART.split(lowered))


def looks_secret(word: str, value: str) -> bool:
    """Returns whether a text that is assigned to something of this name is a secret.

    Of a password, every text is, but for names; of a token or key, one that nobody would type as a name.
    """
    if is_placeholder(value) or ELSEWHERE.match(value):
        return False
    if re.search(r"\s", value):
        return word == "passphrase" and WORDS_APART.fullmatch(value) is not None
    if _is_reference(value):
        return False
    if word.startswith(PASSWORDS):
        return len(value) >= 4
    return len(value) >= (8 if word == "token" else 6) and not PATTERN.search(value) and _looks_random(value)


def _assigned(text: str, start: int, end: int, kind: str) -> str | None:
    """Returns the text that is assigned to a name; None if none is."""
    before = text[max(0, start - LOOK_BACK) : start]
    found = ASSIGNED.match(text, end)
    if found and found["comma"]:
        setter = SETTER.search(before) if found["close"] else None
        if setter is None or (setter["env"] and not _looks_random(found["value"])):
            return None
    if found:
        return found["value"]
    plain = UNQUOTED.match(text, end) if kind in CONFIGS and LINE_START.search(before) else None
    if plain is None and kind == ".conf" and LINE_START.search(before):
        plain = APART_BY_SPACE.match(text, end)
    if plain is None and kind == ".xml":
        plain = XML.match(text, end)
    return plain["value"] if plain else None


def _is_reference(value: str) -> bool:
    """Returns whether a text is the name of a secret, such as `db_password` or `prod/api-key`."""
    parts = [part.lower() for piece in APART.split(value) for part in HUMPS.findall(piece)]
    is_name = re.fullmatch(r"[A-Za-z_./:\\-]+", value) is not None
    return is_name and not SECRET_WORDS.isdisjoint(parts)


def _looks_random(value: str) -> bool:
    """Returns whether a text is none of words and numbers: `8fk2-aa9x`, not `orders_2024`."""
    parts = [part for part in APART.split(value) if part]
    if all(part.isalpha() or part.isdigit() for part in parts):
        return len(value) >= LONG and value.isalpha() and len(HUMPS.findall(value)) > len(value) / 4
    return any(char.isalpha() for char in value)
