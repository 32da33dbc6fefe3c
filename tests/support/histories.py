"""Runs below a folder, as days of work leave them: what a clean-up finds. No Spark, no Parquet: files of some bytes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from spark_etl.storage import is_s3, normalise
from spark_etl.store import (
    CodeRecord,
    DataFile,
    FeatureRecord,
    Manifest,
    PinnedVersion,
    ReplayRecord,
    RunStore,
    Status,
    StoredRun,
    manifest_at,
)

ENDED = {"succeeded", "failed", "interrupted"}


class History:
    """Runs below a folder.

    Args:
        folder: The scratch path.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.store = RunStore(str(folder))
        self._number = 0

    def run(
        self,
        days: float = 30,
        *,
        pipeline: str = "team/shop",
        status: str = "succeeded",
        reuses: StoredRun | None = None,
        replays: StoredRun | None = None,
        code: str = "",
        mark: bool = True,
        **known: Any,
    ) -> StoredRun:
        """Makes a run that started so many days ago, with checkpoints `orders` and `net`, and returns it.

        Args:
            days: How long ago.
            pipeline: `<team>/<pipeline>`, or `users/ada/shop`.
            status: How it ended; `died`: its heart beats no more.
            reuses: Whose checkpoint `orders` it has instead of its own.
            replays: What it is a replay of.
            code: A text that stands for its code.
            mark: Whether the index has it.
            known: Fields of its document.
        """
        run = self.folder_of_run(days, pipeline)
        kind = "replay" if replays else "run"
        recorded: Status = "running" if status == "died" else status  # type: ignore[assignment]
        features = {alias: FeatureRecord(checkpoint=True, state="succeeded", bytes=3) for alias in ("orders", "net")}
        document = run.new_document(
            kind=kind, status=recorded, features=features, order=[*features], started=self._moment(run), **known
        )
        if reuses is not None:
            features["orders"].reused_from, features["orders"].state = reuses.root, "reused"
        if replays is not None:
            document.replay = ReplayRecord(replays.run_id, replays.root, "orders")
        if code:
            document.code = CodeRecord(self.code(code, run, days))
        run.write_document(document)
        for alias, feature in features.items():
            if feature.reused_from is None:
                self.checkpoint(run, alias)
        if status == "died":
            beat = {"at": (datetime.now(UTC) - timedelta(days=max(days, 1))).isoformat(), "every": 15}
            (path_of(run.root) / "_heartbeat.json").write_text(json.dumps(beat))
        if mark and recorded in ENDED:
            run.mark_ended(document)
        self.age(run, days)
        return run

    def folder_of_run(self, days: float, pipeline: str = "team/shop") -> StoredRun:
        """Returns a run with an id of so many days ago, of which nothing is written."""
        self._number += 1
        started = datetime.now(UTC) - timedelta(days=days, seconds=-self._number)
        return StoredRun(f"{self.store.scratch}/{pipeline}/{started:%Y%m%dT%H%M%SZ}-{self._number:06x}")

    def checkpoint(self, run: StoredRun, alias: str, *, whole: bool = True) -> Path:
        """Writes a checkpoint, or what an attempt at one has left, and returns its folder."""
        folder = path_of(run.checkpoint_path(alias))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "part-00000.parquet").write_bytes(b"abc")
        if whole:
            files = [DataFile("part-00000.parquet", 1, 3)]
            run.write_manifest(alias, Manifest(alias, run.run_id, {}, {}, 1, 3, files, {}, {}, ""))
        return folder

    def code(self, text: str, run: StoredRun, days: float) -> str:
        """Keeps code for the pipeline of a run, and returns what names it."""
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        file = path_of(run.root).parent / "_code" / f"{sha256}.zip"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        set_age(file, days)
        return sha256

    def pin(self, run: StoredRun, alias: str = "orders") -> PinnedVersion:
        """Pins a checkpoint of a run."""
        version = PinnedVersion("ada", f"late_{run.run_id[-6:]}", 1)
        checkpoint = {"path": run.checkpoint_path(alias), "run": run.run_id, "feature": alias}
        self.store.pin(version, [checkpoint], "2024-02-29T10:00:00Z")
        return version

    def age(self, run: StoredRun, days: float) -> None:
        """Makes the files of a run as old as it is."""
        for file in path_of(run.root).rglob("*"):
            set_age(file, days)

    def files(self, run: StoredRun) -> dict[str, bytes]:
        """Returns what lies in the folder of a run."""
        root = path_of(run.root)
        return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}

    def _moment(self, run: StoredRun) -> str:
        return datetime.strptime(run.run_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).isoformat()


def set_age(file: Path, days: float) -> None:
    """Makes a file as if it were written so many days ago."""
    moment = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    os.utime(file, (moment, moment))


def path_of(root: str) -> Path:
    """Returns the folder of this machine that a path names."""
    assert not is_s3(root)
    return Path(root.removeprefix("file://"))


def broken(store: RunStore) -> list[str]:
    """Returns what reads as a run or as a checkpoint below a scratch path, and is not whole."""
    wrong = []
    for batch in store.newest_first(whole=True, users=None):
        for run, summary in batch:
            document = run.document()
            if document is None:
                wrong += [f"{run.root} has a mark and no document"] * (summary is not None)
                continue
            for alias in document.with_checkpoint():
                wrong += _broken_checkpoint(f"{document.features[alias].reused_from or run.root}/{alias}", needed=True)
            if document.replay is not None and not StoredRun(document.replay.path).exists():
                wrong.append(f"{run.root} is a replay of nothing")
            if document.code is not None and not _archive(run, document.code.sha256 or "").is_file():
                wrong.append(f"{run.root} has no code")
    for manifest in path_of(store.scratch).rglob("_manifest.json"):
        wrong += _broken_checkpoint(normalise(str(manifest.parent)), needed=False)
    return wrong


def _archive(run: StoredRun, sha256: str) -> Path:
    return path_of(run.root).parent / "_code" / f"{sha256}.zip"


def _broken_checkpoint(folder: str, *, needed: bool) -> Iterator[str]:
    manifest = manifest_at(folder)
    if manifest is None:
        yield from [f"{folder} is no checkpoint"] * needed
        return
    yield from (f"{folder} lacks {file.name}" for file in manifest.files if not (path_of(folder) / file.name).is_file())


def names(runs: Sequence[StoredRun]) -> set[str]:
    """Returns the folders of runs."""
    return {run.root for run in runs}
