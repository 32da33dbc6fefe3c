"""Columns that look personal or secret: by their names, and by some of their texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from spark_etl.parquet import open_parquet
from spark_etl.reading.part_files import read_errors
from spark_etl.storage import S3Settings, storage_for
from spark_etl.store import Frame, SourceFile

LOOKED_AT = 1_000  # rows of a frame's first files
FIRST_FILES = 3
FIRST_BYTES = 64 << 10
PARQUET = b"PAR1"
WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
PERSONAL = {
    "email", "mail", "phone", "mobile", "telephone", "fax", "iban", "bic", "ssn", "passport", "birthday", "birthdate",
    "birth", "dob", "surname", "lastname", "firstname", "fullname", "forename", "address", "street", "zip", "zipcode",
    "postcode", "pan", "salary", "gender", "nationality", "religion", "latitude", "longitude", "username",
}  # fmt: skip
SECRET = {"password", "passwd", "pwd", "secret", "token", "apikey", "credential", "credentials", "privatekey", "cvv"}
PAIRS = {
    ("first", "name"), ("last", "name"), ("full", "name"), ("family", "name"), ("given", "name"), ("user", "name"),
    ("customer", "name"), ("card", "number"), ("credit", "card"), ("tax", "id"), ("tax", "number"), ("ip", "address"),
    ("date", "birth"), ("post", "code"), ("postal", "code"), ("api", "key"), ("private", "key"), ("access", "key"),
    ("account", "number"), ("social", "security"), ("e", "mail"),
}  # fmt: skip
EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.[a-zA-Z]{2,24}")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
PHONE = re.compile(r"\+\d[\d ()/.-]{6,18}\d|\(?0\d{2,5}\)?[ /-]\d[\d -]{4,10}\d")
CARD = re.compile(r"\d(?:[ -]?\d){12,18}")


class Finding(NamedTuple):
    """A column that looks personal or secret.

    Attributes:
        place: The feature, or the path of a source's object.
        column: Its name; empty for a text without columns.
        why: What it looks like.
    """

    place: str
    column: str
    why: str

    def __str__(self) -> str:
        return f"{self.place}{f'.{self.column}' if self.column else ''}: {self.why}"


def find_personal(frames: Sequence[Frame], sources: Sequence[SourceFile], settings: S3Settings | None) -> list[Finding]:
    """Returns the columns that look personal or secret. It is a look, no proof: nothing found means little.

    Args:
        frames: The frames that go along; some rows of each are looked at.
        sources: The objects that go along; the first of each folder are.
        settings: How to reach S3; from the environment if not given.
    """
    found: dict[tuple[str, str], Finding] = {}
    for frame in frames:
        for finding in _in_parquet(frame.folder, [file.path for file in frame.files], settings):
            found.setdefault(finding[:2], finding)
    folders: dict[str, list[SourceFile]] = {}
    for source in sources:
        folders.setdefault(source.original_path.rpartition("/")[0], []).append(source)
    for folder, objects in folders.items():
        for finding in _in_sources(folder, objects[:FIRST_FILES], settings):
            found.setdefault(finding[:2], finding)
    return sorted(found.values())


def by_name(column: str) -> str | None:
    """Returns what a column's name says that it is: `personal` or `secret` by its name; None for neither."""
    words = [word.lower() for word in WORDS.findall(column)]
    pairs = {*pairwise(words), *zip(words, words[2:], strict=False)}
    joined = {*words, *("".join(pair) for pair in pairs)}
    if joined & SECRET or pairs & {("api", "key"), ("private", "key"), ("access", "key")}:
        return "secret, by its name"
    return "personal, by its name" if joined & PERSONAL or pairs & PAIRS else None


def by_values(values: Iterable[str]) -> str | None:
    """Returns what some texts look like: one e-mail address or IBAN is enough, of numbers half have to look so."""
    texts = [value[:500] for value in values if value]
    for name, matches in (("e-mail addresses", _has_email), ("IBANs", _has_iban)):
        if any(map(matches, texts)):
            return f"personal, by its values: {name}"
    for name, matches in (("card numbers", _is_card), ("phone numbers", _is_phone)):
        if texts and 2 * sum(map(matches, texts)) >= len(texts):
            return f"personal, by its values: {name}"
    return None


def _in_parquet(place: str, paths: Sequence[str], settings: S3Settings | None) -> Iterator[Finding]:
    for path in paths[:FIRST_FILES]:
        try:
            with open_parquet(path, settings) as opened:
                yield from _in_columns(place, opened)
        except read_errors():
            continue


def _in_columns(place: str, opened: Any) -> Iterator[Finding]:
    import pyarrow as pa

    schema = opened.schema_arrow
    for leaf in dict.fromkeys(_names(schema)):
        if why := by_name(leaf.rpartition(".")[2]):
            yield Finding(place, leaf, why)
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    for batch in opened.iter_batches(batch_size=LOOKED_AT, columns=texts) if texts else ():
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if why := by_values(column.to_pylist()):
                yield Finding(place, name, why)
        break


def _names(fields: Iterable[Any], above: str = "") -> Iterator[str]:
    """Yields the name of each field, also of those inside of others."""
    for field in fields:
        yield f"{above}{field.name}"
        kind = field.type
        inside = [kind.field(place) for place in range(kind.num_fields)] if kind.num_fields else []
        yield from _names(inside, f"{above}{field.name}.")


def _in_sources(folder: str, objects: Sequence[SourceFile], settings: S3Settings | None) -> Iterator[Finding]:
    for source in objects:
        head = storage_for(source.path, settings).read(source.path, most=FIRST_BYTES) or b""
        if head.startswith(PARQUET):
            yield from _in_parquet(folder, [source.path], settings)
            continue
        text = head.decode(errors="replace")
        for word in dict.fromkeys(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text.partition("\n")[0][:4096])):
            if why := by_name(word):
                yield Finding(folder, word, why)
        if why := by_values(text.splitlines()[:LOOKED_AT]):
            yield Finding(folder, "", why)


def _has_email(text: str) -> bool:
    return "@" in text and EMAIL.search(text) is not None


def _has_iban(text: str) -> bool:
    return any(_is_iban(match[0].replace(" ", "")) for match in IBAN.finditer(text))


def _is_iban(text: str) -> bool:
    digits = "".join(str(int(sign, 36)) for sign in text[4:] + text[:4])
    return 15 <= len(text) <= 34 and int(digits) % 97 == 1


def _is_phone(text: str) -> bool:
    return PHONE.fullmatch(text.strip()) is not None


def _is_card(text: str) -> bool:
    if CARD.fullmatch(text.strip()) is None:
        return False
    digits = [int(sign) for sign in reversed(text) if sign.isdigit()]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
