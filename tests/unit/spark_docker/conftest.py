"""The Spark image's scripts, which are in no package: each is loaded from its file."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SPARK = Path(__file__).parents[3] / "spark"


def load(path: str) -> ModuleType:
    name = f"spark_image_{Path(path).stem}"
    spec = importlib.util.spec_from_file_location(name, SPARK / path)
    assert spec
    assert spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def entrypoint() -> ModuleType:
    return load("docker/entrypoint.py")


@pytest.fixture(scope="session")
def trim() -> ModuleType:
    return load("docker/trim.py")


@pytest.fixture(scope="session")
def classpath() -> ModuleType:
    return load("docker/classpath.py")


@pytest.fixture(scope="session")
def cds() -> ModuleType:
    return load("docker/cds.py")


@pytest.fixture(scope="session")
def fetch() -> ModuleType:
    return load("jars/fetch.py")
