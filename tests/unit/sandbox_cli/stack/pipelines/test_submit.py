"""What `sandbox run` refuses before anything is started, and what it gives to the driver."""

from __future__ import annotations

import getpass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.code.git import GitState
from spark_etl.errors import ArgumentError, ConfigError, SparkEtlError
from spark_etl.reading import Runs
from spark_etl.runner.options import parse_options
from spark_etl.store import RunStore

from sandbox_cli.commands.run import with_resume_value
from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.pipelines import submit
from sandbox_cli.stack.pipelines.driver import DriverResult
from sandbox_cli.stack.pipelines.submit import Request, checked, repeated

DATES = ("--start-date", "2024-02-29", "--end-date", "2024-02-29")
CONFIG = """
features:
    feature1: {class: features.one.Feature}
    feature2: {class: features.two.Feature}
    feature3: {class: features.three.Feature}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A project with three features and nothing to publish."""
    file = tmp_path / "project" / "conf" / "feature_config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(CONFIG)
    return file


def check(config: Path, *arguments: str, requirements: Path | None = None) -> Request:
    return checked(config, [*DATES, *arguments], requirements=requirements)


@pytest.mark.parametrize(
    "words",
    [
        ("--checkpoint", "feature1,", "feature2,", "feature3"),
        ("--checkpoint", "feature1,feature2,feature3"),
        ("--checkpoint", "feature1, feature2, feature3"),
        ("--checkpoint", "feature1", "feature2", "feature3"),
        ("--checkpoint=feature1,feature2", "--checkpoint", "feature3"),
    ],
)
def test_checkpoints_are_taken_as_the_shell_splits_them(config: Path, words: tuple[str, ...]) -> None:
    arguments = check(config, *words).arguments
    assert parse_options(["--feature-config", "x", *arguments]).checkpoints == ("feature1", "feature2", "feature3")


def test_an_unknown_checkpoint_is_named_with_the_known_ones(config: Path) -> None:
    with pytest.raises(ArgumentError, match="--checkpoint featur4: no such feature") as caught:
        check(config, "--checkpoint", "feature1,", "featur4")
    assert "Known: feature1, feature2, feature3" in caught.value.message


@pytest.mark.parametrize(
    ("arguments", "error", "expected"),
    [
        ((), ArgumentError, "--start-date"),
        (("--start-date", "2024-02-29"), ArgumentError, "--end-date"),
        (("--start-date", "2024-02-30", "--end-date", "2024-03-01"), ArgumentError, "2024-02-30"),
        (("--start-date", "29.2.2024", "--end-date", "2024-03-01"), ArgumentError, "29.2.2024"),
        (("--start-date", "2024-03-02", "--end-date", "2024-03-01"), ArgumentError, "is before"),
        ((*DATES, "--chekpoint", "feature1"), ArgumentError, "unknown argument --chekpoint"),
        ((*DATES, "--team-name", "a/b"), ArgumentError, "--team-name 'a/b'"),
        ((*DATES, "--project-path", "/nosuch"), UsageError, "--project-path /nosuch: no such folder"),
        ((*DATES, "--project-path", "/usr"), UsageError, "is not inside of --project-path /usr"),
        ((*DATES, "--feature-config", "other.yaml"), UsageError, "--feature-config"),
        ((*DATES, "--feature-config=other.yaml"), UsageError, "--feature-config"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(
    config: Path, arguments: tuple[str, ...], error: type[Exception], expected: str
) -> None:
    with pytest.raises(error, match=expected) as caught:
        checked(config, arguments, requirements=None)
    assert isinstance(caught.value, SparkEtlError | UsageError)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("content", [None, "", "features: [", "features: {}", "feature: {}"])
def test_a_config_that_cannot_be_read_is_named(config: Path, content: str | None) -> None:
    config.unlink()
    if content is not None:
        config.write_text(content)
    with pytest.raises(ConfigError, match=r"feature_config\.yaml"):
        check(config)


def test_requirements_that_are_not_there_are_named(config: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--requirements .*/nosuch.txt: no such file"):
        check(config, requirements=tmp_path / "nosuch.txt")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), {"--team-name": "sandbox", "--publish-path": "s3a://published/", "--scratch-path": "s3a://scratch/"}),
        (("--team-name", "mine"), {"--team-name": "mine"}),
        (("--scratch-path=s3a://scratch/x/",), {"--publish-path": "s3a://published/"}),
    ],
)
def test_the_sandboxs_places_are_the_default(
    config: Path, arguments: tuple[str, ...], expected: dict[str, str]
) -> None:
    words = check(config, *arguments).arguments
    assert {name: words[words.index(name) + 1] for name in expected} == expected
    assert len([word for word in words if word.split("=")[0] == "--scratch-path"]) == 1


@pytest.mark.parametrize("form", ["--project-path {}", "--project-path={}"])
def test_the_driver_gets_paths_as_it_sees_them(config: Path, form: str) -> None:
    folder = config.parent.parent
    request = check(config, *form.format(folder).split(" "), "--checkpoint", "feature1")

    command = submit._command(request)

    assert request.folder == folder
    assert not [word for word in command if str(folder) in word]
    assert " ".join(command[1:6]) == (
        "/opt/spark_etl/spark_etl_runner.py --feature-config /project/conf/feature_config.yaml --project-path /project"
    )
    assert command[-2:] == ["--checkpoint", "feature1"]


def test_without_a_project_path_the_configs_folder_is_the_project(config: Path) -> None:
    request = check(config)
    assert request.folder == config.parent
    assert "/project/feature_config.yaml" in submit._command(request)


@pytest.mark.parametrize(
    ("content", "arguments", "expected"),
    [
        ("", (), "shop"),
        ("pipeline: billing\n", (), "billing"),
        ("", ("--pipeline", "mine"), "mine"),
        ("pipeline: billing\n", ("--pipeline=mine",), "mine"),
    ],
)
def test_a_pipeline_is_called_as_its_folder_is_on_the_users_disk(
    config: Path, content: str, arguments: tuple[str, ...], expected: str
) -> None:
    config.write_text(CONFIG + content)
    folder = config.parent.rename(config.parent.parent / "shop")

    command = submit._command(check(folder / config.name, *arguments))

    assert [command[at + 1] for at, word in enumerate(command) if word == "--pipeline"] == [expected]
    assert not [word for word in command if word.startswith("--pipeline=")]


def test_a_folder_means_the_config_in_it(config: Path) -> None:
    assert checked(config.parent, DATES, requirements=None).config == config


def test_keys_in_s3_are_left_to_the_driver(config: Path) -> None:
    words = check(config, "--keys", "s3a://scratch/keys.csv").arguments
    assert words[words.index("--keys") + 1] == "s3a://scratch/keys.csv"
    with pytest.raises(ArgumentError, match="--keys and --sample exclude each other"):
        check(config, "--keys", "s3a://scratch/keys.csv", "--sample", "0.1")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["--resume"], ["--resume", "latest"]),
        (["--resume", "--json"], ["--resume", "latest", "--json"]),
        (["--resume", "conf/feature_config.yaml"], ["--resume", "latest", "conf/feature_config.yaml"]),
        (["x.yaml", "--resume", "a1b2c3"], ["x.yaml", "--resume", "a1b2c3"]),
        (["--resume=a1b2c3"], ["--resume=a1b2c3"]),
        (["--resume", "users/ada/shop/a1b2c3"], ["--resume", "users/ada/shop/a1b2c3"]),
        (["--resume", "latest"], ["--resume", "latest"]),
    ],
)
def test_resume_without_a_value_means_the_latest_run(line: list[str], expected: list[str]) -> None:
    assert with_resume_value(line) == expected


def test_resume_alone_is_the_last_run_again(config: Path, tmp_path: Path) -> None:
    options = {"checkpoints": ["feature1"], "publish": "s3a://published", "project": str(config.parent)}
    record = RunStore(str(tmp_path / "scratch")).start(
        "mine", "shop", start_date="2024-02-01", end_date="2024-02-03", options=options, config_path=str(config),
        by={"user": getpass.getuser()},
    )  # fmt: skip
    taken, arguments, text = repeated(
        Runs(str(tmp_path / "scratch")), "latest", ["--end-date", "2024-02-02"], config=None
    )
    request = checked(taken, arguments, requirements=None)
    parsed = parse_options(["--feature-config", "x", *request.arguments])
    assert (parsed.team, parsed.pipeline, parsed.checkpoints, parsed.resume) == (
        "mine", "shop", ("feature1",), record.run.run_id,
    )  # fmt: skip
    assert str(parsed.dates) == "2024-02-01..2024-02-02"
    assert request.config == config
    assert record.run.run_id in text


@pytest.mark.parametrize(("name", "pipeline"), [("shop [v2]", "shop-v2"), (".Läden 2", "L-den-2"), ("_shop", "shop")])
def test_what_of_a_folders_name_can_not_be_a_pipelines_is_a_hyphen(config: Path, name: str, pipeline: str) -> None:
    folder = config.parent.rename(config.parent.parent / name)

    command = submit._command(check(folder / config.name))

    assert command[command.index("--pipeline") + 1] == pipeline


def test_a_folder_of_which_no_letter_can_be_a_pipelines_name_is_refused(config: Path) -> None:
    folder = config.parent.rename(config.parent.parent / "магазин")

    with pytest.raises(ArgumentError, match="'магазин' can't be the pipeline's name") as caught:
        check(folder / config.name)
    assert caught.value.hint == "give --pipeline NAME"


@pytest.fixture
def commands() -> list[list[str]]:
    """The commands of the drivers that would have run."""
    return []


@pytest.fixture
def ran(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The options of the drivers that would have run."""
    taken: list[list[str]] = []

    def run(session: Any, command: list[str], *, options: list[str]) -> DriverResult:
        taken.append(options)
        commands.append(command)
        return DriverResult(5, "")

    monkeypatch.setattr(submit.driver, "run", run)
    monkeypatch.setattr(submit.packages, "key_of", lambda session, file: "0123abcd")
    monkeypatch.setattr(submit.packages, "is_installed", lambda session, key: True)
    monkeypatch.setattr(submit, "read_git_state", lambda folder: GitState("c0ffee", dirty=True))
    return taken


def test_the_runners_exit_code_is_the_commands(config: Path, ran: list[list[str]], tmp_path: Path) -> None:
    session: Any = SimpleNamespace(settings=Settings(state_home=tmp_path / "state"))
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("tabulate\n")

    code = submit.run(Console(plain=True), session, check(config, requirements=requirements))

    assert code == 5
    (options,) = ran
    assert f"{config.parent}:/project:ro" in options
    assert "SPARK_ETL_GIT=c0ffee-dirty" in options
    assert f"SPARK_ETL_USER={getpass.getuser()}" in options
    assert any(option.startswith("SPARK_ETL_PACKAGES=/opt/packages/") for option in options)
    assert "PYTHONPATH=/opt/packages/0123abcd" in options


def test_the_driver_gets_the_variables_that_the_config_mentions_by_name_only(
    config: Path, ran: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(CONFIG + "spark: {spark.x.password: '${SHOP_PASSWORD}', spark.y: '${SHOP_ZONE:-UTC}'}\n")
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2")
    monkeypatch.delenv("SHOP_ZONE", raising=False)
    session: Any = SimpleNamespace(settings=Settings(state_home=tmp_path / "state"))

    submit.run(Console(plain=True), session, check(config))

    (options,) = ran
    assert options[options.index("SHOP_PASSWORD") - 1] == "--env"
    assert "SHOP_ZONE" not in options
    assert "hunter2" not in " ".join(options)


def test_a_variable_that_is_not_set_is_refused_before_anything_starts(config: Path) -> None:
    config.write_text(CONFIG + "pipeline: '${SHOP_NOT_SET}'\n")
    with pytest.raises(ConfigError, match="needs the environment variable SHOP_NOT_SET"):
        check(config)


def test_the_file_of_keys_is_given_as_the_driver_sees_it(config: Path, tmp_path: Path) -> None:
    keys = config.parent / "keys.csv"
    keys.write_text("customer\nc1\n")
    assert check(config, "--keys", str(keys), "--checkpoint", "feature1").arguments[-2:] == (
        "--keys",
        "/project/keys.csv",
    )
    elsewhere = tmp_path / "keys.csv"
    elsewhere.write_text("customer\nc1\n")
    with pytest.raises(UsageError, match=r"is not inside of .*conf, which is all that a driver sees") as caught:
        check(config, "--keys", str(elsewhere), "--checkpoint", "feature1")
    assert caught.value.hint == "put it there, or into S3: --keys s3a://scratch/keys.csv"


def test_a_sample_that_makes_no_sense_is_refused(config: Path) -> None:
    with pytest.raises(ArgumentError, match="--sample '5' is no share"):
        check(config, "--sample", "5", "--sample-key", "id")
    with pytest.raises(ArgumentError, match="--sample needs a key column"):
        check(config, "--sample", "0.5")


@pytest.mark.parametrize("how", ["a src layout", "beside", "a link"])
def test_a_config_outside_of_the_project_is_mounted_beside_it(
    config: Path, ran: list[list[str]], commands: list[list[str]], tmp_path: Path, how: str
) -> None:
    folder, arguments = config.parent, ()
    if how == "a src layout":
        folder = config.parent / "src"
    elif how == "beside":
        folder = config.parent.parent / "src"
    folder.mkdir(exist_ok=True)
    if how == "a link":
        elsewhere = tmp_path / "elsewhere" / "shared.yaml"
        elsewhere.parent.mkdir()
        config = config.rename(elsewhere)
        (folder / "feature_config.yaml").symlink_to(elsewhere)
        given = folder / "feature_config.yaml"
    else:
        given, arguments = config, ("--project-path", str(folder))
    session: Any = SimpleNamespace(settings=Settings(state_home=tmp_path / "state"))

    submit.run(Console(plain=True), session, check(given, *arguments))

    (options,), (command,) = ran, commands
    name = command[command.index("--feature-config") + 1]
    assert command[command.index("--project-path") + 1] == "/project"
    if how == "a link":
        assert any(option.endswith(":/project:ro") for option in options)
    assert any(option.endswith(f":{name.rpartition('/')[0]}:ro") for option in options)
    assert len([word for word in options if word.endswith(":/project:ro")]) == 1


def test_what_can_be_refused_of_a_project_is_refused_before_a_driver_starts(config: Path) -> None:
    (config.parent / "random.py").touch()
    with pytest.raises(ConfigError, match=r"random\.py has the name of Python's own module random"):
        check(config)
