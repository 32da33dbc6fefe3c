"""The folder that a project's modules are imported from."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from spark_etl.code.project import Project
from spark_etl.errors import ConfigError
from spark_etl.runner.options import default_project

CLASS = "from spark_etl import SparkFeature\nfrom shop_in_src.common import X\nclass A(SparkFeature): pass\n"
RELATIVE = CLASS.replace("shop_in_src", "")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose modules are in `src/`."""
    package = tmp_path / "src" / "shop_in_src"
    package.mkdir(parents=True)
    for name, text in {"__init__": "", "common": "X = 1\n", "features": CLASS, "relative": RELATIVE}.items():
        (package / f"{name}.py").write_text(text)
    (tmp_path / "feature_config.yaml").write_text("features: {a: {class: shop_in_src.features.A}}")
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in [name for name in sys.modules if "shop_in_src" in name or name in {"src", "features", "relative"}]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("pyproject", "at"),
    [
        ("[project]\nname = 'shop'\n", "src"),
        ("[tool.setuptools.packages.find]\nwhere = ['code']\n", "code"),
        ("[tool.setuptools.package-dir]\n'' = 'code'\n", "code"),
        ("[tool.poetry]\npackages = [{include = 'shop_in_src', from = 'code'}]\n", "code"),
        ("[tool.hatch.build.targets.wheel]\npackages = ['code/shop_in_src']\n", "code"),
    ],
)
def test_the_root_of_a_packaged_project_is_found(folder: Path, pyproject: str, at: str) -> None:
    (folder / "pyproject.toml").write_text(pyproject)
    (folder / "src").rename(folder / at)
    root = default_project(folder / "feature_config.yaml")
    assert root == folder / at
    project = Project(root)
    project.activate()
    project.load_feature("a", "shop_in_src.features.A")


@pytest.mark.parametrize("why", ["no pyproject", "in both", "broken pyproject"])
def test_without_a_reason_the_root_is_the_configs_folder(folder: Path, why: str) -> None:
    if why != "no pyproject":
        (folder / "pyproject.toml").write_text("" if why == "in both" else "[")
    if why == "in both":
        (folder / "shop_in_src").symlink_to("src/shop_in_src")
    expected = folder / "src" if why == "broken pyproject" else folder
    assert default_project(folder / "feature_config.yaml") == expected


@pytest.mark.parametrize(
    ("at", "class_path", "expected", "hint"),
    [
        (
            "",
            "shop_in_src.features.A",
            "no module .*; it is in .*/src\n",
            "--project-path {}/src",
        ),
        ("", "shop_in_src.feature.A", r"Did you mean `shop_in_src\.features`\?", ""),
        ("", "src.shop_in_src.features.A", "No module named 'shop_in_src'", "the class as shop_in_src.features.…"),
        ("src/shop_in_src", "shop_in_src.features.A", "it is in .*/src\n", "--project-path {}/src"),
        (
            "src/shop_in_src",
            "features.A",
            "No module named 'shop_in_src'",
            "class as shop_in_src.features.…",
        ),
        ("src/shop_in_src", "relative.A", "relative import", "{}/src, and the class as shop_in_src.relative.…"),
    ],
)
def test_the_root_that_would_work_is_named(folder: Path, at: str, class_path: str, expected: str, hint: str) -> None:
    project = Project(folder / at)
    project.activate()
    with pytest.raises(ConfigError, match=expected) as caught:
        project.load_feature("a", class_path)
    assert hint.format(folder) in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("at", "written", "hint"),
    [
        ("feats.py", "from . import common", "write `import common` instead of `from . import common`"),
        ("feats.py", "from .common import X", "write `from common import X` instead"),
        ("deep/feats.py", "from ..common import X", "write `from common import X` instead"),
        ("deep/feats.py", "from ...common import X", "looks for {}/common.py, which is not there"),
        ("feats.py", "import no_such_library", "the driver does not have it: install it"),
        ("feats.py", "import comon", "is `common` meant?"),
        ("feats.py", "open('rates.csv')", "importlib.resources"),
        ("feats.py", "import common.more", None),
    ],
)
def test_what_to_write_instead_of_an_import_that_fails(tmp_path: Path, at: str, written: str, hint: str | None) -> None:
    """Another root would only lead to the next error."""
    folder = tmp_path / "proj"
    (folder / "deep").mkdir(parents=True)
    (folder / "common.py").write_text("X = 1")
    (folder / at).write_text(f"{written}\nfrom spark_etl import SparkFeature\nclass A(SparkFeature): pass\n")
    module = at.removesuffix(".py").replace("/", ".")
    try:
        project = Project(folder)
        project.activate()
        with pytest.raises(ConfigError) as caught:
            project.load_feature("a", f"{module}.A")
    finally:
        sys.path.remove(str(folder))
        for name in ("feats", "deep", "deep.feats", "common"):
            sys.modules.pop(name, None)
    assert caught.value.hint is None if hint is None else hint.format(tmp_path) in str(caught.value.hint)
