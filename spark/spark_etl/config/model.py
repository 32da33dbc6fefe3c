"""What a feature config may contain, and its JSON schema, by which editors complete and check the YAML."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    field_serializer,
)

from spark_etl.config.environment import ONLY_A_NAME, variables

Alias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
ALIAS_RULE = "a letter, then letters, digits and `_`"
CLASS_PATH = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$"
TRANSFORM_ARGUMENTS = ("end_date", "self", "spark", "start_date")
Setting = str | bool | int | float

# What Spark itself blanks out on its pages, `spark.redaction.regex`.
SECRET_SETTING = re.compile(r"(?i)secret|password|token|access[.]?key")

# Where and under what name a run runs is set where it is started: with these, a config would not run elsewhere.
# Which other settings come too late for a JVM that runs already is known only when Spark starts; the run warns then.
START_SETTINGS = re.compile(r"spark\.(master|remote|app\.name|app\.id|api\.mode|submit\..*)")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FeatureEntry(_Strict):
    """One node of the graph."""

    class_path: Annotated[str, StringConstraints(pattern=CLASS_PATH)] = Field(
        alias="class", description="The class whose transform() computes it, such as features.orders.Orders."
    )
    params: dict[str, Any] = Field(
        default={}, description="Keyword arguments of the class's __init__: text, numbers, lists, mappings."
    )


class PublishEntry(_Strict):
    """Where a feature is published."""

    path: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="A full path, or one that hangs below --publish-path."
    )
    overwrite: bool = Field(default=False, description="Whether what lies there may be replaced.")


class PublishSection(_Strict):
    """Outputs by kind of store."""

    s3: list[dict[Alias, PublishEntry]] = Field(default=[], description="Each item: a feature and where it goes.")


class PublishTarget(_Strict):
    """One output, as the runner uses it."""

    feature: str
    path: str
    overwrite: bool


class FeatureConfig(_Strict):
    """A pipeline: its features, what is published of them, and the Spark settings it needs.

    Every value is as the run uses it, with the environment's variables filled in; `written` is as the file has it.
    """

    pipeline: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] | None = Field(
        default=None, description="Its name; the name of the config's folder if it is not given."
    )
    features: Annotated[dict[Alias, FeatureEntry], Field(min_length=1)] = Field(
        description="Alias → class. The edges come from each class's `sources`."
    )
    publish: PublishSection = Field(default=PublishSection(), description="What is written elsewhere than in scratch.")
    spark_settings: dict[str, Setting] = Field(
        default={}, alias="spark", description="Spark settings; they win over those of spark-submit."
    )
    sample_key: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        default=None, description="The column by whose values a small run is drawn from every source alike."
    )
    _written: dict[str, Any] = PrivateAttr(default_factory=dict)

    @field_serializer("spark_settings")
    def _texts(self, settings: dict[str, Setting]) -> dict[str, str]:
        return {key: as_text(value) for key, value in settings.items()}

    @property
    def spark(self) -> dict[str, str]:
        """The Spark settings, as Spark takes them."""
        return {key: as_text(value) for key, value in self.spark_settings.items()}

    @property
    def written(self) -> dict[str, Any]:
        """The document as it stands in the file: `${NAME}` is not replaced, so no secret is in it."""
        return self._written

    @property
    def text(self) -> str | None:
        """The same as YAML; None where JSON says all of it."""
        return None if self._written == self.as_json else yaml.safe_dump(self._written, allow_unicode=True)

    @property
    def as_json(self) -> dict[str, Any]:
        """The same as run.json has it: dates are texts."""
        plain: dict[str, Any] = json.loads(json.dumps(self._written, default=str))
        return plain

    @property
    def variables(self) -> list[str]:
        """The environment variables it mentions, sorted: whoever runs it elsewhere has to take them there."""
        return sorted(variables(self._written))

    def outputs(self) -> list[PublishTarget]:
        """Returns every output, in the order of the file."""
        return [
            PublishTarget(feature=alias, path=entry.path, overwrite=entry.overwrite)
            for item in self.publish.s3
            for alias, entry in item.items()
        ]


def reason_to_refuse(key: str, written: Any) -> str | None:
    """Returns why a setting may not stand in a feature config, or None.

    Args:
        key: Of the setting.
        written: Its value as it stands in the file.
    """
    if not key.startswith("spark."):
        meant = f"spark.hadoop.{key}" if key.startswith("fs.") else f"spark.{key}"
        return f"`{key}` is no Spark setting: they begin with `spark.`. Did you mean `{meant}`?"
    if START_SETTINGS.fullmatch(key):
        return f"`{key}` can't be set here: it belongs to whoever starts the run. Give it to spark-submit"
    if SECRET_SETTING.search(key) and not isinstance(written, bool) and not ONLY_A_NAME.fullmatch(str(written)):
        return f"`{key}` looks like a secret: write it as ${{NAME}}, and set that variable where the run is started"
    return None


def as_text(value: str | float | bool) -> str:
    """Returns a value as Spark takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def json_schema() -> str:
    """Returns the schema as the text of feature_config.schema.json."""
    schema = _adapted(FeatureConfig.model_json_schema(by_alias=True))
    schema["properties"]["features"]["propertyNames"] = {"not": {"enum": list(TRANSFORM_ARGUMENTS)}}
    schema["properties"]["spark"]["propertyNames"] = {
        "pattern": r"^spark\.",
        "not": {"pattern": f"^({START_SETTINGS.pattern})$"},
    }
    schema["description"] = schema["description"].split("\n")[0]
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Feature config"}
    return json.dumps(whole, indent=2) + "\n"


def _adapted(part: Any) -> Any:
    """Returns a part as editors need it: with `${NAME}` where a pattern is, and no key that no pattern names."""
    if isinstance(part, list):
        return [_adapted(item) for item in part]
    if not isinstance(part, dict):
        return part
    adapted = {key: _adapted(value) for key, value in part.items() if key != "title" or not isinstance(value, str)}
    if isinstance(part.get("pattern"), str):
        adapted["pattern"] = f"({part['pattern']})|\\$\\{{"
    if "patternProperties" in part:
        adapted["additionalProperties"] = False
    return adapted
