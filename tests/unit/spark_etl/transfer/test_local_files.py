"""The files that a path of this machine names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from spark_etl.errors import ArgumentError
from spark_etl.transfer import local_files


def test_a_folder_s_files_come_by_name_and_hidden_ones_are_left_out_and_named(tmp_path: Path) -> None:
    for name in ("b.csv", "sub/a.csv", "_dt=2024-02-29/c.csv", ".git/config", "_SUCCESS"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("abc")
    found = local_files(str(tmp_path))
    assert [file.name for file in found.files] == ["_dt=2024-02-29/c.csv", "b.csv", "sub/a.csv"]
    assert found.hidden == [".git", "_SUCCESS"]
    assert found.bytes == 9


def test_a_file_that_is_named_itself_counts_though_it_is_hidden(tmp_path: Path) -> None:
    (tmp_path / ".env.csv").write_text("a")
    assert [file.name for file in local_files(str(tmp_path / ".env.csv")).files] == [".env.csv"]


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.csv").write_text("1")
    (tmp_path / "data" / "linked").symlink_to(tmp_path / "real")
    assert [file.name for file in local_files(str(tmp_path / "data")).files] == ["linked/x.csv"]


def make_loop(folder: Path) -> None:
    (folder / "up").symlink_to(folder)


def make_dead_link(folder: Path) -> None:
    (folder / "gone.csv").symlink_to(folder / "nowhere")


def make_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def make_odd_name(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/a\xff.csv")).write_text("1")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_loop, "link to a folder above it"),
        (make_dead_link, "leads nowhere"),
        (make_pipe, "is no file: a device, a pipe or a socket"),
        (make_odd_name, "is no UTF-8"),
        (lambda folder: None, "no file in"),
    ],
)
def test_what_can_t_be_brought_is_named(tmp_path: Path, make, reason: str) -> None:
    make(tmp_path)
    with pytest.raises(ArgumentError, match=reason):
        local_files(str(tmp_path))


def test_a_missing_file_s_neighbours_are_named(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("a")
    with pytest.raises(ArgumentError, match="there is no file") as refused:
        local_files(str(tmp_path / "ordres.csv"))
    assert "did you mean `orders.csv`?" in str(refused.value.hint)


def test_a_folder_of_hidden_files_alone_says_so(tmp_path: Path) -> None:
    (tmp_path / "_SUCCESS").touch()
    with pytest.raises(ArgumentError, match="hidden, and left out: _SUCCESS"):
        local_files(str(tmp_path))


def test_a_home_of_no_user_is_refused() -> None:
    with pytest.raises(ArgumentError, match="`~nobodyhere/x`: this machine has no home folder of that user"):
        local_files("~nobodyhere/x")
