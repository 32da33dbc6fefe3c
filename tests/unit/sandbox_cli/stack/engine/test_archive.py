"""What a container gets: its files, and the folders above them only where they are wanted."""

from __future__ import annotations

import io
import tarfile

from sandbox_cli.stack.engine.archive import archive

FILES = {"ca.pem": b"trusted", "shop/a/late.py": b"late", "shop/a/b.py": b""}


def entries(packed: bytes) -> dict[str, tuple[bytes | None, int, int, int]]:
    """Returns content (None for a folder), mode, uid and gid of each entry, by name."""
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        found = {}
        for entry in tar.getmembers():
            file = tar.extractfile(entry)
            found[entry.name] = (file.read() if file else None, entry.mode, entry.uid, entry.gid)
        return found


def test_files_are_root_s_and_readable_by_all() -> None:
    assert entries(archive(FILES)) == {name: (content, 0o444, 0, 0) for name, content in FILES.items()}


def test_an_owner_may_have_the_folders_too() -> None:
    found = entries(archive(FILES, mode=0o400, uid=10001, gid=100, folders=True))

    folders = {"shop": (None, 0o755, 10001, 100), "shop/a": (None, 0o755, 10001, 100)}
    assert found == folders | {name: (content, 0o400, 10001, 100) for name, content in FILES.items()}
    assert list(found)[:2] == ["shop", "shop/a"], "a folder comes before what is in it"


def test_nothing_is_an_archive_too() -> None:
    assert entries(archive({}, folders=True)) == {}
