"""`sandbox replay`: which code and which variables the driver gets."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.debugging.origin import Origin
from spark_etl.errors import ConfigError
from spark_etl.reading import Run
from spark_etl.store import RunDocument, StoredRun

from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.pipelines import replay, submit
from sandbox_cli.stack.pipelines.replay import Code, code_of

ID = "20240229T101112Z-7f3a2c"
ROOT = f"s3a://scratch/team/shop/{ID}"
CONFIG = "features:\n  net: {class: shop.Net, params: {rates: %s}}\n"
Git = Callable[..., str]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SANDBOX_STATE_DIR", str(tmp_path / "state"))
    return Settings(stack="sandbox")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project of a repository whose first commit lacks the fix."""
    folder = tmp_path / "repository" / "shop"
    folder.mkdir(parents=True)
    git = ["git", "-C", str(folder.parent), "-c", "user.name=ada", "-c", "user.email=ada@example.com"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    (folder.parent / "other.py").touch()
    for text in ("broken", "mended"):
        (folder / "shop.py").write_text(text)
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", text], check=True)
    (folder / "shop.py").write_text("half done")
    return folder


def origin(**known: Any) -> Origin:
    return Origin(Run(StoredRun(ROOT), RunDocument(ID, ROOT, "team", "shop", **known)), "net")


def test_a_commit_is_the_projects_part_of_it_and_recorded_as_such(settings: Settings, project: Path) -> None:
    with code_of(settings, origin(options={"project": str(project)}), None, "HEAD~1") as code:
        assert code is not None
        assert [(file.name, file.read_text()) for file in code.folder.iterdir()] == [("shop.py", "broken")]
        assert code.git is not None
        assert code.text == f"commit {code.git.commit[:12]}"
        assert (code.shown, code.git.dirty) == (project, False), "tracebacks name files that the user has"
    assert not code.folder.exists()


@pytest.mark.parametrize("commit", ["nosuch", "--all", ""])
def test_a_commit_that_is_none_is_named(settings: Settings, project: Path, commit: str) -> None:
    with (
        pytest.raises(UsageError, match=f"--commit: there is no such commit in {project}"),
        code_of(settings, origin(options={"project": str(project)}), None, commit),
    ):
        pass


def test_one_code_and_a_folder_that_is_there(settings: Settings, tmp_path: Path) -> None:
    for folder, commit, why in ((tmp_path, "HEAD", "exclude"), (tmp_path / "nosuch", None, "no such folder")):
        with pytest.raises(UsageError, match=why), code_of(settings, origin(), folder, commit):
            pass


def test_variables_are_those_of_the_run_and_of_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RATES_URL", "SALT", "HOME_OF_SECRETS"):
        monkeypatch.setenv(name, "x")
    (tmp_path / "feature_config.yaml").write_text(CONFIG % "${RATES_URL}")
    code = Code(tmp_path, "x", tmp_path, None)
    assert replay._variables(origin(config={"salt": "${SALT}"}), code) == ["RATES_URL", "SALT"]
    assert replay._variables(origin(kind="adopted"), code) == ["RATES_URL"], "an adopted run has no config"
    (tmp_path / "feature_config.yaml").write_text(CONFIG % "${NOT_SET}")
    with pytest.raises(ConfigError, match="NOT_SET"):
        replay._variables(origin(), code)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], list[str]]]:
    """The command and the options of each driver; none is started, and nothing is installed."""
    found: list[tuple[list[str], list[str]]] = []

    def run(_: object, command: list[str], *, options: list[str]) -> SimpleNamespace:
        found.append((command, options))
        return SimpleNamespace(exit_code=1)

    def install(_console: object, _session: object, file: Path | None) -> str | None:
        return file and f"of {file.read_text().strip()}"

    monkeypatch.setattr(replay.driver, "run", run)
    monkeypatch.setattr(replay.packages, "is_installed", lambda _, key: key == "there")
    monkeypatch.setattr(replay.submit, "install_packages", install)
    return found


@pytest.mark.parametrize(
    ("known", "given", "folder"),
    [
        ({}, None, None),
        ({"requirements": ["a==1"], "packages": "there"}, None, "there"),
        ({"requirements": ["a==1"], "packages": "gone"}, None, "of a==1"),
        ({"requirements": ["a==1"], "packages": "there"}, "b==2", "of b==2"),
    ],
)
def test_the_driver_has_the_packages_of_the_run_or_those_that_are_given(
    settings: Settings, tmp_path: Path, started: Any, known: dict[str, Any], given: str | None, folder: str | None
) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(given or "")
    session: Any = SimpleNamespace(settings=settings, runs=SimpleNamespace(scratch="s3a://scratch"))
    requirements = file if given else None
    assert replay.replay(Console(), session, origin(**known), None, ["--local"], requirements=requirements) == 1
    ((command, options),) = started
    assert command[4:] == [f"{ROOT}/net", "--scratch-path", "s3a://scratch", "--local"]
    assert (f"SPARK_ETL_PACKAGES=/opt/packages/{folder}" in options) == (folder is not None)
    assert not [word for word in options if word.startswith("SPARK_ETL_PROJECT=")], "its code is the run's own"


def test_the_driver_gets_other_code_as_its_project(
    settings: Settings, project: Path, started: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATES_URL", "secret")
    (project / "feature_config.yaml").write_text(CONFIG % "${RATES_URL}")
    session: Any = SimpleNamespace(settings=settings, runs=SimpleNamespace(scratch="s3a://scratch"))
    with code_of(settings, origin(), project, None) as code:
        replay.replay(Console(), session, origin(), code, [])
    ((command, options),) = started
    assert command[-4:] == ["--code", "/project", "--code-name", str(project)]
    assert f"SPARK_ETL_PROJECT={project}" in options
    assert "RATES_URL" in options
    assert "secret" not in " ".join(options), "a value is in no process list"


@pytest.mark.parametrize(
    "line", ["x @ file:///home/me/.ssh/id_rsa", "-c /etc/passwd", "--index-url https://x/${TOKEN}/"]
)
def test_packages_of_anybody_name_no_file_and_no_variable(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    session: Any = SimpleNamespace(runs=SimpleNamespace(scratch="s3a://scratch"))
    foreign = origin(kind="imported", imported={"from": "x"}, requirements=["inflection==0.5.1", line])
    monkeypatch.setattr(replay, "_variables", lambda origin, code: [])
    monkeypatch.setattr(submit, "install_packages", lambda console, session, file: None)
    with pytest.raises(UsageError, match="which is no `name==version`"):
        replay.driver_options(Console(plain=True), session, foreign)


def test_an_imported_run_names_no_folder_of_packages(
    settings: Settings, started: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder that it names may be there: with another project's packages."""
    session: Any = SimpleNamespace(settings=settings, runs=SimpleNamespace(scratch="s3a://scratch"))
    known = {"requirements": ["inflection==0.5.1"], "packages": "there", "imported": {"from": "x"}}
    options = replay.driver_options(Console(plain=True), session, origin(kind="imported", **known))
    assert "SPARK_ETL_PACKAGES=/opt/packages/of inflection==0.5.1" in options
