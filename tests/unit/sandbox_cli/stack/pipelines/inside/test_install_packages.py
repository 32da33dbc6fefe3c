"""What pip's report says, and what becomes of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox_cli.stack.pipelines.inside import install_packages
from sandbox_cli.stack.pipelines.inside.install_packages import (
    constraints_of,
    hiding,
    install,
    pinned,
    problems,
    replaced,
)

IMAGE = {"pyspark": "4.1.4", "pandas": "2.3.3", "six": "1.17.0"}


def item(name: str, version: str, *, requested: bool = False, requires: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"metadata": {"name": name, "version": version, "requires_dist": list(requires)}, "requested": requested}


REPORT = [item("delta-spark", "3.2.0", requested=True, requires=("pyspark<3.6",)), item("pyspark", "3.5.9")]


def test_a_package_that_would_replace_the_images_spark_is_named_with_who_needs_it() -> None:
    assert list(problems(REPORT, IMAGE)) == [
        "delta-spark needs pyspark 3.5.9, but the image has 4.1.4, which can't be replaced"
    ]


def test_what_is_installed_is_what_the_report_says_and_the_rest_of_the_image_stays() -> None:
    report = [item("altair", "5.5.0", requested=True), item("Jinja2", "3.1.6"), item("Pandas", "2.2.3", requested=True)]
    assert list(problems(report, IMAGE)) == []
    assert pinned(report) == "Jinja2==3.1.6\n"
    assert constraints_of(report, IMAGE) == "pyspark==4.1.4\nsix==1.17.0\n"
    assert list(replaced(report, IMAGE)) == ["Pandas 2.2.3 instead of the image's 2.3.3"]


def test_modules_that_hide_others_are_found() -> None:
    assert hiding(["pyspark", "dataclasses.py", "inflection", "six.py"]) == ["dataclasses", "pyspark"]
    assert hiding(["pyarrow", "grpc.py", "google", "google/protobuf"]) == ["grpc", "pyarrow", "google.protobuf"]
    assert hiding(["google.py"]) == hiding(["google", "google/__init__.py"]) == ["google"]
    assert hiding(["google", "google/cloud", "google/auth", "grpcx", "x/protobuf"]) == []


@pytest.fixture
def volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A volume with the files for `key`, and a pip that installs one module of the name in them."""
    (tmp_path / "key.in").mkdir()

    def pip(command: list[str], *, cwd: Path, check: bool) -> subprocess.CompletedProcess[str]:
        name = (cwd / "requirements.txt").read_text().strip()
        if "--report" in command:
            (cwd / "report.json").write_text(json.dumps({"install": [item(name, "1", requested=True)]}))
        else:
            part = Path(command[command.index("--target") + 1])
            (part / f"{name}.py").parent.mkdir(parents=True, exist_ok=True)
            (part / f"{name}.py").touch()
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(install_packages.subprocess, "run", pip)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("inflection", ""),
        ("queue", "refused: the packages bring a module `queue`, which would hide the image's\n"),
        ("google/protobuf", "refused: the packages bring a module `google.protobuf`, which would hide the image's\n"),
        ("google/cloud", ""),
        ("py4j", "refused: the requirements ask for py4j 1, but "),
    ],
)
def test_packages_are_there_whole_or_not_at_all(
    volume: Path, capfd: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    (volume / "key.in" / "requirements.txt").write_text(name)
    if said:
        with pytest.raises(SystemExit) as ended:
            install(volume, "key")
        assert ended.value.code == install_packages.REFUSED
    else:
        install(volume, "key")
    assert (volume / "key" / f"{name}.py").exists() == (not said)
    assert capfd.readouterr().out.startswith(said)
