"""What every Spark process of the stack is told by spark-defaults.conf."""

from __future__ import annotations

from pathlib import Path

import pytest

FILE = Path(__file__).parents[3] / "spark/conf/spark-defaults.conf"
SETTINGS = dict(line.split(None, 1) for line in FILE.read_text().splitlines() if line.startswith("spark."))


@pytest.mark.parametrize("name", ["spark.authenticate", "spark.network.crypto.enabled", "spark.io.encryption.enabled"])
def test_what_processes_say_and_what_they_spill_is_kept_from_others(name: str) -> None:
    assert SETTINGS[name].strip() == "true"


def test_executors_and_drivers_have_the_same_options_of_the_jvm() -> None:
    assert "-XX:SharedArchiveFile=" in SETTINGS["spark.driver.defaultJavaOptions"]
    assert SETTINGS["spark.executor.defaultJavaOptions"] == "${spark.driver.defaultJavaOptions}"
