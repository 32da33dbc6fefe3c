"""Reads a feature config, or says what is wrong with it and in which line."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from spark_etl.config.document import Document, load_document
from spark_etl.config.environment import Where, location, substitute
from spark_etl.config.model import ALIAS_RULE, TRANSFORM_ARGUMENTS, FeatureConfig, reason_to_refuse
from spark_etl.errors import ConfigError
from spark_etl.names import alternatives

KNOWN_KEYS: dict[str, list[str]] = {
    "": ["features", "pipeline", "publish", "sample_key", "spark"],
    "features.*": ["class", "params"],
    "publish": ["s3"],
    "publish.s3.*.*": ["overwrite", "path"],
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
        raise ConfigError(f"{path} is no feature config: it has no `features:` section")
    content = substitute(document, os.environ if environment is None else environment)
    try:
        config = FeatureConfig.model_validate(content)
    except ValidationError as error:
        findings = dict.fromkeys(_describe_finding(document, finding) for finding in error.errors())
        raise ConfigError(f"{path}: " + "; ".join(findings)) from None
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
    elif where[0] == "spark" and len(where) == 2:
        message = f"`{last}`{inside} is {_format_value(document, at)}, but must be text, a number, true or false"
    elif last == "class":
        value = _format_value(document, at)
        message = f"`{last}`{inside} is {value}, but must be a path such as features.orders.Orders"
    else:
        message = f"`{'.'.join(where)}` is {_format_value(document, at)}: {_lower_first(error['msg'])}"
    line = document.line(at)
    return f"line {line}: {message}" if line else message


def _location_of(error: ErrorDetails) -> Where:
    """Returns where in the file a finding is, without the type that pydantic tried there."""
    at = tuple(part for part in error["loc"] if part != "[key]")
    if at[:1] == ("spark",) and len(at) > 2:
        return at[:2]
    return at


def _known_keys(where: list[str]) -> list[str]:
    pattern = ".".join(where)
    for key, known in KNOWN_KEYS.items():
        if re.fullmatch(re.escape(key).replace(r"\*", "[^.]+"), pattern):
            return known
    return []


def _format_value(document: Document, where: Where) -> str:
    """Returns a value as it stands in the file: what a variable was replaced by may be a secret."""
    text = repr(document.value(where))
    return text if len(text) <= 60 else text[:57] + "..."


def _lower_first(message: str) -> str:
    return message[:1].lower() + message[1:]
