from __future__ import annotations

from pathlib import Path

import pytest
from spark_etl.config import load_config
from spark_etl.errors import ConfigError

GOOD = """
features:
    feature1_alias:
        class: path.to.my.Feature1Class
    feature4_alias:
        class: path.to.my.Feature4Class
publish:
    s3:
        - feature4_alias:
            path: s3a://bucket/path/to/desired/location
            overwrite: True
"""

BAD = [
    ("features: [a]", r"`features` is \['a'\]"),
    ("- a", "no feature config"),
    ("", "no feature config"),
    ("publish: {}", "`features` is missing"),
    ("features: {}", "at least 1 item"),
    ("features: {a: {clas: m.C}}", r"unknown key `clas` in features\.a\. Did you mean `class`\?"),
    ("features: {a: {}}", r"`class` in features\.a is missing"),
    ("features: {a: {class: Orders}}", "must be a path such as features.orders.Orders"),
    ("features: {a: {class: 'os;rm.C'}}", "must be a path such as"),
    ("features: {a-b: {class: m.C}}", "`a-b` in features can't be the name of a feature"),
    ("features: {_a: {class: m.C}}", "`_a` in features can't be the name of a feature"),
    ("features: {2: {class: m.C}}", "can't be the name of a feature|valid string"),
    ("features: {spark: {class: m.C}}", "can't be called `spark`"),
    ("feature: {a: {class: m.C}}", r"unknown key `feature`\. Did you mean `features`\?"),
    ("features: {a: {class: m.C}}\npublish: {gcs: []}", r"unknown key `gcs` in publish\. .*Known: s3\."),
    ("features: {a: {class: m.C}}\npublish: {s3: [{a: {pth: x}}]}", r"unknown key `pth` .* Did you mean `path`\?"),
    ("features: {a: {class: m.C}}\npublish: {s3: [{a: {path: x, overwrite: 'yes'}}]}", "overwrite` is 'yes'"),
    ("features: {a: {class: m.C}}\npublish: {s3: [{a: {path: ''}}]}", "at least 1 character"),
    ("pipeline: ../x\nfeatures: {a: {class: m.C}}", "`pipeline` is '../x'"),
    (
        "features:\n  a: {class: m.C}\n  b: {class: m.D}\n  a: {class: m.E}",
        r":4: `a` stands here a second time; .* line 2",
    ),
    ("features:\n  a: {class: m.C, class: m.D}", "`class` stands here a second time"),
    ("features:\n  a: [", r"not YAML: line 2"),
    ("features: {a: {class: !!python/object/apply:os.system ['true']}}", "not YAML"),
]


def written(folder: Path, text: str) -> Path:
    file = folder / "feature_config.yaml"
    file.write_text(text)
    return file


def test_the_printed_config_is_read(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD))
    assert {alias: entry.class_path for alias, entry in config.features.items()} == {
        "feature1_alias": "path.to.my.Feature1Class",
        "feature4_alias": "path.to.my.Feature4Class",
    }
    (output,) = config.outputs()
    assert (output.feature, output.path, output.overwrite) == (
        "feature4_alias",
        "s3a://bucket/path/to/desired/location",
        True,
    )


def test_overwrite_is_off_unless_said(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, "features: {a: {class: m.C}}\npublish: {s3: [{a: {path: x}}]}"))
    assert not config.outputs()[0].overwrite


@pytest.mark.parametrize(("text", "told"), BAD)
def test_a_wrong_config_is_refused_by_name(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        load_config(written(tmp_path, text))
    assert "feature_config.yaml" in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_a_missing_config_names_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "features.yaml").write_text(GOOD)
    with pytest.raises(ConfigError, match="no feature config at") as caught:
        load_config(tmp_path / "feature_config.yaml")
    assert "features.yaml" in str(caught.value.hint)


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't read"):
        load_config(tmp_path)
