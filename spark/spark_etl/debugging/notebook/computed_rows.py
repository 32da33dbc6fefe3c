"""Rows that a debug notebook has had computed, found again by its next kernel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from spark_etl import bounded_json
from spark_etl.debugging.origin import Origin
from spark_etl.errors import DamagedError, ReadError
from spark_etl.reading import Checkpoint, Run
from spark_etl.reading.run import load_run
from spark_etl.runner.resume.decide import is_whole
from spark_etl.store import StoredRun, run_name

LARGEST = 1 << 20


class ComputedRows:
    """Feature → the replay of the run that has computed its rows, in a hidden file beside the notebook's folder.

    Args:
        folder: Where the run's code is unpacked.
        origin: The run, and the feature that is debugged.
    """

    def __init__(self, folder: Path, origin: Origin) -> None:
        self._file, self._origin = folder.with_name(f".{folder.name}.computed.json"), origin

    def find(self, alias: str) -> Checkpoint | None:
        """Returns rows that were computed before; None if there are none, or they are not whole any more."""
        path = self._known().get(alias)
        with suppress(ReadError, DamagedError):
            run = load_run(StoredRun(path, self._origin.run.stored.settings), run_name(path)) if path else None
            found = run[alias] if run is not None and self._is_replay(run) else None
            if found is not None and is_whole(found.manifest, found.path, self._origin.run.stored.settings):
                return found
        return None

    def add(self, rows: Mapping[str, Checkpoint], run: Run | None) -> None:
        """Notes which replay has computed rows; where that can't be written, they are computed again the next time."""
        if run is not None:
            known = {**self._known(), **dict.fromkeys(rows, run.path)}
            with suppress(OSError):
                self._file.write_text(json.dumps(known, indent=1), encoding="utf-8")

    def _is_replay(self, run: Run) -> bool:
        replay = run.document.replay
        return replay is not None and replay.path == self._origin.run.path

    def _known(self) -> dict[str, str]:
        try:
            with self._file.open("rb") as content:
                found = bounded_json.parse(content.read(LARGEST + 1), str(self._file), largest=LARGEST)
        except (OSError, DamagedError):
            return {}
        return (
            {str(alias): path for alias, path in found.items() if isinstance(path, str)}
            if isinstance(found, dict)
            else {}
        )
