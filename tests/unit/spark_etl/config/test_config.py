from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml
from spark_etl.config import document, load_config
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
    ("features: {a: {class: m.C}}\n? [x]\n: y", "not YAML"),
    ("features: {a: {class: m.C}}\nsince: 2024-02-30", "not YAML: day"),
    ("features: &f {a: *f}", ":1: what is anchored here contains itself"),
    ("features: {a: {class: m.C, params: [1]}}", r"`features\.a\.params` is \[1\]: .*dict"),
    ("features: {a: {class: m.C, param: {}}}", r"unknown key `param` in features\.a\. Did you mean `params`\?"),
    ("features: {a: {class: m.C, params: {days: {1: 2}}}}", "the key 1 in it is no text"),
    ("features: {a: {class: m.C, params: {days: !!set {x}}}}", "a set can't be a parameter"),
    ("features: {a: {class: m.C, params: {k: !!binary aGk=}}}", "a bytes can't be a parameter"),
    ("features: {a: {class: m.C}}\nsample_key: 3", "`sample_key` is 3"),
    ("features: {a: {class: m.C}}\nspark: {spark.sql.x: [1]}", r"`spark.sql.x` in spark is \[1\], but must be text"),
    ("features: {a: {class: m.C}}\nspark: {spark.sql.x: }", "`spark.sql.x` in spark is None, but must be text"),
    ("features: {a: {class: m.C}}\nspark: {sql.x: 1}", r"`sql\.x` is no Spark setting.*`spark\.sql\.x`\?"),
    ("features: {a: {class: m.C}}\nspark: {fs.s3a.x: 1}", r"Did you mean `spark\.hadoop\.fs\.s3a\.x`\?"),
    (
        "features: {a: {class: m.C}}\nspark: {spark.master: x}",
        "belongs to whoever starts the run. Give it to spark-submit",
    ),
    ("features: {a: {class: m.C}}\nspark: {spark.submit.deployMode: cluster}", "Give it to spark-submit"),
    ("features: {a: {class: m.C}}\nspark:\n  spark.x.password: hunter2", r":3: .* looks like a secret: write it as \$"),
    ("features: {a: {class: m.C}}\nspark: {spark.x.token: '${T:-hunter2}'}", "looks like a secret"),
    ("features:\n  a:\n    class: m.C\n    clas: m.D", r": line 4: unknown key `clas`"),
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


@pytest.mark.parametrize(("text", "expected"), BAD)
def test_a_wrong_config_is_refused_by_name(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as caught:
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


@pytest.mark.parametrize(
    ("written_as", "read_as"),
    [
        ("${TEAM}", "sales"),
        ("s3a://${TEAM}-${TEAM}/x", "s3a://sales-sales/x"),
        ("${TEAM:-other}", "sales"),
        ("${NOT_SET:-other}", "other"),
        ("${EMPTY:-other}", "other"),
        ("${NOT_SET:-}", ""),
        ("${EMPTY}", ""),
        ("$${TEAM}", "${TEAM}"),
        ("a$b and c$", "a$b and c$"),
        ("$$$${TEAM}", "$${TEAM}"),
    ],
)
def test_variables_are_filled_in(tmp_path: Path, written_as: str, read_as: str) -> None:
    text = f"features: {{a: {{class: m.C, params: {{x: '{written_as}', deep: [{{y: '{written_as}'}}]}}}}}}"
    config = load_config(written(tmp_path, text), {"TEAM": "sales", "EMPTY": ""})
    assert config.features["a"].params == {"x": read_as, "deep": [{"y": read_as}]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${TAEM}", r"yaml:5: `features\.a\.params\.days\.1` needs .* TAEM, which is not set\. Did you mean `TEAM`\?"),
        ("${}", r"yaml:5: a `\$\{` in `features\.a\.params\.days\.1` is neither"),
        ("${A:-${B}}", r"yaml:5: a `\$\{` in .* is neither"),
        ("${A", r"yaml:5: a `\$\{` in .* is neither"),
    ],
)
def test_a_variable_that_can_not_be_filled_in_is_reported_with_its_line(
    tmp_path: Path, value: str, expected: str
) -> None:
    text = f"features:\n  a:\n    class: m.C\n    params: {{days: [1,\n      '{value}']}}"
    with pytest.raises(ConfigError, match=expected):
        load_config(written(tmp_path, text), {"TEAM": "sales"})


def test_what_is_kept_of_a_config_is_what_was_written(tmp_path: Path) -> None:
    text = "features: {a: {class: m.C, params: {key: '${KEY}'}}}\nspark: {spark.x.secret: '${KEY}'}"
    config = load_config(written(tmp_path, text), {"KEY": "hunter2"})
    assert config.spark == {"spark.x.secret": "hunter2"}
    assert config.written == {
        "features": {"a": {"class": "m.C", "params": {"key": "${KEY}"}}},
        "spark": {"spark.x.secret": "${KEY}"},
    }


@pytest.mark.parametrize(
    "text",
    [
        "features: {a: {class: '${KEY}'}}",
        "features: {a: {class: m.C}}\npipeline: '${KEY}'",
        "features: {a: {class: m.C}}\npublish: {s3: [{a: {path: x, overwrite: '${KEY}'}}]}",
    ],
)
def test_an_error_shows_no_variables_value(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"\$\{KEY\}") as caught:
        load_config(written(tmp_path, text), {"KEY": "hunter/2"})
    assert "hunter" not in str(caught.value)


def test_spark_settings_are_text_as_spark_takes_it(tmp_path: Path) -> None:
    settings = "{spark.a: true, spark.b: 200, spark.c: 0.5, spark.executor.memory: 2g, spark.x.token.enabled: false}"
    config = load_config(written(tmp_path, f"features: {{a: {{class: m.C}}}}\nspark: {settings}"))
    assert config.spark == {
        "spark.a": "true",
        "spark.b": "200",
        "spark.c": "0.5",
        "spark.executor.memory": "2g",
        "spark.x.token.enabled": "false",
    }


def test_parameters_keep_their_types(tmp_path: Path) -> None:
    text = "features: {a: {class: m.C, params: {n: 1, f: 0.5, b: yes, d: 2024-02-29, none: , list: [1, {x: y}]}}}"
    assert load_config(written(tmp_path, text)).features["a"].params == {
        "n": 1,
        "f": 0.5,
        "b": True,
        "d": date(2024, 2, 29),
        "none": None,
        "list": [1, {"x": "y"}],
    }


def test_what_a_merge_key_brings_in_can_be_overridden_and_has_its_line(tmp_path: Path) -> None:
    text = "features:\n  a: &a\n    class: m.C\n  b:\n    <<: *a\n    class: os\n"
    with pytest.raises(ConfigError, match=r"line 6: `class` in features\.b is 'os'"):
        load_config(written(tmp_path, text))
    config = load_config(written(tmp_path, text.replace("os", "m.D")))
    assert {alias: entry.class_path for alias, entry in config.features.items()} == {"a": "m.C", "b": "m.D"}


def test_a_yaml_without_libyaml_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = load_config(written(tmp_path, GOOD))
    monkeypatch.setattr(document, "Loader", yaml.SafeLoader)
    assert load_config(written(tmp_path, GOOD)) == fast
    with pytest.raises(ConfigError, match=":4: `a` stands here a second time"):
        load_config(written(tmp_path, "features:\n  a: {class: m.C}\n  b: {class: m.D}\n  a: {class: m.E}"))
