from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from spark_etl.errors import StorageError
from spark_etl.storage import Entry, Upload, join, normalise, storage_for


def test_objects_are_written_listed_read_and_deleted(tmp_path: Path) -> None:
    root = normalise(str(tmp_path / "a b"))
    store = storage_for(root)
    assert list(store.walk(root)) == []
    assert store.folders(root) == []
    assert store.read(join(root, "x")) is None
    for name in ("run/b/2", "run/a/1", "top"):
        store.write(join(root, name), name.encode())
    assert [item.path for item in store.walk(join(root, "run"))] == [join(root, "run/a/1"), join(root, "run/b/2")]
    assert store.folders(join(root, "run")) == ["a", "b"]
    assert store.folders(join(root, "run"), after="a") == ["b"]
    assert store.folders(join(root, "run"), before="b") == ["a"]
    assert store.read(join(root, "run/a/1")) == b"run/a/1"
    store.delete([join(root, "run/a/1"), join(root, "nothing")])
    assert [item.path for item in store.walk(join(root, "run"))] == [join(root, "run/b/2")]


def test_a_folder_is_cleared_with_the_empty_folders_in_it(tmp_path: Path) -> None:
    root = normalise(str(tmp_path))
    store = storage_for(root)
    (tmp_path / "staged/empty").mkdir(parents=True)
    for name in ("staged/a/1", "kept"):
        store.write(join(root, name), b"x")
    store.clear(join(root, "staged"))
    store.clear(join(root, "nothing"))
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_an_etag_changes_with_the_content(tmp_path: Path) -> None:
    path = normalise(str(tmp_path / "x"))
    etags = set()
    for content in (b"one", b"three"):
        storage_for(path).write(path, content)
        etags |= {item.etag for item in storage_for(path).walk(normalise(str(tmp_path)))}
    assert len(etags) == 2


def test_the_entries_of_a_folder_have_their_kind_size_and_time(tmp_path: Path) -> None:
    root = normalise(str(tmp_path))
    store = storage_for(root)
    assert list(store.entries(join(root, "nothing"))) == []
    for name in ("b", "a/1"):
        store.write(join(root, name), b"four")

    folder, file = store.entries(root)

    assert folder == Entry("a", is_folder=True)
    assert (file.name, file.is_folder, file.size) == ("b", False, 4)
    assert file.modified is not None
    assert abs(datetime.now(UTC) - file.modified) < timedelta(minutes=1)


def test_what_a_killed_process_has_left_is_an_upload(tmp_path: Path) -> None:
    root = normalise(str(tmp_path))
    store = storage_for(root)
    names = (f".run.json.{'ab' * 16}.tmp", ".run.json.tmp", "run.json", f".{'ab' * 16}.tmp")
    for name in names:
        (tmp_path / "run").mkdir(exist_ok=True)
        (tmp_path / "run" / name).write_text("half")

    (upload,) = store.uploads(root)
    store.abort(upload)
    store.abort(upload)
    store.abort(Upload(join(root, "run/run.json"), "", upload.started))

    assert (upload.path, upload.size) == (join(root, "run", names[0]), 4)
    assert abs(datetime.now(UTC) - upload.started) < timedelta(minutes=1)
    assert sorted(file.name for file in (tmp_path / "run").iterdir()) == sorted(names[1:])


def test_what_lies_below_a_folder_is_sorted_and_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    root = normalise(str(tmp_path))
    for name in ("b/2", "b/1", "a-1", "a/1", "c"):
        storage_for(root).write(join(root, name), b"x")
    (tmp_path / "link").symlink_to(tmp_path / "b")
    (tmp_path / "file").symlink_to(tmp_path / "c")
    listed = [item.path.removeprefix(f"{root}/") for item in storage_for(root).walk(root)]
    assert listed == ["a/1", "a-1", "b/1", "b/2", "c", "file"]
    assert list(storage_for(root).walk(join(root, "c"))) == []


def test_a_large_object_comes_and_goes_in_chunks(tmp_path: Path) -> None:
    root = normalise(str(tmp_path))
    store, path = storage_for(root), join(root, "a/x")
    content = bytes(range(256)) * 20_000  # more than a chunk
    store.write_chunks(path, (content[at : at + 1000] for at in range(0, len(content), 1000)), len(content))
    chunks = list(store.read_chunks(path))
    assert len(chunks) > 1
    assert b"".join(chunks) == content
    with pytest.raises(StorageError, match="nothing can't be read"):
        list(store.read_chunks(join(root, "nothing")))


def test_of_a_writer_that_fails_nothing_is_left(tmp_path: Path) -> None:
    root = normalise(str(tmp_path))
    with pytest.raises(StorageError, match="2 bytes came of 3"):
        storage_for(root).write_chunks(join(root, "x"), [b"ab"], 3)
    assert list(tmp_path.iterdir()) == []
