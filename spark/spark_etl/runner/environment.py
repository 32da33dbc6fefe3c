"""What a run ran with: versions, jars, and the state of the project's git."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_etl.code.git import GitState, read_git_state

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JAR = re.compile(r"(hadoop-aws|hadoop-client-api|spark-hadoop-cloud_[\d.]+|spark-core_[\d.]+)-(\d[\w.-]*)\.jar")
PACKAGES = ("pyspark", "pandas", "pyarrow", "numpy")
# Set by whoever has put packages of the run's own on the module path.
PACKAGES_FOLDER = "SPARK_ETL_PACKAGES"


def versions() -> dict[str, Any]:
    """Returns the versions that are known without a JVM."""
    return {"python": platform.python_version(), **dict(_packages()), "jars": dict(_jars())}


def spark_facts(spark: SparkSession) -> dict[str, Any]:
    """Returns what the session knows of itself."""
    context = spark.sparkContext
    jvm: Any = context._jvm
    return {
        "version": spark.version,
        "java": str(jvm.java.lang.System.getProperty("java.version")),
        "master": context.master,
        "application_id": context.applicationId,
        "ui": context.uiWebUrl,
    }


def requirements() -> list[str] | None:
    """Returns `name==version` of each package that the run was given besides the image's; None if none were."""
    folder = os.environ.get(PACKAGES_FOLDER)
    if not folder:
        return None
    return sorted(f"{found.metadata['Name']}=={found.version}" for found in metadata.distributions(path=[folder]))


def packages_folder() -> str | None:
    """Returns the name of the folder that the run's own packages are installed in."""
    folder = os.environ.get(PACKAGES_FOLDER)
    return Path(folder).name if folder else None


def git_state(project: Path) -> dict[str, Any] | None:
    """Returns commit and whether there were changes on top; None where there is no git to ask.

    A run that is started elsewhere than in the checkout gets it as `SPARK_ETL_GIT=<commit>` or `<commit>-dirty`.
    """
    known = os.environ.get("SPARK_ETL_GIT")
    state = GitState.parse(known) if known else read_git_state(project)
    return asdict(state) if state else None


def _packages() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue


def _jars() -> Iterator[tuple[str, str]]:
    home = os.environ.get("SPARK_HOME") or _pyspark_home()
    for jar in sorted(Path(home, "jars").rglob("*.jar")) if home else []:
        match = JAR.fullmatch(jar.name)
        if match:
            yield match[1], match[2]


def _pyspark_home() -> str | None:
    from importlib.util import find_spec

    spec = find_spec("pyspark")
    return str(Path(spec.origin).parent) if spec and spec.origin else None
