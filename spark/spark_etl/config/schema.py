"""The JSON schema of a feature config: editors complete and check the YAML by it."""

from __future__ import annotations

import json
from typing import Any

from spark_etl.config.model import RESERVED, FeatureConfig
from spark_etl.config.spark_settings import OF_THE_START


def json_schema() -> str:
    """Returns the schema as the text of feature_config.schema.json."""
    schema = _adapted(FeatureConfig.model_json_schema(by_alias=True))
    schema["properties"]["features"]["propertyNames"] = {"not": {"enum": list(RESERVED)}}
    schema["properties"]["spark"]["propertyNames"] = {
        "pattern": r"^spark\.",
        "not": {"pattern": f"^({OF_THE_START.pattern})$"},
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
