"""What a feature config may say."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    field_serializer,
)
from pydantic_core import PydanticCustomError

from spark_etl.config.environment import variables
from spark_etl.config.spark_settings import as_text

Alias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
ALIAS_RULE = "a letter, then letters, digits and `_`"
CLASS_PATH = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$"
RESERVED = ("end_date", "self", "spark", "start_date")
Setting = str | bool | int | float


def _plain(value: Any) -> Any:
    """Refuses what YAML can say and a parameter can't be: sets, bytes, keys that are no text."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise PydanticCustomError("key", "the key {key} in it is no text; quote it", {"key": repr(key)})
            _plain(item)
    elif isinstance(value, list):
        for item in value:
            _plain(item)
    elif not isinstance(value, str | int | float | date | None):
        raise PydanticCustomError("kind", "a {kind} can't be a parameter", {"kind": type(value).__name__})
    return value


Parameter = Annotated[Any, AfterValidator(_plain)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FeatureEntry(_Strict):
    """One node of the graph."""

    class_path: Annotated[str, StringConstraints(pattern=CLASS_PATH)] = Field(
        alias="class", description="The class whose transform() computes it, such as features.orders.Orders."
    )
    params: dict[str, Parameter] = Field(
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
