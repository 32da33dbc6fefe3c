"""Which files of a folder belong to a project."""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path

import pytest
from spark_etl.code import files
from spark_etl.code.files import format_left_out, survey
from spark_etl.code.project import Project
from spark_etl.errors import ConfigError


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def found(folder: Path, *, follow: bool = True) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in survey(folder, follow=follow).files}


def test_caches_data_and_hidden_files_are_no_part_of_a_project(tmp_path: Path) -> None:
    make(tmp_path, "a.py", "pkg/q.sql", ".env", ".git/config", "data/x.csv", "pkg/__pycache__/a.pyc", "env/pyvenv.cfg")
    assert found(tmp_path) == {"a.py", "pkg/q.sql"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("*.sql\n", {"a.py", "raw/r.csv", "raw/b.csv"}),
        ("# a comment\n/raw/\n", {"a.py", "pkg/q.sql"}),
        ("raw/*\n!raw/r.csv\n", {"a.py", "pkg/q.sql", "raw/r.csv"}),
        ("!data/\n", {"a.py", "pkg/q.sql", "raw/r.csv", "raw/b.csv", "data/x.csv", "data/y.csv"}),
        ("!/data/x.csv\n", {"a.py", "pkg/q.sql", "raw/r.csv", "raw/b.csv", "data/x.csv"}),
        ("!**/x.csv\n", {"a.py", "pkg/q.sql", "raw/r.csv", "raw/b.csv", "data/x.csv"}),
        ("!data/**/x.csv  \n", {"a.py", "pkg/q.sql", "raw/r.csv", "raw/b.csv", "data/x.csv"}),
        ("!.conf/*.yaml\r\n", {"a.py", "pkg/q.sql", "raw/r.csv", "raw/b.csv", ".conf/c.yaml"}),
    ],
)
def test_an_ignore_file_narrows_and_widens(tmp_path: Path, lines: str, expected: set[str]) -> None:
    make(tmp_path, "a.py", "pkg/q.sql", "raw/r.csv", "raw/b.csv", "data/x.csv", "data/y.csv", ".conf/c.yaml")
    (tmp_path / files.IGNORE_FILE).write_text(lines)
    assert found(tmp_path) == expected


@pytest.mark.parametrize("line", ["!", "\\", "a\\", "[z-a]", "!  "])
def test_a_line_that_is_no_pattern_is_refused_by_its_number(tmp_path: Path, line: str) -> None:
    (tmp_path / files.IGNORE_FILE).write_text(f"*.sql\n{line}\n")
    with pytest.raises(ConfigError, match=rf"{files.IGNORE_FILE}:2: `{re.escape(line)}` is no pattern"):
        found(tmp_path)


def test_links_that_lead_back_end_the_search_and_others_are_followed(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "proj", tmp_path / "elsewhere"
    make(folder, "a.py", "pkg/b.py", "other/c.py")
    make(elsewhere, "shared.py")
    (folder / "pkg" / "up").symlink_to("..")
    (folder / "other" / "pkg").symlink_to("../pkg")
    (folder / "pkg" / "top").symlink_to("../..")
    (folder / "self").symlink_to("self")
    (folder / "linked").symlink_to(elsewhere)
    (folder / "gone.py").symlink_to("nosuch.py")

    result = survey(folder)

    names = {file.relative_to(folder).as_posix() for file in result.files}
    assert names == {"a.py", "pkg/b.py", "other/c.py", "other/pkg/b.py", "linked/shared.py"}
    assert sorted(format_left_out(result.left_out, folder)) == [
        "gone.py (a link that leads nowhere)",
        "other/pkg/top, other/pkg/up, pkg/top, pkg/up (a link that leads to a folder above it)",
        "self (a link that leads to itself)",
    ]
    assert found(folder, follow=False) == {"a.py", "pkg/b.py", "other/c.py", "linked/shared.py"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file systems refuse such names")
def test_what_nobody_can_use_is_left_out_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.py", "locked.sql")
    monkeypatch.chdir(tmp_path)  # a socket's path has to be short
    os.mkfifo("queue.fifo")
    (tmp_path / "null").symlink_to(os.devnull)
    Path(os.fsdecode(b"caf\xe9.sql")).touch()
    server = socket.socket(socket.AF_UNIX)
    server.bind("app.sock")
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked.sql" and allowed(path, mode))

    project = Project(tmp_path)

    assert [file.name for file in project.files()] == ["a.py"]
    assert sorted(project.notes()) == [
        "not sent to executors: app.sock, null, queue.fifo (no regular file)",
        r"not sent to executors: caf\udce9.sql (its name is no UTF-8)",
        "not sent to executors: locked.sql (you may not read it)",
    ]
    server.close()


def test_too_much_for_executors_is_refused_with_the_largest_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spark_etl.code.project.LARGEST_ARCHIVE", 1000)
    make(tmp_path, "a.py", *(f"lookup/{number}.json" for number in range(100)))
    with pytest.raises(ConfigError, match=r"in 101 files for executors, more than 1.0 kB: lookup/ 1.4 kB, a.py 4 B"):
        Project(tmp_path).check_files()
    (tmp_path / files.IGNORE_FILE).write_text("lookup/\n")
    Project(tmp_path).check_files()


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_FILES", 10)
    make(tmp_path, *(f"tiles/{number}.json" for number in range(20)))
    with pytest.raises(ConfigError, match=r"more than 10 files; most are in tiles \(11\)"):
        Project(tmp_path).check_files()


def test_a_large_file_is_sent_only_if_it_is_asked_for(tmp_path: Path) -> None:
    make(tmp_path, "a.py")
    (tmp_path / "big.json").write_bytes(b"x" * (2 << 20))
    project = Project(tmp_path)
    assert [file.name for file in project.files()] == ["a.py"]
    (note,) = project.notes()
    assert note.startswith("not sent to executors: big.json (over 1.0 MB; a line `!name` in .sparketlignore")
    (tmp_path / files.IGNORE_FILE).write_text("!big.json\n")
    assert [file.name for file in Project(tmp_path).files()] == ["a.py", "big.json"]
