"""Files for a container: what the engine's archive API takes."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import PurePosixPath

FOLDER_MODE = 0o755


def archive(
    files: Mapping[str, bytes], *, mode: int = 0o444, uid: int = 0, gid: int = 0, folders: bool = False
) -> bytes:
    """Returns a tar of files, by their path in the container below the folder where it is unpacked.

    Args:
        mode: Of every file.
        uid: Who owns them.
        gid: Whose group owns them.
        folders: Whether the folders above the files are in it, too, as their owner's. Without it the engine makes the
            ones that are missing as root's and leaves the others, such as /tmp, as they are.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        parents = {parent for name in files for parent in PurePosixPath(name).parents} - {PurePosixPath()}
        for folder in sorted(parents) if folders else []:
            entry = tarfile.TarInfo(str(folder))
            entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, FOLDER_MODE, uid, gid
            tar.addfile(entry)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.uid, entry.gid = len(content), mode, uid, gid
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
