"""What lies on the shelf, and that nothing on it is ever written over."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sandbox_hub.shelf.store import NameRefusedError, Record, Shelf, sha256_hex, slug, title_of

NOTEBOOK = b'{"cells": []}'
RECORD = Record(
    author="ada",
    name="late-orders",
    version=1,
    title="Late orders",
    at="2024-02-29T10:11:12+00:00",
    path="notebooks/late orders.ipynb",
    sha256=sha256_hex(NOTEBOOK),
    image="sha256:" + "ab" * 32,
    verdict="reproduces",
    seconds=3.5,
    reads=[{"run": "20240229T101112Z-7f3a2c", "feature": "orders", "path": "s3a://x", "rows": 3, "files": "0"}],
)


# As a hub of before wrote it; what is stored is read for good.
STORED = """{
 "author": "ada",
 "name": "late-orders",
 "version": 1,
 "title": "Late orders",
 "at": "2026-11-25T10:11:12+00:00",
 "path": "notebooks/late orders.ipynb",
 "sha256": "a4b8b0a4b6a5b5c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f",
 "image": "sha256:0123456789abcdef",
 "verdict": "does not reproduce",
 "seconds": 12.5,
 "reads": [
  {"run": "20261125T015515Z-ddc726", "feature": "orders", "path": "s3a://scratch/x", "files": "0", "rows": 3}
 ],
 "author_reads": [],
 "packages": {"pandas": "2.3.3"},
 "why": ["code cell 2 (`orders.head()`) has another output"],
 "diff": "--- published",
 "format": 1
}"""


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_versions_are_kept_the_newest_first(shelf: Shelf) -> None:
    shelf.add(RECORD, NOTEBOOK, b"{}")
    assert shelf.next_version("ada", "late-orders") == 2
    second = replace(RECORD, version=2, verdict="does not reproduce", at="2024-03-01T10:11:12+00:00")
    shelf.add(second, b"another", b"{}")

    assert [shelf.load(record) for record in shelf.versions("ada", "late-orders")] == [second, RECORD]
    (listed,) = shelf.latest()
    assert listed == replace(second, reads=[{"run": "20240229T101112Z-7f3a2c", "feature": "orders"}])
    assert (shelf.folder("ada", "late-orders", 1) / "late-orders.ipynb").read_bytes() == NOTEBOOK


def test_a_version_is_never_written_over(shelf: Shelf) -> None:
    shelf.add(RECORD, NOTEBOOK, b"{}")
    with pytest.raises(FileExistsError):
        shelf.add(RECORD, b"another", b"{}")
    assert (shelf.folder("ada", "late-orders", 1) / "late-orders.ipynb").read_bytes() == NOTEBOOK


@pytest.mark.parametrize("name", ["again", "_again", "record.json"])
def test_no_notebooks_name_is_taken_by_what_lies_beside_it(shelf: Shelf, name: str) -> None:
    record = replace(RECORD, name=slug(f"{name}.ipynb"))

    shelf.add(record, NOTEBOOK, b"how it came out")

    assert shelf.is_intact(record)
    assert [shelf.load(found) for found in shelf.versions("ada", record.name)] == [record]


def test_a_version_that_was_not_finished_is_none(shelf: Shelf) -> None:
    shelf.folder("ada", "late-orders", 1).mkdir(parents=True)
    assert shelf.versions("ada", "late-orders") == shelf.latest() == []
    assert shelf.next_version("ada", "late-orders") == 2


def test_a_notebook_that_was_changed_is_not_the_one_that_was_run_again(shelf: Shelf) -> None:
    shelf.add(RECORD, NOTEBOOK, b"{}")
    assert shelf.is_intact(RECORD)
    (shelf.folder("ada", "late-orders", 1) / "late-orders.ipynb").write_bytes(b"forged")
    assert not shelf.is_intact(RECORD)


@pytest.mark.parametrize("author", ["..", "ada/..", "", "ada\0"])
def test_no_address_leads_out_of_the_shelf(shelf: Shelf, author: str) -> None:
    assert shelf.versions(author, "late-orders") == []
    assert shelf.versions("ada", author) == []


@pytest.mark.parametrize(
    ("words", "found"),
    [("", True), ("LATE", True), ("ada reproduces", True), ("7f3a2c", True), ("orders 2024-02", True), ("bob", False)],
)
def test_all_words_of_a_search_must_be_there(words: str, found: bool) -> None:
    assert RECORD.matches(words) is found


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("notebooks/02_reading.ipynb", "02_reading"),
        ("Late orders (final).ipynb", "Late-orders-final"),
        ("a/../b.ipynb", "b"),
        ("x" * 200 + ".ipynb", "x" * 80),
    ],
)
def test_a_notebook_is_shared_under_its_files_name(path: str, name: str) -> None:
    assert slug(path) == name


def test_a_name_needs_a_letter() -> None:
    with pytest.raises(NameRefusedError, match=r"`😀\.ipynb` needs a letter A–Z or a digit in its name, because its"):
        slug("notebooks/😀.ipynb")


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ([{"cell_type": "markdown", "source": ["Some text\n", "\n", "## Late orders ##\n"]}], "Late orders"),
        ([{"cell_type": "code", "source": "# a comment"}, {"cell_type": "markdown", "source": "# It"}], "It"),
        ([{"cell_type": "markdown", "source": "#\n##   \nA\n### ##\n# #1: it in C# # \n"}], "#1: it in C#"),
        ([{"cell_type": "markdown", "source": "# a" + " " * 1_000_000 + "b\n# c"}], "a" + " " * 199),
        ([], "name"),
    ],
)
def test_the_title_is_the_first_heading(cells: list[dict[str, Any]], found: str) -> None:
    assert title_of({"cells": cells}, "name") == found


def test_what_was_stored_before_is_still_read(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "ada" / "late-orders" / "v1"
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(STORED)

    (record,) = shelf.versions("ada", "late-orders")

    assert shelf.load(record).to_dict() == json.loads(STORED)


def test_a_version_is_stored_as_before(shelf: Shelf, tmp_path: Path) -> None:
    record = Record(**json.loads(STORED))
    shelf.add(record, NOTEBOOK, b"{}")

    folder = tmp_path / "ada" / "late-orders" / "v1"
    assert json.loads((folder / "record.json").read_text()) == json.loads(STORED)
    assert {file.name for file in folder.iterdir()} == {"late-orders.ipynb", "_again.ipynb", "record.json"}
