"""What lies on the shelf, and that nothing on it is ever written over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sandbox_hub.shelf.store import Record, Shelf, sha256_hex, slug, title_of

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
    with pytest.raises(ValueError, match="needs a letter"):
        slug("notebooks/…….ipynb")


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
