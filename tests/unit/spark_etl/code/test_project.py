from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from spark_etl.code.project import Project
from spark_etl.errors import ConfigError

from tests.unit.spark_etl.conftest import ProjectFolder


@pytest.fixture
def project(project_folder: ProjectFolder) -> Project:
    project = Project(project_folder.folder)
    project.activate()
    return project


def test_a_feature_of_the_project_is_loaded_under_its_alias(project: Project, project_folder: ProjectFolder) -> None:
    assert project.load_feature("net", project_folder.feature("orders")).alias == "net"


@pytest.mark.parametrize(
    ("class_path", "expected"),
    [
        ("os.path.Feature", r"no module os\.path in the project"),
        ("spark_etl.feature.SparkFeature", r"no module spark_etl\.feature in the project"),
        ("{package}.ordrs.Feature", r"Did you mean `{package}\.orders`\?"),
        ("{package}.orders.Featur", r"has no class Featur\. Did you mean `Feature`\?"),
        ("{package}.orders.ConfiguredSparkFeature", "is no subclass of SparkFeature"),
        ("{package}.orders.SparkFeature", "is no subclass of SparkFeature"),
        ("{package}.broken.Feature", r"importing .* raises ZeroDivisionError: .* \({package}/broken\.py:2\)"),
        ("{package}.failing.Feature", r"Feature\(\) raises KeyError: 'x' \({package}/failing\.py:4\)"),
        (
            "{package}.lazy.Feature",
            r"looking for Feature in .*lazy raises KeyError: 'Feature' \({package}/lazy\.py:3\)",
        ),
        (
            "{package}.odd.Feature",
            r"importing .* raises OddError: .*__str__ raises ValueError.* \({package}/odd\.py:5\)",
        ),
        ("{package}.inner.Feature", r"raises SyntaxError: invalid syntax \({package}/wrong\.py:2\)"),
        ("{package}.nul.Feature", r"raises SyntaxError: .*null bytes \({package}/nul\.py:1\)"),
        (
            "{package}.chain.Feature",
            r"raises RuntimeError: no rates \({package}/chain\.py:5\)\ncaused by KeyError: 'x'",
        ),
        ("{package}.hyphe_nated.Feature", r"hyphe-nated is none that can be imported"),
        ("{package}.gone.Feature", r"loading {package}\.gone\.Feature raises AttributeError"),
        ("{package}.made.Feature", r"Feature\(\) returns a str, and no instance of Feature"),
        ("{package}.fixed.Feature", r"setting `alias`, .* raises AttributeError: .*has no setter"),
    ],
)
def test_a_class_that_can_not_be_used_is_refused(
    project: Project, project_folder: ProjectFolder, class_path: str, expected: str
) -> None:
    project_folder.feature("orders")
    project_folder.write("broken", "1 / 0")
    project_folder.write("failing", "class Feature(SparkFeature):\n    def __init__(self):\n        {}['x']")
    project_folder.write(
        "odd", "class OddError(Exception):\n    def __str__(self):\n        raise ValueError\nraise OddError"
    )
    project_folder.write("wrong", "x = = 1")
    project_folder.write("inner", f"from {project_folder.package} import wrong")
    project_folder.write("nul", "x = 1\0")
    project_folder.write("chain", "try:\n    {}['x']\nexcept KeyError as e:\n    raise RuntimeError('no rates') from e")
    project_folder.write("hyphe-nated", "")
    project_folder.write("gone", "import sys\nsys.modules[__name__] = None")
    project_folder.write("made", "class Feature(SparkFeature):\n    def __new__(cls):\n        return 'x'")
    project_folder.write("lazy", "def __getattr__(name):\n    return {}[name]")
    project_folder.write("fixed", "class Feature(SparkFeature):\n    alias = property(lambda self: 'x')")
    package = project_folder.package
    with pytest.raises(ConfigError, match=expected.format(package=package)):
        project.load_feature("net", class_path.format(package=package))


def test_a_class_that_stands_in_another_file_is_found(project: Project, project_folder: ProjectFolder) -> None:
    project_folder.feature("orders")
    project_folder.write("others", "X = 1")
    with pytest.raises(ConfigError, match="others has no class Feature") as caught:
        project.load_feature("net", f"{project_folder.package}.others.Feature")
    assert caught.value.hint == f"there is one in {project_folder.package}/orders.py"


@pytest.mark.parametrize(
    ("signature", "params", "expected"),
    [
        ("", {"days": 1}, r"takes no parameter `days`\. It takes none\."),
        (", days", {"day": 1}, r"takes no parameter `day`\. Did you mean `days`\? Known: days\."),
        (", days, zone, most=3", {"most": 1}, "needs the parameters it is not given: days, zone"),
        (", *, days", {}, "needs the parameters it is not given: days"),
        (", *rest, **more", {"self": 1}, r"raises TypeError"),
    ],
)
def test_parameters_that_do_not_fit_are_refused_by_name(
    project: Project, project_folder: ProjectFolder, signature: str, params: dict[str, int], expected: str
) -> None:
    project_folder.write(
        "net", f"class Net(SparkFeature):\n    def __init__(self{signature}):\n        self.sources = {{}}"
    )
    with pytest.raises(ConfigError, match=f"feature `net`: .*{expected}"):
        project.load_feature("net", f"{project_folder.package}.net.Net", params)


def test_parameters_arrive_as_keywords_each_feature_with_its_own(
    project: Project, project_folder: ProjectFolder
) -> None:
    project_folder.write(
        "net",
        """
        class Net(SparkFeature):
            def __init__(self, days, zone="UTC", **more):
                self.sources, self.got = {}, (days, zone, more)
                days.append(0)
        """,
    )
    params = {"days": [7], "other": {"a": 1}}
    first, second = (project.load_feature(alias, f"{project_folder.package}.net.Net", params) for alias in "ab")
    assert vars(first)["got"] == vars(second)["got"] == ([7, 0], "UTC", {"other": {"a": 1}})
    assert params["days"] == [7]


def test_nothing_outside_of_the_project_is_even_imported(project: Project, tmp_path: Path) -> None:
    (tmp_path / "outside_of_it.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')")
    sys.path.insert(0, str(tmp_path))
    with pytest.raises(ConfigError, match="no module outside_of_it"):
        project.load_feature("net", "outside_of_it.Feature")
    assert not (tmp_path / "imported").exists()


def test_a_class_that_a_module_only_borrows_from_outside_is_refused(
    project: Project, project_folder: ProjectFolder, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere_features.py").write_text(
        "from spark_etl import SparkFeature\nclass Borrowed(SparkFeature): pass"
    )
    sys.path.insert(0, str(tmp_path))
    project_folder.write("borrower", "from elsewhere_features import Borrowed")
    with pytest.raises(ConfigError, match="comes from elsewhere_features, outside of"):
        project.load_feature("net", f"{project_folder.package}.borrower.Borrowed")


def test_a_module_named_like_one_of_python_is_reported(project: Project, project_folder: ProjectFolder) -> None:
    (project_folder.folder / "json.py").write_text("")
    with pytest.raises(ConfigError, match="was imported as json, but"):
        project.load_feature("net", "json.Feature")


def test_executors_get_code_and_small_resources_only(project: Project, project_folder: ProjectFolder) -> None:
    project_folder.feature("orders")
    folder = project_folder.folder
    for name in (".git/config", "data/orders.csv", "pkg/__pycache__/x.pyc", "venv/pyvenv.cfg", ".env", "lookup.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    (folder / "big.json").write_bytes(b"x" * (2 << 20))
    names = zipfile.ZipFile(io.BytesIO(project.archive())).namelist()
    own = {name for name in names if not name.startswith("spark_etl/") and not name.endswith("/")}
    assert own == {f"{project_folder.package}/orders.py", "lookup.json"}
    assert "spark_etl/feature.py" in names


def test_the_archive_is_the_same_each_time(project: Project, project_folder: ProjectFolder) -> None:
    file = project_folder.write("orders", "x = 1")
    first = project.archive()
    file.touch()
    assert project.archive() == first


def test_packages_without_init_are_importable_from_the_archive(
    project: Project, project_folder: ProjectFolder, tmp_path: Path
) -> None:
    class_path = project_folder.feature("orders")
    archive = tmp_path / "code.zip"
    archive.write_bytes(project.archive())
    module = class_path.rpartition(".")[0]
    code = f"import sys; sys.path.insert(0, {str(archive)!r}); import {module} as m; print(m.__file__)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "code.zip" in shown.stdout


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        Project(tmp_path / "nowhere")
