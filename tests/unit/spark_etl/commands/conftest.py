"""The commands are tested on the runner's small project."""

from tests.unit.spark_etl.runner.conftest import line as line  # noqa: PLC0414 - a fixture, used by its name
