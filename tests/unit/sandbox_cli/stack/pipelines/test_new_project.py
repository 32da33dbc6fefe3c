"""`sandbox new`: what is made, and what is refused."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from spark_etl.config import load_config

from sandbox_cli.app import run_command
from sandbox_cli.errors import UsageError
from sandbox_cli.settings import ROOT
from sandbox_cli.stack.pipelines import new_project
from sandbox_cli.stack.pipelines.new_project import DAY, PLACEHOLDER, SNAPSHOT, TEMPLATE, NewProject, make_project

FILES = [
    ".gitignore",
    "README.md",
    "data/orders.csv",
    "feature_config.yaml",
    "pyproject.toml",
    "shop/__init__.py",
    "shop/features.py",
    "tests/test_features.py",
]


def test_it_is_the_template_under_another_name(tmp_path: Path) -> None:
    made = make_project("shop", tmp_path)
    assert sorted(made.files) == FILES
    assert (
        sorted(path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()) == FILES
    )
    text = {name: (made.folder / name).read_text() for name in made.files}
    assert not [name for name in FILES if PLACEHOLDER in text[name]]
    source = (TEMPLATE / PLACEHOLDER / "features.py").read_text()
    assert text["shop/features.py"] == source.replace(PLACEHOLDER, "shop")
    assert [path.name for path in tmp_path.iterdir()] == ["shop"], "nothing else is left"
    assert made.folder.stat().st_mode & 0o055 == 0o055, "a driver may read it"


def test_the_config_names_classes_that_are_there(tmp_path: Path) -> None:
    made = make_project("shop", tmp_path)
    config = load_config(made.folder / "feature_config.yaml")
    assert config.pipeline == "shop"
    for feature in config.features.values():
        module, _, name = feature.class_path.rpartition(".")
        assert f"class {name}(" in (made.folder / f"{module.replace('.', '/')}.py").read_text()


def test_the_data_is_put_where_the_feature_reads_it(tmp_path: Path) -> None:
    made = make_project("shop", tmp_path)
    put, _, run = made.next_commands()
    features = (made.folder / "shop" / "features.py").read_text()
    assert 'PUBLISHED = "s3a://published/shop/"' in features
    assert f'source_schema_id="{SNAPSHOT}"' in features
    words = shlex.split(put)
    assert words[3:] == [str(made.folder / "data/orders.csv"), "s3://published/shop", *words[5:]]
    assert words[5:] == ["--as-snapshot", SNAPSHOT, "--date", DAY]
    assert f"--start-date {DAY} --end-date {DAY}" in run
    readme = (made.folder / "README.md").read_text()
    for command in made.next_commands():
        shown = command.replace(str(made.folder / "data"), "data").replace(str(made.folder), ".")
        assert f"    {shown}\n" in readme


@pytest.mark.parametrize("page", ["README.md", "docs/new-project.md"])
def test_the_pages_show_the_commands_that_a_test_runs(page: str) -> None:
    text = (ROOT / page).read_text()
    for command in ["sandbox new shop", *NewProject("shop", Path("shop"), ()).next_commands(), "sandbox diff"]:
        assert f"    ./{command}\n" in text, command


@pytest.mark.parametrize(
    ("name", "expected", "hint"),
    [
        ("random", "Python's own module random", "sandbox new my_random"),
        ("pandas", "the library pandas", "sandbox new my_pandas"),
        ("pytest", "the library pytest, which is installed here", "sandbox new my_pytest"),
        ("tests", "a folder that every new project has", "sandbox new my_tests"),
        ("class", "can't be a project's name", "sandbox new my_class"),
        ("match", "can't be a project's name", "sandbox new my_match"),
        ("My Shop", "can't be a project's name", "sandbox new my_shop"),
        ("2shops", "can't be a project's name", "sandbox new my_2shops"),
        ("../shop", "can't be a project's name", "sandbox new shop"),
        ("größe", "can't be a project's name", "sandbox new gr_e"),
        ("x", "can't be a project's name", "sandbox new my_x"),
        ("", "can't be a project's name", None),
        ("--", "can't be a project's name", None),
    ],
)
def test_a_name_that_can_be_no_package_is_refused(tmp_path: Path, name: str, expected: str, hint: str | None) -> None:
    with pytest.raises(UsageError, match=expected) as caught:
        make_project(name, tmp_path)
    assert caught.value.hint == (hint and f"{hint} --into {tmp_path}")
    with pytest.raises(UsageError) as caught:
        make_project(name, Path())
    assert caught.value.hint == hint
    assert not list(tmp_path.iterdir())


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with pytest.raises(UsageError, match="is there already"):
        make_project("shop", tmp_path)
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(UsageError, match="is there already"):
        make_project("dangling", tmp_path)
    with pytest.raises(UsageError, match="no such folder"):
        make_project("shop", tmp_path / "nosuch")
    assert not list((tmp_path / "shop").iterdir())


def test_nothing_is_left_of_one_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(name: str, project: Path) -> list[str]:
        project.mkdir()
        (project / "README.md").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(new_project, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_project("shop", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_ones_own_of_that_name_is_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert make_project("shop", tmp_path / "elsewhere").folder.is_dir()


def test_the_command_says_what_to_type_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_PROGRAM", "./sandbox")
    assert run_command(["new", "shop", "--into", str(tmp_path)]) == 0
    shown = capsys.readouterr().err
    assert f"  ./sandbox run {tmp_path / 'shop'} --start-date" in shown
    assert run_command(["new", "shop", "--into", str(tmp_path)]) == 2

    assert run_command(["new", "shop_2", "--into", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["name"], found["path"]) == ("shop_2", str(tmp_path / "shop_2"))
    assert "shop_2/features.py" in found["files"]
    assert len(found["next"]) == 3


def test_the_wheel_has_all_of_the_template(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        packed = {name for name in content.namelist() if name.startswith("sandbox_cli/template/")}
    tracked = subprocess.run(["git", "ls-files", TEMPLATE], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert packed >= set(tracked.split())
