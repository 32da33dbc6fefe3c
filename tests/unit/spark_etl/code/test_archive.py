"""The archive of a project's code: the same bytes for the same files, and no harm from one that somebody else made."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from spark_etl.code import archive
from spark_etl.code.archive import make_archive, read_archive, unpack
from spark_etl.code.files import IGNORE_FILE
from spark_etl.errors import ArgumentError, ConfigError, DamagedError

FILES = {"shop/prices.py": "PRICE = 1\n", "shop/ä.sql": "select 1", "feature_config.yaml": "features: {}\n"}
SECRET = 'password = "hunter2"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make(tmp_path / "project", FILES)


def make(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def kept(folder: Path) -> set[str]:
    return set(read_archive(make_archive(folder).content, "it"))


def test_the_same_files_make_the_same_bytes(project: Path, tmp_path: Path) -> None:
    first = make_archive(project)
    again = tmp_path / "again"
    shutil.copytree(project, again)
    for number, name in enumerate(reversed(FILES)):
        os.utime(again / name, (number, number))
        (again / name).chmod(0o600 | number)
    assert make_archive(again).content == first.content
    assert (first.sha256, first.files) == (hashlib.sha256(first.content).hexdigest(), 3)
    assert first.bytes == sum(len(text.encode()) for text in FILES.values())
    (again / "shop/prices.py").write_text("PRICE = 2\n")
    assert make_archive(again).sha256 != first.sha256


def test_its_bytes_are_those_of_every_version() -> None:
    """Whoever changes the form of the archive gives all code a new name, and stores all of it once more."""
    content = archive._zip({"b.py": b"x = 1\n", "a/ä.py": b""})
    assert hashlib.sha256(content).hexdigest() == "a850c7ef0732102ff9244710ec31a74da6eb5a2d04782306081a9fc09c3dffe2"


def test_what_is_left_out_is_listed_with_the_reason(project: Path, tmp_path: Path) -> None:
    make(
        project,
        {
            ".git/HEAD": "",
            ".env": "",
            ".hidden": "",
            "env/pyvenv.cfg": "",
            "shop/__pycache__/a.pyc": "",
            "data/a.csv": "",
            "big.csv": "x" * (2 << 20),
            "small.parquet": "",
            "conf/server.pem": "",
            "shop/login.py": f"import os\n{SECRET}",
            "legacy/old.py": "",
            IGNORE_FILE: "legacy/\n",
        },
    )
    make(tmp_path, {"elsewhere/shared.py": ""})
    (project / "linked").symlink_to(tmp_path / "elsewhere")
    (project / "gone.py").symlink_to("nosuch.py")
    (project / "settings.json").symlink_to(".env")
    large = "a line `!name` in .sparketlignore keeps it"

    made = make_archive(project)

    assert made.left_out == {
        "conf/server.pem": "looks like a secret by its name",
        "settings.json": "looks like a secret by its name",
        "shop/login.py": "looks like a secret: a text for a password in line 2",
        ".env": "looks like a secret by its name",
        "big.csv": f"over 1.0 MB; {large}",
        "small.parquet": f"data; {large}",
        "linked/shared.py": f"a link that leads out of the project; {large}",
        "gone.py": "a link that leads nowhere",
        ".git/": "hidden",
        ".hidden": "hidden",
        "env/": "an environment",
        "data/": "data",
        "legacy/": "by the line `legacy/` of .sparketlignore",
        "shop/__pycache__/": "a cache",
    }
    assert list(made.left_out)[:2] != ["big.csv", "small.parquet"], "secrets come first"
    assert kept(project) == {*FILES, IGNORE_FILE}
    assert b"hunter2" not in made.content


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("!big.csv\n", {"big.csv"}),
        ("!data/*\n", {"data/a.csv"}),
        ("!*\n", {"big.csv", "data/a.csv", "linked/shared.py", ".hidden"}),
        ("!conf/server.pem\n!shop/login.py\n!.env\n", {"conf/server.pem", "shop/login.py", ".env"}),
        ("!conf/*.pem\n!shop/\n!.env*\n", set()),
        ("!login.py\nshop/login.py\n", set()),
    ],
)
def test_the_ignore_file_brings_back_what_it_names_and_a_secret_only_by_its_whole_name(
    project: Path, tmp_path: Path, lines: str, expected: set[str]
) -> None:
    texts = {".env": "", ".hidden": "", "data/a.csv": "", "big.csv": "x" * (2 << 20), "conf/server.pem": ""}
    make(project, {**texts, "shop/login.py": SECRET, IGNORE_FILE: lines})
    make(tmp_path, {"elsewhere/shared.py": ""})
    (project / "linked").symlink_to(tmp_path / "elsewhere")
    assert kept(project) - {*FILES, IGNORE_FILE} == expected


def test_very_many_that_are_left_out_are_counted(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_LEFT_OUT", 2)
    make(project, {".a": "", ".b": "", ".c": "", "shop/login.py": SECRET})
    assert list(make_archive(project).left_out.items())[1:] == [(".a", "hidden"), ("…", "2 more")]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere disks know no case")
def test_names_that_meet_where_case_makes_no_difference_are_not_both_kept(project: Path) -> None:
    make(project, {"shop/Prices.py": "", "a\\b.py": ""})
    left_out = make_archive(project).left_out
    assert left_out["shop/prices.py"] == "where case makes no difference, its name meets shop/Prices.py"
    assert left_out["a\\b.py"] == "its name can't be in an archive"
    unpack(read_archive(make_archive(project).content, "it"), project.parent / "unpacked")


def test_too_much_is_refused_with_the_folders_that_hold_most(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_ARCHIVE", 20)
    with pytest.raises(ConfigError, match="of code to keep, more than 20 B: shop/ "):
        make_archive(project)


def test_what_is_unpacked_makes_the_same_archive(project: Path, tmp_path: Path) -> None:
    make(project, {IGNORE_FILE: "!data/\n", "data/a.csv": "1"})
    made = make_archive(project)
    unpack(read_archive(made.content, "it"), tmp_path / "unpacked")
    assert make_archive(tmp_path / "unpacked").sha256 == made.sha256


def test_a_folder_that_is_not_empty_is_no_place_to_unpack(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    (tmp_path / "empty").mkdir()
    for name in ("full", "full/x", "link"):
        with pytest.raises(ArgumentError, match="is no empty folder"):
            unpack({"a.py": b""}, tmp_path / name)
    unpack({"a/b.py": b"x"}, tmp_path / "empty")
    assert (tmp_path / "empty/a/b.py").read_bytes() == b"x"


def zipped(*names: str, content: bytes = b"x", method: int = zipfile.ZIP_STORED, mode: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of duplicate names
        for name in names:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            made.writestr(info, content, method)
    return buffer.getvalue()


def overlapping() -> bytes:
    """Returns a zip of which a thousand entries are one and the same."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("0.py", b"x" * 100_000)
        first = made.infolist()[0]
        for number in range(1, 1000):
            again = zipfile.ZipInfo(f"{number}.py")
            again.header_offset, again.file_size = first.header_offset, first.file_size
            again.compress_size, again.CRC = first.compress_size, first.CRC
            made.filelist.append(again)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (lambda: zipped("../a.py"), "leads out"),
        (lambda: zipped("a/../../b.py"), "leads out"),
        (lambda: zipped("/etc/passwd"), "leads out"),
        (lambda: zipped("C:/a.py"), "can't be in an archive"),
        (lambda: zipped("a\\..\\b.py"), "can't be in an archive"),
        (lambda: zipped("a\x1b[31m.py"), "can't be in an archive"),
        (lambda: zipped("a.py", "a.py"), "meets a.py"),
        (lambda: zipped("a.py", "A.PY"), "meets a.py"),
        (lambda: zipped("caf\u00e9.py", "cafe\u0301.py"), "meets"),
        (lambda: zipped("a", "A/b.py"), "meets a"),
        (lambda: zipped("a/b.py", "A"), "meets a"),
        (lambda: zipped("link", content=b"/etc/passwd", mode=stat.S_IFLNK | 0o777), "no plain file"),
        (lambda: zipped("folder/", content=b""), "no plain file"),
        (lambda: zipped("bomb.py", content=bytes(10_000_000), method=zipfile.ZIP_DEFLATED), "compressed"),
        (overlapping, "more than it has"),
        (lambda: b"no zip", "no archive of code"),
        (lambda: zipped("a.py")[:-30], "no archive of code"),
        (lambda: archive.ENTRY * (archive.MOST_ENTRIES + 1), "larger than the code of a run"),
    ],
)
def test_an_archive_that_could_do_harm_is_refused(content: Callable[[], bytes], expected: str) -> None:
    with pytest.raises(DamagedError, match=expected):
        read_archive(content(), "the code of run x")


def test_bytes_that_were_changed_are_noticed() -> None:
    content = zipped("a.py", content=b"x = 1\n")
    with pytest.raises(DamagedError, match="no archive of code"):
        read_archive(content.replace(b"x = 1", b"x = 2"), "it")
