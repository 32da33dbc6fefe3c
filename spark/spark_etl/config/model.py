"""What a feature config may say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from spark_etl.config.document import load_document
from spark_etl.errors import ConfigError
from spark_etl.names import alternatives

Alias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
ALIAS_RULE = "a letter, then letters, digits and `_`"
CLASS_PATH = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$"
RESERVED = {"spark", "start_date", "end_date", "self"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FeatureEntry(_Strict):
    """One node: the class whose `transform` computes it."""

    class_path: Annotated[str, StringConstraints(pattern=CLASS_PATH)] = Field(alias="class")


class PublishEntry(_Strict):
    """Where a feature is published."""

    path: Annotated[str, StringConstraints(min_length=1)]
    overwrite: bool = False


class PublishSection(_Strict):
    """Outputs by kind of store."""

    s3: list[dict[Alias, PublishEntry]] = []


class PublishTarget(_Strict):
    """One output, as the runner uses it."""

    feature: str
    path: str
    overwrite: bool


class FeatureConfig(_Strict):
    """A whole feature config."""

    pipeline: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] | None = None
    features: Annotated[dict[Alias, FeatureEntry], Field(min_length=1)]
    publish: PublishSection = PublishSection()

    def outputs(self) -> list[PublishTarget]:
        """Returns every output, in the order of the file."""
        return [
            PublishTarget(feature=alias, path=entry.path, overwrite=entry.overwrite)
            for item in self.publish.s3
            for alias, entry in item.items()
        ]


KNOWN_KEYS: dict[str, list[str]] = {
    "": ["features", "pipeline", "publish"],
    "features.*": ["class"],
    "publish": ["s3"],
    "publish.s3.*.*": ["overwrite", "path"],
}


def load_config(path: Path) -> FeatureConfig:
    """Returns the feature config of a file.

    Raises:
        ConfigError: It is missing, not YAML, or says what a feature config may not say.
    """
    document = load_document(path)
    if not isinstance(document, dict):
        raise ConfigError(f"{path} is no feature config: it has no `features:` section")
    try:
        config = FeatureConfig.model_validate(document)
    except ValidationError as error:
        raise ConfigError(f"{path}: " + "; ".join(dict.fromkeys(map(_told, error.errors())))) from None
    for alias in config.features:
        if alias in RESERVED:
            raise ConfigError(f"{path}: a feature can't be called `{alias}`: transform() has an argument of that name")
    return config


def _told(error: ErrorDetails) -> str:
    """Returns one finding of pydantic in the words of someone who writes YAML."""
    where = [str(part) for part in error["loc"] if part != "[key]"]
    parent, last = ".".join(where[:-1]), where[-1] if where else ""
    inside = f" in {parent}" if parent else ""
    if error["type"] == "extra_forbidden":
        return f"unknown key `{last}`{inside}. {alternatives(last, _known(where[:-1]))}"
    if error["type"] == "missing":
        return f"`{last}`{inside} is missing"
    if error["loc"] and error["loc"][-1] == "[key]":
        return f"`{last}`{inside} can't be the name of a feature: {ALIAS_RULE}"
    if last == "class":
        return f"`{last}`{inside} is {_shown(error['input'])}, but must be a path such as features.orders.Orders"
    return f"`{'.'.join(where)}` is {_shown(error['input'])}: {_lowered(error['msg'])}"


def _known(where: list[str]) -> list[str]:
    pattern = ".".join(where)
    for key, known in KNOWN_KEYS.items():
        if re.fullmatch(re.escape(key).replace(r"\*", "[^.]+"), pattern):
            return known
    return []


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]
