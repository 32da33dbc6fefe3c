"""The notebook that a debugger works for: where it lies, and its cells as they are now."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from spark_etl.debugging.notebook.cells import KEY, TRANSFORM, debug_metadata, read_notebook, source_of
from spark_etl.debugging.notebook.notebook_file import FOLDER, as_name, default_home, unpacked_folder
from spark_etl.debugging.origin import Origin
from spark_etl.errors import ArgumentError, ReadError

SESSION_NAME = "JPY_SESSION_NAME"  # set by Jupyter Server for the kernel of a notebook
SAVE = "save it, File > Save Notebook (Ctrl+S), and run this cell again"


class OwnNotebook:
    """The debug notebook of a feature of a run.

    Args:
        origin: The run and the feature.
        home: What paths are shown relative to; if not given, the user's home, or for a local run the current folder.

    Attributes:
        path: The notebook; None where there is none, as in a script.
        folder: Where the run's code is unpacked to.
        is_saved: Whether the file has all cells as they were executed, as far as `content` has found.
    """

    def __init__(self, origin: Origin, home: Path | None = None) -> None:
        self._origin = origin
        self._executed: dict[str, tuple[float, str]] = {}
        self.is_saved = True
        self._saved: datetime | None = None
        self._home = (home or default_home(origin.run)).resolve()
        self.path = next(filter(self._is_its, self._candidates()), None)
        self.folder = self._folder().resolve()

    def _folder(self) -> Path:
        if self.path is None:
            return self._usual.with_suffix("")
        return unpacked_folder(self.path, debug_metadata(read_notebook(self.path)), self._home)

    @property
    def _usual(self) -> Path:
        """Where the first notebook of this feature is written."""
        run, feature = self._origin.run.stored, self._origin.feature
        return self._home / FOLDER / as_name(run.pipeline) / f"{run.run_id}-{as_name(feature)}.ipynb"

    def _candidates(self) -> Iterator[Path]:
        """Yields where the notebook may be; one that was renamed since its kernel was started is in its folder."""
        session = os.environ.get(SESSION_NAME)
        if session:
            yield from (Path(session).absolute(), self._home / session.lstrip("/"))
        yield self._usual
        yield from sorted(self._usual.parent.glob("*.ipynb"), key=_changed, reverse=True)

    def _is_its(self, path: Path) -> bool:
        try:
            known = debug_metadata(read_notebook(path))
        except ArgumentError:
            return False
        return (known.get("path"), known["feature"]) == (self._origin.run.path, self._origin.feature)

    @property
    def patch_path(self) -> Path:
        """Where a patch is written: beside the notebook."""
        return (self.path or self._usual).with_suffix(".patch")

    @property
    def name(self) -> str:
        """The notebook as JupyterLab shows it: relative to the user's home."""
        return self.shown(self.path or self._usual)

    @property
    def unsaved_text(self) -> str:
        """What no kernel knows: cells that were typed into, and neither run nor saved."""
        saved = f", at {self._saved:%H:%M:%S}," if self._saved else ""
        return f"if there are any, cells edited after the notebook was saved{saved} and not run since (Ctrl+S saves)"

    def shown(self, path: Path) -> str:
        """Returns a path as JupyterLab shows it."""
        return path.relative_to(self._home).as_posix() if path.is_relative_to(self._home) else str(path)

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
            return {"cells": [], "metadata": {KEY: {"run": self._origin.run.name, "feature": self._origin.feature}}}
        try:
            found = read_notebook(self.path)
            saved = self.path.stat().st_mtime
        except (ArgumentError, OSError) as error:
            raise ReadError(f"the notebook can't be read: {error}", hint=SAVE) from error
        self._saved = datetime.fromtimestamp(saved).astimezone()
        later = {cell: text for cell, (when, text) in self._executed.items() if when > saved}
        cells = [each for each in found.get("cells", []) if isinstance(each, dict)]
        changed = [cell for cell in cells if later.get(str(cell.get("id")), source_of(cell)) != source_of(cell)]
        self.is_saved = not changed
        if any(map(_is_part, changed)) and later.keys() - {running, *(cell.get("id") for cell in cells)}:
            raise ReadError(
                "cells of this notebook were split or added, and run, since it was saved: their order is not known",
                hint=SAVE,
            )
        texts = [later.get(str(cell.get("id")), source_of(cell)) for cell in cells]
        return {**found, "cells": [{**cell, "source": text} for cell, text in zip(cells, texts, strict=True)]}


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _is_part(cell: Mapping[str, Any]) -> bool:
    """Returns whether a cell is one of `transform`."""
    metadata = cell.get("metadata")
    known = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    return isinstance(known, Mapping) and str(known.get("part", "")).startswith(TRANSFORM)
