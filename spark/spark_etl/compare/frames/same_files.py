"""Whether two checkpoints have the same files, so that no row has to be decoded."""

from __future__ import annotations

import filecmp
from collections import Counter
from collections.abc import Iterator

from spark_etl.reading import Checkpoint
from spark_etl.reading.part_files import FileProblem, listed_problems
from spark_etl.storage import is_s3
from spark_etl.storage.paths import local_path


def has_same_files(a: Checkpoint, b: Checkpoint) -> bool:
    """Returns whether two checkpoints have the same files: one folder, S3's ETags of the same content, or equal bytes.

    Bytes are read on disk only, where an ETag is made of a file's time. Files whose folders have columns in their
    names, as adopted ones may, say nothing of these by their bytes.
    """
    if a.path == b.path and a.manifest.files == b.manifest.files:
        return True
    if a.manifest.partitions or b.manifest.partitions:
        return False
    sizes, others = (Counter(file.bytes for file in side.manifest.files) for side in (a, b))
    if sizes != others or a.rows != b.rows or is_s3(a.files_folder) != is_s3(b.files_folder):
        return False
    if not is_s3(a.files_folder):
        return _have_same_bytes(a, b)
    return has_same_etags(a, b) and not any(_problems(a)) and not any(_problems(b))


def has_same_etags(a: Checkpoint, b: Checkpoint) -> bool:
    """Returns whether two frames in S3 have the same files by their manifests, whatever lies there now."""
    if not (is_s3(a.files_folder) and is_s3(b.files_folder)):
        return False
    one, other = (Counter((file.etag, file.bytes) for file in side.manifest.files) for side in (a, b))
    return one == other and all(etag for etag, _ in one)


def _problems(side: Checkpoint) -> Iterator[FileProblem]:
    """Yields what is wrong with the files of a checkpoint, by name, size and ETag."""
    yield from listed_problems(side.path, side.manifest, side.stored_rows([]).settings)


def _have_same_bytes(a: Checkpoint, b: Checkpoint) -> bool:
    pairs = zip(a.stored_rows([]).paths, b.stored_rows([]).paths, strict=True)
    return all(filecmp.cmp(local_path(one), local_path(other), shallow=False) for one, other in pairs)
