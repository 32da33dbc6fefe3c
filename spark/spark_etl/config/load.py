"""Reads a feature config, or says what is wrong with it and in which line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from spark_etl.config import scalars
from spark_etl.config.document import Document, load_document
from spark_etl.config.environment import Where, location, substitute
from spark_etl.config.model import ALIAS_RULE, TRANSFORM_ARGUMENTS, FeatureConfig, reason_to_refuse
from spark_etl.errors import ConfigError
from spark_etl.names import alternatives
from spark_etl.printable import printable

KNOWN_KEYS: dict[str, list[str]] = {
    "": ["features", "pipeline", "publish", "sample_key", "spark"],
    "features.*": ["class", "params"],
    "publish": ["s3"],
    "publish.s3.*.*": ["overwrite", "path"],
}
LONGEST = 60
MOST_FINDINGS = 8
SMALLEST = "the smallest one: `features: {orders: {class: features.orders.Orders}}`"
TEXT = ("pipeline", "features.*.class", "publish.s3.*.*.path", "spark.*", "sample_key")
EXPECTED: dict[str, str] = {
    "": "a mapping with `features:`",
    "pipeline": "text: a letter or digit, then letters, digits, `.`, `_` and `-`",
    "features": "a mapping of at least 1 feature, such as {orders: {class: features.orders.Orders}}",
    "features.*": "a mapping with its class, such as {class: features.orders.Orders}",
    "features.*.class": "a path such as features.orders.Orders",
    "features.*.params": "a mapping of names to values, such as {days: 7}",
    "publish": "a mapping with `s3:`",
    "publish.s3": "a list of features, such as [{orders: {path: shop/orders}}]",
    "publish.s3.*": "a feature with its path, such as {orders: {path: shop/orders}}",
    "publish.s3.*.*": "a mapping with `path:`, such as {path: shop/orders, overwrite: true}",
    "publish.s3.*.*.path": "a path such as shop/orders, of at least 1 character",
    "publish.s3.*.*.overwrite": "true or false, without quotes",
    "spark": "a mapping of settings to values, such as {spark.sql.shuffle.partitions: 64}",
    "spark.*": "text, a number, true or false",
    "sample_key": "the name of a column, as text of at least 1 character",
}


def load_config(path: Path, environment: Mapping[str, str] | None = None) -> FeatureConfig:
    """Returns the feature config of a file.

    Args:
        path: The file.
        environment: What `${NAME}` is replaced from; the process's variables if not given.

    Raises:
        ConfigError: It is missing, not YAML, needs a variable that is not set, or has content that is not allowed.
    """
    document = load_document(path)
    if not isinstance(document.content, dict):
        raise ConfigError(f"{path} is no feature config: it has no `features:` section", hint=SMALLEST)
    content = substitute(document, os.environ if environment is None else environment)
    try:
        config = FeatureConfig.model_validate(content)
    except ValidationError as error:
        found = error.errors()
        findings = dict.fromkeys(_describe_finding(document, finding) for finding in found[:MOST_FINDINGS])
        more = f"; and {len(found) - MOST_FINDINGS} more" if len(found) > MOST_FINDINGS else ""
        raise ConfigError(f"{path}: " + "; ".join(findings) + more) from None
    _refuse_misreadings(document)
    _check_names(document, config)
    _check_settings(document, config)
    config._written = document.content
    return config


def _check_names(document: Document, config: FeatureConfig) -> None:
    for alias in config.features:
        if alias in TRANSFORM_ARGUMENTS:
            where = location(document, ("features", alias))
            raise ConfigError(f"{where}: a feature can't be called `{alias}`: transform() has an argument of that name")


def _check_settings(document: Document, config: FeatureConfig) -> None:
    for key in config.spark_settings:
        reason = reason_to_refuse(key, document.value(("spark", key)))
        if reason:
            raise ConfigError(f"{location(document, ('spark', key))}: {reason}")


def _refuse_misreadings(document: Document) -> None:
    """Refuses words that could be meant otherwise than YAML reads them, where any value may stand."""
    for where in (("features", "*", "params"), ("spark",)):
        for node in document.scalars_below(*where):
            if problem := scalars.misreading(node):
                raise ConfigError(f"{document.path}:{node.start_mark.line + 1}: {problem}")


def _describe_finding(document: Document, error: ErrorDetails) -> str:
    """Returns one finding of pydantic as a writer of YAML understands it."""
    at = _location_of(error)
    where = [str(part) for part in at]
    parent, last = ".".join(where[:-1]), where[-1] if where else ""
    inside = f" in {parent}" if parent else ""
    if error["type"] == "extra_forbidden":
        message = f"unknown key `{last}`{inside}. {alternatives(last, _known_keys(where[:-1]))}"
    elif error["type"] == "missing":
        message = f"`{last}`{inside} is missing"
    elif error["loc"] and error["loc"][-1] == "[key]":
        message = f"`{last}`{inside} can't be the name of a feature: {ALIAS_RULE}"
    else:
        value = document.value(at)
        message = f"`{last}`{inside} is {_format_value(document, at)}, but must be {_expected(where, value)}"
        message += _quoting(document, at, where)
    line = document.line(at)
    return printable(f"line {line}: {message}" if line else message, one_line=True)


def _expected(where: list[str], value: object) -> str:
    if _fits("features.*", where) and isinstance(value, str):
        return f"a mapping with its class: {{class: {value}}}"
    if _fits("features.*.class", where) and isinstance(value, str) and "-" in value:
        renamed = value.replace("-", "_")
        return f"a path of Python names, such as {renamed}: rename the file, as no name in Python has a `-`"
    return next((text for key, text in EXPECTED.items() if _fits(key, where)), "something else")


def _quoting(document: Document, at: Where, where: list[str]) -> str:
    """Returns how a word is written that is read as something else than the text that has to be there."""
    node = document.node(at)
    if not isinstance(node, yaml.ScalarNode) or not node.value or isinstance(document.value(at), str):
        return ""
    return (
        f"; quote it to have the text: {scalars.quoted(node.value)}" if any(_fits(key, where) for key in TEXT) else ""
    )


def _fits(key: str, where: list[str]) -> bool:
    """Returns whether `features.*.class` and the like stands for these keys, which may have dots in them."""
    parts = key.split(".") if key else []
    return len(parts) == len(where) and all(part in {"*", name} for part, name in zip(parts, where, strict=True))


def _location_of(error: ErrorDetails) -> Where:
    """Returns where in the file a finding is, without the type that pydantic tried there."""
    at = tuple(part for part in error["loc"] if part != "[key]")
    if at[:1] == ("spark",) and len(at) > 2:
        return at[:2]
    return at


def _known_keys(where: list[str]) -> list[str]:
    return next((known for key, known in KNOWN_KEYS.items() if _fits(key, where)), [])


def _format_value(document: Document, where: Where) -> str:
    """Returns a value as it stands in the file: what a variable was replaced by may be a secret."""
    node, value = document.node(where), document.value(where)
    if isinstance(node, yaml.ScalarNode) and not isinstance(value, str):
        if not node.value:
            return "empty"
        read = scalars.reading(node)
        plain = read in {node.value.lower(), f"the number {node.value}"}
        return scalars.written(node) if plain else f"{scalars.written(node)}, read as {read}"
    text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
