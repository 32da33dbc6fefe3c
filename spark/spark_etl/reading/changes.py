"""Returns whether the code that computed a checkpoint is still the same, where that code can be seen."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spark_etl.errors import ConfigError
from spark_etl.store import Manifest, RunDocument


def changed_modules(manifest: Manifest, run: RunDocument) -> list[str]:
    """Returns the project's modules, and files they name, that a checkpoint was computed with and that are others now.

    Nothing is said where the project does not lie under the path the run had it, or under another minor version of
    Python, whose grammar writes the same code otherwise.
    """
    project = Path(run.project_path or "/nowhere")
    if not project.is_dir() or _minor(str(run.versions.get("python", ""))) != _minor(platform.python_version()):
        return []
    from spark_etl.code.fingerprint import code_fingerprint  # a notebook's first cell need not wait for these
    from spark_etl.code.project import Project

    recorded = "files" in manifest.code  # not by older versions, and then nothing is known of them
    was = _hashes(manifest.code, files=recorded)
    try:
        now = _hashes(code_fingerprint(Project(project), manifest.code["class"]), files=recorded)
    except (ConfigError, SyntaxError, KeyError, OSError):
        return []
    return sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))


def _hashes(code: Mapping[str, Any], *, files: bool) -> dict[str, str]:
    return {**code.get("modules", {}), **(code.get("files", {}) if files else {})}


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
