"""The project's code where Python functions run: shipped once, and what was edited since goes along by value."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spark_etl.code.project import Project
from spark_etl.sessions.notebook import Kind

_shipped: set[tuple[str, str]] = set()  # session and archive: a session takes each name once


def ship_code(spark: Any, kind: Kind, project: Project, name: str) -> None:
    """Sends a project, as it is now, to where the functions of a session run.

    Args:
        spark: The session.
        kind: Its kind.
        project: The project.
        name: What the archive is called, before a hash of its content.

    Raises:
        ConfigError: The project is too large.
    """
    project.check_files()
    content = project.archive()
    archive = f"{name}-{hashlib.sha256(content).hexdigest()[:12]}.zip"
    session = str(spark.session_id if kind == "connect" else spark.sparkContext.applicationId)
    if (session, archive) in _shipped:
        return
    if kind == "connect":
        with tempfile.TemporaryDirectory(prefix="spark-etl-") as folder:
            spark.addArtifacts(_written(Path(folder), archive, content), pyfile=True)
    else:
        context = spark.sparkContext
        context.addPyFile(_written(Path(context._temp_dir), archive, content))  # asked for as long as it lives
        sys.path[:] = [entry for entry in sys.path if Path(entry).name != archive]  # here, the folder itself counts
    _shipped.add((session, archive))


def _written(folder: Path, name: str, content: bytes) -> str:
    file = folder / name
    file.write_bytes(content)
    return str(file)


def send_by_value(modules: Iterable[Any]) -> None:
    """Makes functions and classes of modules go to executors whole: workers there have imported what they were before.

    Args:
        modules: Modules that this process has imported.
    """
    from pyspark import cloudpickle

    for module in modules:
        cloudpickle.register_pickle_by_value(module)
