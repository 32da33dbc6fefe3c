"""The ends of Parquet files in a bundle, which others have written: read within bounds, compared with the manifest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from spark_etl.errors import DamagedError
from spark_etl.parquet import need_pyarrow
from spark_etl.printable import printable
from spark_etl.reading.part_files import first_line, footer_reason, read_errors
from spark_etl.store import BundleArchive, BundledRun, DataFile, Manifest, frame_member, read_bundle

MAGIC = b"PAR1"
LARGEST_FOOTER, LARGEST_TEXT, MOST_ITEMS = 64 << 20, 64 << 20, 10_000_000
MOST_MEMORY = 4 << 30
REASON, DONE = "\t", "\tdone"
ENDED = "it can't be read as Parquet: what reads it has crashed, or needs more memory than any should"


def check_footers(archive: BundleArchive, bundled: BundledRun, beside: Collection[str] = ()) -> None:
    """Refuses Parquet whose end says something else than its manifest and its size.

    A process of its own looks: what reads Parquet is C++, and some damage ends the process that reads it.

    Args:
        archive: The bundle.
        bundled: What it has.
        beside: See `read_bundle`.

    Raises:
        DamagedError: Names the member, and what is wrong.
    """
    need_pyarrow()
    if not any(manifest.files for manifest in bundled.frames.values()):
        return
    command = [sys.executable, "-P", "-m", __name__]  # nothing of the folder one is in
    command += [str(archive.path.absolute()), *beside]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if Path(path).is_absolute())}
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    lines = done.stdout.decode(errors="replace").splitlines()
    if done.returncode == 0 and lines and lines[-1] == DONE:
        return
    name = next((line for line in reversed(lines) if not line.startswith(REASON)), "")
    said = lines[-1].removeprefix(REASON) if lines and lines[-1].startswith(REASON) else ""
    raise DamagedError(f"{archive.where(name)}: {said or ENDED}")


def main(path: str, *beside: str) -> int:
    """Looks at the Parquet of a bundle: prints each member, and what is wrong with the first that is not whole."""
    _limit_memory()
    with BundleArchive(Path(path)) as archive:
        for folder, manifest in read_bundle(archive, beside).frames.items():
            for file in manifest.files:
                name = frame_member(folder, file.name)
                sys.stdout.write(f"{name}\n")
                sys.stdout.flush()
                reason = _reason(archive, name, file, manifest)
                if reason:
                    sys.stdout.write(f"{REASON}{printable(reason, one_line=True)}\n")
                    return 1
    sys.stdout.write(f"{DONE}\n")
    return 0


def _limit_memory() -> None:
    """Ends this process, and not the machine's others, where a footer makes its reader take more than any should."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        limit = MOST_MEMORY if most == resource.RLIM_INFINITY else min(MOST_MEMORY, most)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def _reason(archive: BundleArchive, name: str, file: DataFile, manifest: Manifest) -> str:
    with archive.open(name) as opened:
        size = opened.seek(0, 2)
        opened.seek(max(size - 8, 0))
        end = opened.read(8) or b""
        length = int.from_bytes(end[:4], "little")
        if end[4:] != MAGIC or length > min(LARGEST_FOOTER, size - 12):
            return "it does not end as Parquet does"
        try:
            return _read_reason(opened, file, manifest, size - 8 - length)
        except read_errors() as error:
            return f"it can't be read as Parquet: {first_line(error)}"


def _read_reason(opened: Any, file: DataFile, manifest: Manifest, end: int) -> str:
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetFile(
        pa.PythonFile(opened, mode="r"),
        pre_buffer=False,
        thrift_string_size_limit=LARGEST_TEXT,
        thrift_container_size_limit=MOST_ITEMS,
    ) as found:
        return footer_reason(found, file, manifest) or _layout_reason(found.metadata, end)


def _layout_reason(metadata: Any, end: int) -> str:
    """Returns what is wrong with where the footer says that columns lie: all before the footer, none twice."""
    rows, taken = 0, 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        rows += group.num_rows
        if group.num_rows < 0:
            return "a row group has less than no rows"
        for column in range(group.num_columns):
            chunk = group.column(column)
            start = min(filter(None, (chunk.dictionary_page_offset, chunk.data_page_offset)), default=0)
            size = chunk.total_compressed_size
            if start < len(MAGIC) or size < 0 or start + size > end or chunk.num_values < 0:
                return "a column lies outside of the file"
            taken += size
    if rows != metadata.num_rows:
        return "its row groups have other rows than it says"
    return "its columns are larger than the file" if taken > end else ""


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
