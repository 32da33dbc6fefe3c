"""Which Spark settings a feature config may carry."""

from __future__ import annotations

import re
from typing import Any

from spark_etl.config.environment import ONLY_A_NAME

# What Spark itself blanks out on its pages, `spark.redaction.regex`.
SECRET = re.compile(r"(?i)secret|password|token|access[.]?key")

# Whoever starts the run says where and under what name it runs: a config that did would not run elsewhere unchanged.
# What else may come too late for a JVM that is there already is known only when Spark starts; the run warns of it then.
OF_THE_START = re.compile(r"spark\.(master|remote|app\.name|app\.id|api\.mode|submit\..*)")


def refusal(key: str, written: Any) -> str | None:
    """Returns why a setting may not stand in a feature config, or None.

    Args:
        key: Of the setting.
        written: Its value as it stands in the file.
    """
    if not key.startswith("spark."):
        meant = f"spark.hadoop.{key}" if key.startswith("fs.") else f"spark.{key}"
        return f"`{key}` is no Spark setting: they begin with `spark.`. Did you mean `{meant}`?"
    if OF_THE_START.fullmatch(key):
        return f"`{key}` can't be set here: it belongs to whoever starts the run. Give it to spark-submit"
    if SECRET.search(key) and not isinstance(written, bool) and not ONLY_A_NAME.fullmatch(str(written)):
        return f"`{key}` looks like a secret: write it as ${{NAME}}, and set that variable where the run is started"
    return None


def as_text(value: str | float | bool) -> str:
    """Returns a value as Spark takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
