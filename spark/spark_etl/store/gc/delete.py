"""Deletes a run in an order in which nothing is ever left that reads as a run, or as a checkpoint, and is not whole.

1. Its marks. A list that finds none reads run.json, which is still there.
2. run.json. From here on it is no run: lists pass over its folder, and no name finds it.
3. Its marks again: whoever read run.json between 1 and 2 may have written one.
4. The manifests. From here on no folder of it is a checkpoint, not even for who knows its path.
5. All the rest.

After a kill, what is left is a folder without run.json, which the next clean-up takes for a leftover.
"""

from __future__ import annotations

from spark_etl.storage import S3Settings, join, storage_for
from spark_etl.store import index, layout
from spark_etl.store.manifest import is_manifest


def delete_run(root: str, settings: S3Settings | None) -> None:
    """Deletes all that belongs to a run; the files of an adopted one lie elsewhere and stay.

    Args:
        root: Its folder.
        settings: How to reach S3; from the environment if not given.

    Raises:
        StorageError: The store does not answer, or refuses; what is left is no run.
    """
    store = storage_for(root, settings)
    _delete_marks(root, settings)
    store.delete([join(root, layout.RUN_FILE)])
    _delete_marks(root, settings)
    delete_folder(root, settings)


def delete_folder(folder: str, settings: S3Settings | None) -> None:
    """Deletes a folder, what makes checkpoints of folders in it first.

    Args:
        folder: A run's without run.json, or a feature's.
        settings: How to reach S3; from the environment if not given.
    """
    store = storage_for(folder, settings)
    manifests = [item.path for item in store.walk(folder) if is_manifest(item.path)]
    if manifests:
        store.delete(manifests)
    store.clear(folder)


def _delete_marks(root: str, settings: S3Settings | None) -> None:
    marks = [item.path for item in index.marks_of(root, settings)]
    if marks:
        storage_for(root, settings).delete(marks)
