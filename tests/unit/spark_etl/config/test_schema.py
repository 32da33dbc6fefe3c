"""What an editor says of a config is what the runner says of it."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from spark_etl.config import json_schema, load_config
from spark_etl.errors import ConfigError

from tests.support.sandbox import ROOT

REVENUE = ROOT / "spark" / "pipelines" / "revenue" / "feature_config.yaml"
CONFIGS = [
    ("features: {a: {class: m.C}}", True),
    ("features: {a: {class: m.C, params: {x: [1, {y: z}]}}}\nsample_key: id\npipeline: p", True),
    ("features: {a: {class: 'm.${NAME:-C}'}}\npipeline: '${NAME:-p}'", True),
    ("features: {a: {class: m.C}}\nspark: {spark.sql.shuffle.partitions: 8}", True),
    ("features: {a: {class: m.C}}\npublish: {s3: [{a: {path: x, overwrite: True}}]}", True),
    ("features: {a: {class: m.C}}\nspark: {spark.driver.memory: 4g}", True),
    ("features: {}", False),
    ("features: {a: {clas: m.C}}", False),
    ("features: {a-b: {class: m.C}}", False),
    ("features: {spark: {class: m.C}}", False),
    ("features: {a: {class: C}}", False),
    ("features: {a: {class: m.C}}\nspark: {sql.x: 1}", False),
    ("features: {a: {class: m.C}}\nspark: {spark.submit.deployMode: cluster}", False),
    ("features: {a: {class: m.C}}\nspark: {spark.x: [1]}", False),
    ("features: {a: {class: m.C}}\npublish: {s3: [{a: {path: x, overwrite: 'yes'}}]}", False),
    ("features: {a: {class: m.C}}\npublish: {s3: [{a: {}}]}", False),
]


@pytest.fixture(scope="module")
def editor() -> Any:
    return jsonschema.Draft202012Validator(json.loads(json_schema()))


def test_the_published_schema_is_the_codes() -> None:
    published = files("spark_etl").joinpath("feature_config.schema.json").read_text()
    assert published == json_schema(), "spark-etl schema > spark/spark_etl/feature_config.schema.json"


@pytest.mark.parametrize(("text", "good"), CONFIGS)
def test_editor_and_runner_agree(editor: Any, tmp_path: Path, text: str, good: bool) -> None:
    file = tmp_path / "feature_config.yaml"
    file.write_text(text)
    if good:
        load_config(file, {})
    else:
        with pytest.raises(ConfigError):
            load_config(file, {})
    assert editor.is_valid(yaml.safe_load(text)) is good


def test_the_sample_names_the_schema_and_keeps_to_it(editor: Any) -> None:
    first = REVENUE.read_text().splitlines()[0]
    named = (REVENUE.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve()
    assert named == ROOT / "spark" / "spark_etl" / "feature_config.schema.json"
    editor.validate(yaml.safe_load(REVENUE.read_text()))


def test_every_key_explains_itself() -> None:
    schema = json.loads(json_schema())
    parts = [schema, *(schema["$defs"][name] for name in ("FeatureEntry", "PublishEntry", "PublishSection"))]
    silent = [key for part in parts for key, value in part["properties"].items() if not value.get("description")]
    assert not silent


def test_the_guides_example_is_one_and_its_table_names_every_key(editor: Any, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "feature-config.md").read_text()
    examples = [text for text in re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE) if "class:" in text]
    for text in examples:
        file = tmp_path / "feature_config.yaml"
        file.write_text(text)
        load_config(file, {})
        editor.validate(yaml.safe_load(text))
    keys = {key.split(".")[-1] for key in re.findall(r"^\| `([\w.*]+)` \|", page, re.MULTILINE)}
    parts = [editor.schema, *editor.schema["$defs"].values()]
    assert examples
    assert keys == {key for part in parts for key in part["properties"]} - {"publish"}
