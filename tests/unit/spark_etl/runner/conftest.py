"""A plan of a small project, as the command line would make it."""

from __future__ import annotations

from pathlib import Path

import pytest
from spark_etl.runner.options import parse_options
from spark_etl.runner.plan import Plan, make_plan

from tests.unit.spark_etl.conftest import ProjectFolder

PUBLISH = """
publish:
    s3:
        - net:
            path: out/net
"""


class Line:
    """A command line for the project, and the plan it makes."""

    def __init__(self, folder: ProjectFolder, scratch: Path) -> None:
        self.project = folder
        self.scratch = scratch
        self.published = scratch.parent / "published"
        features = {"orders": folder.feature("orders"), "net": folder.feature("net", "orders")}
        features["other"] = folder.feature("other", "orders")
        self.features = features
        folder.configure(features, PUBLISH)

    def argv(self, *more: str) -> list[str]:
        """Returns the arguments."""
        dates = ["--start-date", "2024-02-29", "--end-date", "2024-02-29"]
        paths = ["--scratch-path", str(self.scratch), "--publish-path", str(self.published)]
        return ["--team-name", "team", "--feature-config", str(self.project.config), *paths, *dates, *more]

    def plan(self, *more: str) -> Plan:
        """Returns the plan."""
        return make_plan(parse_options(self.argv(*more)))


@pytest.fixture
def line(project_folder: ProjectFolder, scratch: Path) -> Line:
    return Line(project_folder, scratch)
