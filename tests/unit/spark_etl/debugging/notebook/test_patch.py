"""Patches, as git takes them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spark_etl.debugging.notebook.patch import edited_code, make_patch, original_files
from spark_etl.errors import ArgumentError
from spark_etl.reading.code import RunCode

from tests.unit.spark_etl.debugging.notebook.support import CLASS, FILE, module, notebook

Files = dict[str, bytes]


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def applied(folder: Path, before: Files, patch: str) -> Files:
    """Returns what is in a folder after git has applied a patch to its files."""
    write(folder, before)
    (folder.parent / "the.patch").write_text(patch, newline="")
    command = ["git", "apply", "--whitespace=nowarn", "../the.patch"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + patch
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    return made


LONG = b"".join(b"line %d\n" % number for number in range(40))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a.py": b"x = 1\n"}, {"a.py": b"x = 2\n"}),
        ({"a.py": LONG}, {"a.py": LONG.replace(b"line 3\n", b"").replace(b"line 30", b"line 30\nmore")}),
        ({"b.py": b"b\n"}, {"a.py": b"a\n", "b.py": b"b\n"}),
        ({"b.py": b"b\n"}, {"b.py": b"b\n", "p/q/new.py": b"one\ntwo"}),
        ({"b.py": b"b\n"}, {"b.py": b"b\n", "p/__init__.py": b""}),
        ({"a.py": b"a\n", "b.py": b"b\n"}, {"a.py": b"a\n"}),
        ({"a.py": b"a\n", "p/__init__.py": b""}, {"a.py": b"a\n"}),
        ({"a.py": b"a\nb"}, {"a.py": b"a\nb\n"}),
        ({"a.py": b"a\nb\n"}, {"a.py": b"a\nb"}),
        ({"a.py": b"a\nb"}, {"a.py": b"a\nc"}),
        ({"a.py": b"a\nb"}, {"a.py": b"z\nb"}),
        ({"a.py": b"a\nb\n"}, {"a.py": b""}),
        ({"a.py": b""}, {"a.py": b"a\n"}),
        ({"a.py": b"a\r\nb\r\n"}, {"a.py": b"a\r\nc\r\n"}),
        ({"a.py": b"a\r\nb\r\n"}, {"a.py": b"a\nb\r\nc\r\n"}),
        ({"a.py": b"a\x0cb\x1cc\xc2\x85d\xe2\x80\xa8e\rf\n"}, {"a.py": b"a\x0cb\x1cc\xc2\x85d\xe2\x80\xa8e\rg\n"}),
        ({"a.py": b"\xef\xbb\xbfa\n"}, {"a.py": b"\xef\xbb\xbfb\n"}),
        ({"my file.py": b"a\n"}, {"my file.py": b"b\n", "new one.py": b"", "other one.py": b"x"}),
        ({"my file.py": b"a\n"}, {}),
        ({"ä.py": b"a\n", 'q"uote.py': b"a\n"}, {"ä.py": "ü\n".encode(), 'q"uote.py': b"b\n", "t\tab.py": b"x\n"}),
        ({"-- a.py": b"-- x\n"}, {"-- a.py": b"++ x\n-- y\n"}),
        ({"a.py": b"diff --git a/b b/b\n@@ -1 +1 @@\n"}, {"a.py": b"diff --git a/c b/c\n@@ -1 +1 @@\n"}),
    ],
)
def test_git_applies_it(folder: Path, before: Files, after: Files) -> None:
    assert applied(folder, before, make_patch(before, after)) == after


TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "\r\n", "c", "\n", "-x\n", " \n", "é\n", "\x0c\n"]), max_size=9)
FILES = st.dictionaries(st.sampled_from(["a.py", "p/b.py", "c d.py"]), TEXTS.map(lambda lines: "".join(lines).encode()))


@settings(max_examples=60, deadline=None)
@given(before=FILES, after=FILES)
def test_git_applies_any(tmp_path_factory: pytest.TempPathFactory, before: Files, after: Files) -> None:
    patch = make_patch(before, after)
    if patch:
        folder = tmp_path_factory.mktemp("git") / "project"
        folder.mkdir()
        assert applied(folder, before, patch) == after
    else:
        assert before == after


def test_it_reads_as_git_writes_it() -> None:
    patch = make_patch({"a.py": b"a\nb"}, {"a.py": b"a\nc\n", "n.py": b"1\n"})
    assert patch == (
        "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n a\n-b\n"
        "\\ No newline at end of file\n+c\n"
        "diff --git a/n.py b/n.py\nnew file mode 100644\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1 @@\n+1\n"
    )
    assert make_patch({"a.py": b"\xff"}, {"a.py": b"\xff"}) == ""
    assert "\n--- a/a b.py\t\n+++ b/a b.py\t\n" in make_patch({"a b.py": b"1"}, {"a b.py": b"2"})


@pytest.mark.parametrize(("content", "reason"), [(b"caf\xe9\n", "not in UTF-8 .byte 3"), (b"a\0b", "no text")])
def test_what_is_no_text_is_refused_by_its_name(content: bytes, reason: str) -> None:
    for before, after in (({"x.py": content}, {}), ({}, {"x.py": content}), ({"x.py": b"a"}, {"x.py": content})):
        with pytest.raises(ArgumentError, match=f"^x.py can't be in a patch: it is {reason}"):
            make_patch(before, after)


class Code(Mapping[str, str]):
    """The code of a run, of files that are given."""

    def __init__(self, files: Files) -> None:
        self.files = files

    def __getitem__(self, path: str) -> str:
        return self.files[path].removeprefix(b"\xef\xbb\xbf").decode(errors="replace")

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def bytes(self, path: str) -> bytes:
        return self.files[path]


TEXT = module("a = orders\nreturn a")
KEPT = {FILE: TEXT.encode(), "helpers.py": b"x = 1\n", "p/__init__.py": b"", "conf.yaml": b"a: 1\n"}
CHANGED = [("transform:0", "a = 7"), ("transform:1", "result = a")]


def files(folder: Path, cells: Any = None, kept: Files | None = None) -> Files:
    code = Code(kept or KEPT)
    content = notebook(code, CLASS, cells)
    return edited_code(content, folder, cast(RunCode, code)).files


def test_nothing_was_edited(folder: Path) -> None:
    write(folder, KEPT)
    assert files(folder) == KEPT == original_files(cast(RunCode, Code(KEPT)))
    assert files(folder / "gone") == KEPT


def test_cells_and_files_both_count(folder: Path) -> None:
    write(folder, {**KEPT, "helpers.py": b"x = 2\n", "new.py": b"y\n", "__pycache__/a.pyc": b"\0", ".hidden/x.py": b""})
    (folder / "conf.yaml").unlink()
    expected = {**KEPT, FILE: TEXT.replace("a = orders", "a = 7").encode(), "helpers.py": b"x = 2\n", "new.py": b"y\n"}
    del expected["conf.yaml"]
    assert files(folder, CHANGED) == expected


def test_a_file_that_was_edited_in_both_places_is_named(folder: Path) -> None:
    write(folder, {**KEPT, FILE: b"# mine\n"})
    assert files(folder)[FILE] == b"# mine\n"
    with pytest.raises(ArgumentError, match=f"{FILE} was edited in the cells and in {folder}"):
        files(folder, CHANGED)
    write(folder, {FILE: TEXT.replace("a = orders", "a = 7").encode()})  # the same change
    assert files(folder, CHANGED)[FILE] == TEXT.replace("a = orders", "a = 7").encode()


def test_the_encoding_of_a_file_is_kept(folder: Path) -> None:
    marked = {FILE: b"\xef\xbb\xbf" + TEXT.encode()}
    assert files(folder / "gone", CHANGED, marked)[FILE] == b"\xef\xbb\xbf" + TEXT.replace("orders\n", "7\n").encode()
    latin = {FILE: b"# -*- coding: latin-1 -*-\n" + TEXT.encode()}
    with pytest.raises(ArgumentError, match="its encoding can't be kept"):
        files(folder / "gone", [("transform:0", "a = '€'"), CHANGED[1]], latin)
    with pytest.raises(ArgumentError, match="its encoding can't be kept"):
        files(folder / "gone", CHANGED, {FILE: TEXT.encode() + b"# \xff\n"})


def test_links_in_the_folder_are_not_followed(folder: Path, tmp_path: Path) -> None:
    write(folder, KEPT)
    (tmp_path / "secret").write_text("x")
    (folder / "helpers.py").unlink()
    (folder / "link.py").symlink_to(tmp_path / "secret")
    assert not {"helpers.py", "link.py"} & files(folder).keys()
    (folder / "helpers.py").symlink_to(tmp_path / "secret")
    with pytest.raises(ArgumentError, match=r"helpers\.py is a link now, which no patch has"):
        files(folder)
