"""What a process has read, written down as it reads: the record that a shared notebook carries.

With `SPARK_ETL_READS` set to a folder, each checkpoint that is read is a line of JSON in a file of this process there:

    {"at": "2024-02-29T10:11:12+00:00", "notebook": "/home/ada/x.ipynb", "run": "…", "feature": "orders",
     "path": "s3a://scratch/…/orders", "rows": 3, "files": "sha256 of the manifest's list of files"}

Nothing is written down without it, and a folder that can't be written to never fails a read.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spark_etl import bounded_json
from spark_etl.errors import DamagedError
from spark_etl.store import Manifest, files_digest

FOLDER = "SPARK_ETL_READS"
NOTEBOOK = "JPY_SESSION_NAME"
LARGEST = 4 << 20
TEXTS = ("at", "run", "feature", "path", "files")

_written: set[tuple[int, str, str]] = set()


def record_read(path: str, manifest: Manifest, opened_by: str = "") -> None:
    """Records that a checkpoint is read; the same one is recorded once.

    Args:
        path: The checkpoint's folder.
        manifest: What lies there.
        opened_by: Id of the run that was asked for it, which is another than the one that wrote it if it reuses it.
    """
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    files = files_digest([asdict(file) for file in manifest.files])
    this = (os.getpid(), path, files)
    if this in _written:
        return
    _written.add(this)
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "notebook": os.environ.get(NOTEBOOK, ""),
        "run": manifest.run_id,
        "feature": manifest.feature,
        "path": path,
        "rows": manifest.rows,
        "files": files,
        **({"opened_by": opened_by} if opened_by and opened_by != manifest.run_id else {}),
    }
    with contextlib.suppress(OSError):
        Path(folder).mkdir(parents=True, exist_ok=True)
        with (Path(folder) / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")


def load_reads(file: Path) -> list[dict[str, Any]]:
    """Returns the reads in a file of this folder. Any process may have written it, so each entry is checked.

    Raises:
        DamagedError: It has an invalid entry, or is too large.
    """
    with file.open("rb") as opened:
        content = opened.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise DamagedError(f"{file.name} has more than {LARGEST >> 20} MB")
    found = [bounded_json.parse(line, file.name) for line in content.splitlines()]
    for read in found:
        if not isinstance(read, dict) or not all(isinstance(read.get(name), str) for name in TEXTS):
            raise DamagedError(f"{file.name} has an invalid entry")
    return found
