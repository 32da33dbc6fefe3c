from __future__ import annotations

import itertools
import re
from datetime import date
from pathlib import Path

import pytest
import yaml
from spark_etl import bounded_yaml
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
    ("features: {}", "`features` is {}, but must be a mapping of at least 1 feature"),
    ("features: {a: {clas: m.C}}", r"unknown key `clas` in features\.a\. Did you mean `class`\?"),
    ("features: {a: {}}", r"`class` in features\.a is missing"),
    ("features: {a: {class: Orders}}", "must be a path such as features.orders.Orders"),
    ("features: {a: {class: 'os;rm.C'}}", "must be a path such as"),
    ("features: {a-b: {class: m.C}}", "`a-b` in features can't be the name of a feature"),
    ("features: {_a: {class: m.C}}", "`_a` in features can't be the name of a feature"),
    ("features: {2: {class: m.C}}", ":1: the key `2` is no text: it is read as the number 2"),
    ("features: {spark: {class: m.C}}", "can't be called `spark`"),
    ("feature: {a: {class: m.C}}", r"unknown key `feature`\. Did you mean `features`\?"),
    ("features: {a: {class: m.C}}\npublish: {gcs: []}", r"unknown key `gcs` in publish\. .*Known: s3\."),
    ("features: {a: {class: m.C}}\npublish: {s3: [{a: {pth: x}}]}", r"unknown key `pth` .* Did you mean `path`\?"),
    (
        "features: {a: {class: m.C}}\npublish: {s3: [{a: {path: x, overwrite: 'yes'}}]}",
        r"`overwrite` in publish\.s3\.0\.a is 'yes', but must be true or false",
    ),
    ("features: {a: {class: m.C}}\npublish: {s3: [{a: {path: ''}}]}", "at least 1 character"),
    ("pipeline: ../x\nfeatures: {a: {class: m.C}}", "`pipeline` is '../x'"),
    (
        "features:\n  a: {class: m.C}\n  b: {class: m.D}\n  a: {class: m.E}",
        r":4: `a` stands here a second time; .* line 2",
    ),
    ("features:\n  a: {class: m.C, class: m.D}", "`class` stands here a second time"),
    ("features:\n  a: [", r":2: not YAML: no value where"),
    (
        "features: {a: {class: !!python/object/apply:os.system ['true']}}",
        ":1: a value of the type .*os.system`",
    ),
    ("features: {a: {class: m.C}}\n? [x]\n: y", r":2: the key \['x'\] is no text"),
    (
        "features: {a: {class: m.C}}\nsince: 2024-02-30",
        ":2: `2024-02-30` looks like a date or time, but",
    ),
    ("features: &f {a: *f}", ":1: what is anchored here contains itself"),
    ("features: {a: {class: m.C, params: [1]}}", r"`params` in features\.a is \[1\], but must be a mapping of names"),
    ("features: {a: {class: m.C, param: {}}}", r"unknown key `param` in features\.a\. Did you mean `params`\?"),
    ("features: {a: {class: m.C, params: {days: {1: 2}}}}", ":1: the key `1` is no text"),
    ("features: {a: {class: m.C, params: {days: !!set {x}}}}", ":1: a set can't be in a feature config"),
    ("features: {a: {class: m.C, params: {k: !!binary aGk=}}}", ":1: bytes can't be in a feature config"),
    (
        "features: {a: {class: m.C}}\nsample_key: 3",
        "`sample_key` is 3, but must be the name .* text: '3'",
    ),
    ("features: {a: {class: m.C}}\nspark: {spark.sql.x: [1]}", r"`spark.sql.x` in spark is \[1\], but must be text"),
    ("features: {a: {class: m.C}}\nspark: {spark.sql.x: }", "`spark.sql.x` in spark is empty, but must be text"),
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


MISREAD = [
    ("features: {no: {class: m.C}}", ":1: the key `no` is no text: it is read as false", "quote it, 'no'"),
    ("features: {a: m.C}", "line 1: `a` in features is 'm.C', but must be a mapping with its class: {class: m.C}", ""),
    (
        "pipeline: 01234",
        "line 1: `pipeline` is 01234, read as the number 668, .*quote it .*: '01234'",
        "",
    ),
    ("pipeline: 12:30", "`pipeline` is 12:30, read as the number 750, .*: '12:30'", ""),
    ("publish: {s3: [{a: {path: 2024-02-29}}]}", "`path` .* is 2024-02-29, read as a date, .*: '2024-02-29'", ""),
    ("sample_key: .inf", "`sample_key` is .inf, read as the number inf, .*: '.inf'", ""),
    ("features: {a: {class: ~}}", "`class` in features.a is ~, read as nothing, .*: '~'", ""),
    ("features: {a: {class: my-features.A}}", "such as my_features.A: rename the file", ""),
    ("spark: {spark.a: on}", ":1: `on` is read as true: write 'on' for the text, or true", ""),
    ("spark: {spark.a: 12:30}", ":1: `12:30` is read as the number 750: write '12:30' for the text, or 750", ""),
    ("since: 2024-02-30", ":1: `2024-02-30` looks like a date or time, but is not a valid one", "write '2024-02-30'"),
    ("x: =", ":1: `=` has to be quoted: '='", ""),
    ("a: 1\n\tb: 2", ":2: not YAML: a tab; YAML is indented by spaces", ""),
    ("a: *x", r":1: not YAML: `\*x` stands for nothing", ""),
    ("a: *.csv", r":1: not YAML: `\*` and `&` begin names of YAML's own; quote the text", ""),
    ("a: {<<: 5}", ":1: not YAML: `<<` takes a mapping, or a list of mappings", ""),
    ("features: {017: {class: m.C}}", "the key `017` is no text: it is read as the number 15", "begins with a letter"),
    ("a: 1\n---\nb: 2", ":2: not YAML: a second document", ""),
    ("a: &x {b: 1}\nc:\n  <<: *x\n  <<: *x", ":4: `<<` stands here a second time", r"write <<: \[\*one, \*other\]"),
]


@pytest.mark.parametrize(("text", "expected", "hint"), MISREAD)
def test_what_is_read_otherwise_than_it_is_written_is_named(
    tmp_path: Path, text: str, expected: str, hint: str
) -> None:
    whole = text if "features:" in text else f"{text}\nfeatures: {{a: {{class: m.C}}}}"
    with pytest.raises(ConfigError, match=expected) as caught:
        load_config(written(tmp_path, whole))
    assert re.search(hint, caught.value.hint or "")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("NO", "`NO` is read as false: write 'NO' for the text, or false"),
        ("01234", "`01234` is read as the number 668: write '01234' for the text, or 668"),
        ("12:30", "`12:30` is read as the number 750"),
        ("1_000", "`1_000` is read as the number 1000"),
        ("0x1F", "`0x1F` is read as the number 31"),
        ("08", "`08` is read as text, though it looks like a number: write '08', or 8"),
        ("1e3", "`1e3` is read as text, though it looks like a number: write '1e3', or 1000.0"),
        ("{at: [on]}", "`on` is read as true"),
    ],
)
def test_a_parameter_that_could_be_meant_otherwise_is_refused(tmp_path: Path, word: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=f":3: {expected}"):
        load_config(written(tmp_path, f"features:\n  a: {{class: m.C, params: {{\n    x: {word}}}}}"))


def test_of_many_findings_the_first_are_told(tmp_path: Path) -> None:
    keys = "".join(f"key{number}: 1\n" for number in range(100))
    with pytest.raises(ConfigError, match=r"line 2: unknown key `key0`.*; and 92 more$"):
        load_config(written(tmp_path, f"features: {{a: {{class: m.C}}}}\n{keys}"))


def test_overwrite_may_be_yes(tmp_path: Path) -> None:
    text = "features: {a: {class: m.C}}\npublish: {s3: [{a: {path: x, overwrite: yes}}]}"
    assert load_config(written(tmp_path, text)).outputs()[0].overwrite


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in itertools.pairwise("abcdefghij")
)
MERGES = "a: &a {k: 1}\n" + "".join(
    f"{new}: &{new}\n  <<: [{', '.join([f'*{old}'] * 9)}]\n" for old, new in itertools.pairwise("abcdefghij")
)
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{at}: &a{at} [*a{at - 1}]\n" for at in range(1, 500))


@pytest.mark.parametrize("loader", [bounded_yaml.Loader, yaml.SafeLoader])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: " + "[" * 3000 + "]" * 3000, ":1: lists and mappings are nested more than 50 levels deep"),
        ("{a: " * 3000, ":1: lists and mappings are nested more than 50 levels deep"),
        ("\n".join(" " * level + "a:" for level in range(600)), ":51: lists and mappings are nested more than 50"),
        ("- " * 3000, ":1: lists and mappings are nested more than 50 levels deep"),
        (CHAIN, ":50: lists and mappings are nested more than 50 levels deep"),
        (LAUGHS, r":\d: with its aliases replaced it comes to more than 1 MB"),
        (MERGES, r":\d+: with its aliases replaced it comes to more than 1 MB"),
        ("a: " + "1" * 100_000, ":1: a number of 100,000 characters; quote it"),
        ("a: " + "1:" * 50_000 + "1", ":1: a number of 100,001 characters; quote it"),
        ("a: !!int " + "1:" * 50_000 + "1", ":1: a number of 100,001 characters; quote it"),
        ("a: " + "x" * 300_000, ": it has more than 256 kB"),
    ],
    ids=["flow", "open", "block", "dashes", "chain", "laughs", "merges", "digits", "base60", "tag", "size"],
)
def test_a_config_that_is_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loader: type, text: str, expected: str
) -> None:
    monkeypatch.setattr(bounded_yaml, "Loader", loader)
    with pytest.raises(ConfigError, match=expected):
        load_config(written(tmp_path, text))


@pytest.mark.parametrize("loader", [bounded_yaml.Loader, yaml.SafeLoader])
@pytest.mark.parametrize("value", ["0a1b2c3d" * 16, "[" + "1," * 62_000 + "1]", "'" + "1" * 128 + "'"])
def test_what_is_long_but_no_number_and_has_no_alias_is_read(
    monkeypatch: pytest.MonkeyPatch, loader: type, value: str
) -> None:
    monkeypatch.setattr(bounded_yaml, "Loader", loader)
    assert bounded_yaml.compose(f"a: {value}")


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
@pytest.mark.parametrize("quote", ["'", '"', ""])
def test_variables_are_filled_in(tmp_path: Path, written_as: str, read_as: str, quote: str) -> None:
    value = f"{quote}{written_as}{quote}"
    text = f"features: {{a: {{class: m.C, params: {{x: {value}, deep: [{{y: {value}}}]}}}}}}"
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
    text = "features: {a: {class: m.C, params: {n: 1, f: 0.5, b: true, d: 2024-02-29, none: , list: [1, {x: y}]}}}"
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
    monkeypatch.setattr(bounded_yaml, "Loader", yaml.SafeLoader)
    assert load_config(written(tmp_path, GOOD)) == fast
    with pytest.raises(ConfigError, match=":4: `a` stands here a second time"):
        load_config(written(tmp_path, "features:\n  a: {class: m.C}\n  b: {class: m.D}\n  a: {class: m.E}"))
