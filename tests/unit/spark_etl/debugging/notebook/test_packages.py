"""Packages of a `--requirements` run: found where they are installed, and named where they are not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from spark_etl.debugging.notebook.packages import find_packages, use_packages
from spark_etl.debugging.origin import Origin
from spark_etl.errors import ArgumentError
from spark_etl.reading import Run
from spark_etl.store import RunDocument, StoredRun

WANTED = ["polars==1.2", "rich-tables==3"]


def install(folder: Path, *packages: str) -> None:
    for package in packages:
        name, version = package.split("==")
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def origin(packages: str | None = "0123456789abcdef", requirements: list[str] | None = WANTED) -> Origin:
    stored = StoredRun("file:///scratch/team/shop/20240229T101112Z-aaaaaa")
    document = RunDocument(stored.run_id, stored.root, "team", "shop", requirements=requirements, packages=packages)
    return Origin(Run(stored, document), "orders")


def test_the_folder_that_the_run_names(tmp_path: Path) -> None:
    install(tmp_path / "0000000000000000", "polars==1.1")
    install(tmp_path / "0123456789abcdef", *WANTED)
    assert find_packages(origin(), tmp_path) == tmp_path / "0123456789abcdef"


def test_one_that_has_the_same_packages_under_another_name(tmp_path: Path) -> None:
    install(tmp_path / "0000000000000000", "polars==1.2")
    install(tmp_path / "fedcba9876543210", *reversed(WANTED))
    for name in ("0123456789abcdef", "../fedcba9876543210", None):
        assert find_packages(origin(name), tmp_path) == tmp_path / "fedcba9876543210"


def test_what_is_missing_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    install(tmp_path / "0123456789abcdef", "polars==1.2")
    with pytest.raises(ArgumentError, match=r"packages that are not here: polars==1\.2, rich-tables==3") as raised:
        find_packages(origin(), tmp_path)
    assert "./sandbox replay 20240229T101112Z-aaaaaa/orders" in str(raised.value.hint)


def test_a_run_without_its_own_needs_none(tmp_path: Path) -> None:
    assert find_packages(origin(None, None), tmp_path / "nothing") is None


def test_this_process_and_its_children_import_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    for name in ("SPARK_ETL_PACKAGES", "PYSPARK_SUBMIT_ARGS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for _ in range(2):
        settings = use_packages(tmp_path)
    assert settings == {"spark.executorEnv.PYTHONPATH": str(tmp_path)}
    assert sys.path[0] == str(tmp_path)
    assert os.environ["PYTHONPATH"] == f"{tmp_path}:/elsewhere"
    assert os.environ["SPARK_ETL_PACKAGES"] == str(tmp_path)
    assert os.environ["PYSPARK_SUBMIT_ARGS"] == f"--conf spark.executorEnv.PYTHONPATH={tmp_path} pyspark-shell"
