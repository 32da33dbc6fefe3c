"""The notebook that a debugger works for: where it lies, and its cells as they are now."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from spark_etl.debugging.origin import Origin
from spark_etl.errors import ArgumentError, ReadError
from spark_etl.names import is_segment
from spark_etl.printable import printable

METADATA = "sandbox_debug"
SESSION_NAME = "JPY_SESSION_NAME"  # set by Jupyter Server for the kernel of a notebook
TOP = "debug"


class OwnNotebook:
    """The debug notebook of a feature of a run.

    Args:
        origin: The run and the feature.
        home: Where the user's files are, if the notebook does not say it by its own place.

    Attributes:
        path: The notebook; None where there is none, as in a script.
        folder: Where the run's code is unpacked to.
        home: What paths are shown relative to.
    """

    def __init__(self, origin: Origin, home: Path | None = None) -> None:
        self._origin = origin
        self._executed: dict[str, tuple[float, str]] = {}
        self.home = (home or Path.home()).resolve()
        self.path = next((path for path in self._candidates() if self._is_its(_read(path))), None)
        self.folder = self._default
        known = _folder_in(_read(self.path)) if self.path else None
        if self.path and known:
            above = self.path.parents[len(known.parts) - 1] if len(self.path.parents) >= len(known.parts) else None
            if above is not None and self.path.parent == above / known.parent:
                self.home = above
            self.folder = self.home / known

    @property
    def _default(self) -> Path:
        """Where the folder of the first notebook of this feature lies."""
        run, feature = self._origin.run.stored, self._origin.feature
        if not is_segment(run.pipeline) or not is_segment(feature):
            raise ArgumentError(f"{printable(self._origin.name, one_line=True)} is no name of a folder")
        return self.home / TOP / run.pipeline / f"{run.run_id}-{feature}"

    @property
    def patch_path(self) -> Path:
        """Where a patch is written: beside the notebook."""
        beside = self.path or self.folder.with_name(f"{self.folder.name}.ipynb")
        return beside.with_suffix(".patch")

    @property
    def name(self) -> str:
        """The notebook as JupyterLab shows it: relative to the user's home."""
        return self.shown(self.path or self.folder.with_name(f"{self.folder.name}.ipynb"))

    def shown(self, path: Path) -> str:
        """Returns a path as JupyterLab shows it."""
        return path.relative_to(self.home).as_posix() if path.is_relative_to(self.home) else str(path)

    def _candidates(self) -> Iterator[Path]:
        """Yields where the notebook may be; one that was renamed since its kernel was started is found in its folder."""
        session = os.environ.get(SESSION_NAME)
        if session:
            yield from dict.fromkeys([Path(session).absolute(), self.home / session.lstrip("/")])
        first = self._default.with_name(f"{self._default.name}.ipynb")
        yield first
        others = [file for file in first.parent.glob("*.ipynb") if file != first] if first.parent.is_dir() else []
        yield from sorted(others, key=lambda file: file.stat().st_mtime, reverse=True)

    def _is_its(self, content: Mapping[str, Any]) -> bool:
        known = content.get("metadata", {}).get(METADATA, {})
        return (known.get("path"), known.get("feature")) == (self._origin.run.path, self._origin.feature)

    def note_executed(self, cell_id: str | None, text: str) -> None:
        """Notes the text of a cell that the kernel is about to execute."""
        if cell_id:
            self._executed[cell_id] = (time.time(), text)

    def content(self, *, running: str | None = None) -> Mapping[str, Any]:
        """Returns the notebook as it was saved, with the texts of cells that were executed later.

        Args:
            running: Id of the cell that asks.

        Raises:
            ReadError: It can't be read, or cells were split or added that it does not have yet.
        """
        if self.path is None:
            known = {"run": self._origin.run.name, "feature": self._origin.feature}
            return {"cells": [], "metadata": {METADATA: known}}
        found = _read(self.path)
        if not found:
            raise ReadError(f"{self.path} can't be read as a notebook", hint="save it: File > Save Notebook (Ctrl+S)")
        saved = self.path.stat().st_mtime
        later = {cell: text for cell, (when, text) in self._executed.items() if when > saved and cell != running}
        changed = [cell for cell in found["cells"] if later.get(cell.get("id"), _text(cell)) != _text(cell)]
        unknown = later.keys() - {cell.get("id") for cell in found["cells"]}
        if unknown and any(_is_part(cell) for cell in changed):
            raise ReadError(
                "cells of this notebook were split or added, and run, since it was saved: their order is not known",
                hint="save it, File > Save Notebook (Ctrl+S), and run this cell again",
            )
        cells = [{**cell, "source": later.get(cell.get("id"), _text(cell))} for cell in found["cells"]]
        return {**found, "cells": cells}


def _read(path: Path) -> Mapping[str, Any]:
    """Returns a notebook; an empty mapping for what is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    is_notebook = isinstance(content, dict) and isinstance(content.get("cells"), list)
    is_sound = is_notebook and all(isinstance(cell, dict) for cell in content["cells"])
    return content if is_sound and isinstance(content.get("metadata"), dict) else {}


def _folder_in(content: Mapping[str, Any]) -> PurePosixPath | None:
    """Returns the folder that a notebook names, relative to the home; None for what is none: anybody may have sent it."""
    known = content.get("metadata", {}).get(METADATA, {}).get("folder")
    path = PurePosixPath(known) if isinstance(known, str) else PurePosixPath()
    is_sound = len(path.parts) > 1 and path.parts[0] == TOP and all(map(is_segment, path.parts))
    return path if is_sound else None


def _text(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)


def _is_part(cell: Mapping[str, Any]) -> bool:
    """Returns whether a cell is one of `transform`."""
    metadata = cell.get("metadata") or {}
    return str((metadata.get(METADATA) or {}).get("part", "")).startswith("transform:")
