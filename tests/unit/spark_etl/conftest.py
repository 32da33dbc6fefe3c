"""Projects as a user writes them, and folders as a scratch store."""

from __future__ import annotations

import itertools
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

NUMBERS = itertools.count()
HEADER = "from spark_etl import ConfiguredSparkFeature, S3PublishedSource, SparkFeature\n"


class ProjectFolder:
    """A user's project: one module of features and a config, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = f"features_{next(NUMBERS)}"
        self.config = folder / "feature_config.yaml"
        (folder / self.package).mkdir(parents=True)

    def write(self, name: str, source: str) -> Path:
        """Writes a module of the project's package."""
        file = self.folder / self.package / f"{name}.py"
        file.write_text(HEADER + textwrap.dedent(source))
        return file

    def feature(self, name: str, *upstreams: str, **sources: str) -> str:
        """Writes a module with one feature and returns its class path."""
        entries = {**dict.fromkeys(upstreams, "ConfiguredSparkFeature()"), **sources}
        body = "".join(f'"{key}": {value}, ' for key, value in entries.items())
        self.write(
            name,
            f"""
            class Feature(SparkFeature):
                def __init__(self):
                    self.sources = {{{body}}}
                def transform(self, spark, start_date, end_date, **kwargs):
                    return None
            """,
        )
        return f"{self.package}.{name}.Feature"

    def configure(self, features: dict[str, str], publish: str = "") -> Path:
        """Writes the config."""
        lines = "".join(f"    {alias}: {{class: {path}}}\n" for alias, path in features.items())
        self.config.write_text(f"features:\n{lines}{textwrap.dedent(publish)}")
        return self.config


@pytest.fixture
def project_folder(tmp_path: Path) -> Iterator[ProjectFolder]:
    before, modules = list(sys.path), set(sys.modules)
    folder = ProjectFolder(tmp_path / "revenue")
    yield folder
    sys.path[:] = before
    for name in set(sys.modules) - modules:
        if name.startswith(folder.package):
            del sys.modules[name]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "scratch"
    monkeypatch.setenv("SANDBOX_SCRATCH", str(folder))
    return folder
