from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from spark_etl.errors import ArgumentError
from spark_etl.runner.options import config_file, parse_options

PRINTED = """
      --team-name my_team --notify-email my_email@example.com \
      --feature-config feature_config.yaml \
      --publish-path s3a://my-bucket/publish/ --scratch-path s3a://my-bucket/scratch/ \
      --start-date 2024-02-29 --end-date 2024-02-29 \
      --checkpoint feature1, feature2, feature3
"""
LEAST = "--team-name t --feature-config c/x.yaml --scratch-path s3a://b/s --start-date 2024-02-29 --end-date 2024-03-01"


def test_the_printed_line_is_understood() -> None:
    options = parse_options(shlex.split(PRINTED))
    assert options.team == "my_team"
    assert options.notify == ("my_email@example.com",)
    assert options.config == Path("feature_config.yaml")
    assert (options.publish, options.scratch) == ("s3a://my-bucket/publish", "s3a://my-bucket/scratch")
    assert str(options.dates) == "2024-02-29"
    assert options.checkpoints == ("feature1", "feature2", "feature3")


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("", ()),
        ("--checkpoint", ()),
        ("--checkpoint ''", ()),
        ("--checkpoint a", ("a",)),
        ("--checkpoint a,b", ("a", "b")),
        ("--checkpoint a, b,c", ("a", "b", "c")),
        ("--checkpoint 'a, b'", ("a", "b")),
        ("--checkpoint a , b", ("a", "b")),
        ("--checkpoint a a,a", ("a",)),
        ("--checkpoint a --checkpoint b", ("a", "b")),
        ("--checkpoint=a,b", ("a", "b")),
    ],
)
def test_checkpoints_may_be_split_in_any_way(given: str, names: tuple[str, ...]) -> None:
    assert parse_options(shlex.split(f"{LEAST} {given}")).checkpoints == names


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "required: --team-name, --feature-config"),
        (f"{LEAST} --chekpoint a", r"unknown argument --chekpoint\. Did you mean `--checkpoint`\?"),
        (f"{LEAST} --check a", r"unknown argument --check\."),
        (LEAST.replace("2024-02-29", "2024-02-30"), "--start-date '2024-02-30' is not a date"),
        (LEAST.replace("2024-03-01", "2024-02-01"), "--end-date 2024-02-01 is before --start-date 2024-02-29"),
        (LEAST.replace("--team-name t", "--team-name ../t"), "--team-name '../t' must be"),
        (f"{LEAST} --pipeline a/b", "--pipeline 'a/b' must be"),
        (LEAST.replace("s3a://b/s", "hdfs://b/s"), "stores of this kind are not known"),
        (LEAST.replace("--scratch-path s3a://b/s", ""), "--scratch-path is missing"),
    ],
)
def test_a_wrong_line_is_refused_by_name(line: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDBOX_SCRATCH", raising=False)
    with pytest.raises(ArgumentError, match=expected):
        parse_options(shlex.split(line))


def test_the_project_is_the_configs_folder_unless_said(tmp_path: Path) -> None:
    assert parse_options(LEAST.split()).project == Path("c").absolute()
    assert parse_options([*LEAST.split(), "--project-path", str(tmp_path)]).project == tmp_path


def test_the_sandbox_knows_its_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_SCRATCH", "s3a://scratch/")
    assert parse_options(LEAST.replace("--scratch-path s3a://b/s", "").split()).scratch == "s3a://scratch"


def test_a_folder_means_the_config_in_it(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").touch()
    with pytest.raises(ArgumentError, match=r"has no feature_config.yaml. YAML files in it: other.yaml"):
        config_file(tmp_path)
    (tmp_path / "feature_config.yaml").touch()
    assert config_file(tmp_path) == tmp_path / "feature_config.yaml"
    assert config_file(tmp_path / "nosuch.yaml") == tmp_path / "nosuch.yaml"
