"""Which Spark settings a feature config may carry."""

from __future__ import annotations

import re
from typing import Any

from spark_etl.config.environment import ONLY_A_NAME

# What Spark itself blanks out on its pages, `spark.redaction.regex`.
SECRET = re.compile(r"(?i)secret|password|token|access[.]?key")

# The JVM of a driver that spark-submit started has read these already: written here they would look as if they counted.
BEFORE_THE_SESSION = re.compile(
    r"spark\.(master|remote|app\.name|app\.id|api\.mode|home|submit\..*|jars(\..*)?|files|archives|pyFiles"
    r"|driver\.(memory|memoryOverhead|memoryOverheadFactor|cores|extraJavaOptions|defaultJavaOptions"
    r"|extraClassPath|extraLibraryPath|userClassPathFirst)"
    r"|pyspark\.(python|driver\.python))"
)


def refusal(key: str, written: Any) -> str | None:
    """Returns why a setting may not stand in a feature config, or None.

    Args:
        key: Of the setting.
        written: Its value as it stands in the file.
    """
    if not key.startswith("spark."):
        meant = f"spark.hadoop.{key}" if key.startswith("fs.") else f"spark.{key}"
        return f"`{key}` is no Spark setting: they begin with `spark.`. Did you mean `{meant}`?"
    if BEFORE_THE_SESSION.fullmatch(key):
        return f"`{key}` can't be set here: it is read before a feature config is. Give it to spark-submit"
    if SECRET.search(key) and not isinstance(written, bool) and not ONLY_A_NAME.fullmatch(str(written)):
        return f"`{key}` looks like a secret: write it as ${{NAME}}, and set that variable where the run is started"
    return None


def as_text(value: str | float | bool) -> str:
    """Returns a value as Spark takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
