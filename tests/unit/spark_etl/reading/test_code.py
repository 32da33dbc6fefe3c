"""The code of a run as a reader gets it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from spark_etl.code.archive import CodeArchive, make_archive
from spark_etl.errors import CodeNotKeptError, ConfigError, DamagedError
from spark_etl.reading import Run, Runs
from spark_etl.store import CodeRecord

from tests.unit.spark_etl.reading.conftest import MakeRun

FIRST, SECOND = "20240228T101112Z-aaaaaa", "20240229T101112Z-bbbbbb"
PRICES = "PRICE = 1\nTAX = 2\n"
HOSTILE = "x = '\x1b]52;c;cm0gLXJm\x07\u202e'\n"


def make(folder: Path, **files: str | bytes) -> Path:
    (folder / "shop").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / "shop" / name.replace("_py", ".py").replace("_bin", ".bin")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make(
        tmp_path / "project",
        prices_py=PRICES,
        model_bin=b"\0\1",
        latin_py="# coding: latin-1\nx = 'é'\n".encode("latin-1"),
    )


def run_with(make_run: MakeRun, run_id: str, archive: CodeArchive) -> Run:
    stored = make_run(run_id)
    document = stored.document()
    assert document
    document.code = stored.write_code(archive)
    stored.write_document(document)
    return Runs(stored.scratch)[run_id]


def test_files_are_read_by_their_path(make_run: MakeRun, project: Path) -> None:
    code = run_with(make_run, FIRST, make_archive(project)).code
    assert code["shop/prices.py"] == PRICES
    assert code["shop/latin.py"].endswith("x = 'é'\n")
    assert code.bytes("shop/model.bin") == b"\0\1"
    assert list(code) == ["shop/latin.py", "shop/model.bin", "shop/prices.py"]
    assert "shop/prices.py" in code
    assert "shop/price.py" not in code
    with pytest.raises(CodeNotKeptError, match=r"has no file shop/price\.py\. Did you mean `shop/prices\.py`"):
        code["shop/price.py"]


def test_a_file_that_was_left_out_says_why(make_run: MakeRun, project: Path) -> None:
    make(project, login_py='password = "hunter2"')
    (project / "data").mkdir()
    code = run_with(make_run, FIRST, make_archive(project)).code
    with pytest.raises(CodeNotKeptError, match="It was left out: looks like a secret: a text for a password in line 1"):
        code["shop/login.py"]
    with pytest.raises(CodeNotKeptError, match="It was left out: data"):
        code["data/2024/a.csv"]


def test_two_runs_with_the_same_code_share_one_archive(make_run: MakeRun, project: Path, scratch: Path) -> None:
    first, second = (run_with(make_run, run_id, make_archive(project)) for run_id in (FIRST, SECOND))
    (archive,) = (scratch / "team" / "revenue" / "_code").iterdir()
    assert archive.name == f"{first.code.sha256}.zip"
    assert first.code.diff(second) == first.code.diff(project) == ""
    assert [run.id for run in Runs(str(scratch)).list()] == [SECOND, FIRST], "the archives are no run"
    assert Runs(str(scratch)).latest().id == SECOND


def test_runs_that_keep_the_same_code_at_the_same_time_do_not_disturb_each_other(
    make_run: MakeRun, project: Path
) -> None:
    stored, archive = make_run(FIRST), make_archive(project)
    with ThreadPoolExecutor(16) as pool:
        records = list(pool.map(lambda _: stored.write_code(archive), range(64)))
    assert {record.sha256 for record in records} == {archive.sha256}
    assert stored.code_archive(archive.sha256) == archive.content


def test_a_diff_is_unified_and_names_both_sides(make_run: MakeRun, project: Path, tmp_path: Path) -> None:
    first = run_with(make_run, FIRST, make_archive(project))
    make(
        project, prices_py="PRICE = 3\nTAX = 2", new_py="NEW = 1\n", model_bin=b"\0\2", login_py='password = "hunter2"'
    )
    (project / "shop/latin.py").unlink()
    second = run_with(make_run, SECOND, make_archive(project))
    make(project, login_py="")
    assert (
        first.code.diff(second)
        == f"""\
--- {FIRST}/shop/latin.py
+++ /dev/null
@@ -1,2 +0,0 @@
-# coding: latin-1
-x = 'é'
Binary files {FIRST}/shop/model.bin and {SECOND}/shop/model.bin differ
--- /dev/null
+++ {SECOND}/shop/new.py
@@ -0,0 +1 @@
+NEW = 1
--- {FIRST}/shop/prices.py
+++ {SECOND}/shop/prices.py
@@ -1,2 +1,2 @@
-PRICE = 1
-TAX = 2
+PRICE = 3
+TAX = 2
\\ No newline at end of file
"""
    )
    assert first.code.diff(second.code) == first.code.diff(second)
    with pytest.raises(ConfigError, match="is not there"):
        first.code.diff(tmp_path / "nowhere")
    assert second.code.diff(project) == (
        "# shop/login.py is left out on one side: looks like a secret: a text for a password in line 1\n"
    )


def test_what_people_see_is_text_and_what_programs_get_is_the_file(
    make_run: MakeRun, project: Path, tmp_path: Path
) -> None:
    make(project, prices_py=HOSTILE, login_py='password = "hunter2"')
    code = run_with(make_run, FIRST, make_archive(project)).code
    assert code["shop/prices.py"] == HOSTILE
    shown = [repr(code), code._repr_html_(), code.diff(make(tmp_path / "empty"))]
    assert not any(char in text for text in shown for char in "\x1b\x07\u202e")
    assert r"\x1b]52" in shown[2]
    for text in shown[:2]:
        assert all(
            part in text
            for part in ("shop/prices.py", f"{len(HOSTILE.encode())} B", "shop/login.py", "looks like a secret")
        )
    assert f"code of run {FIRST}: 3 files" in shown[0]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (None, "it is of an earlier version, which kept none"),
        (CodeRecord(reason="--no-keep-code was given"), "--no-keep-code was given"),
        (CodeRecord(reason="s3a://scratch refused ada"), "s3a://scratch refused ada"),
    ],
)
def test_a_run_without_code_reads_and_says_why_it_has_none(
    make_run: MakeRun, record: CodeRecord | None, expected: str
) -> None:
    stored = make_run(FIRST)
    document = stored.document()
    assert document
    document.code = record
    stored.write_document(document)
    run = Runs(stored.scratch)[FIRST]
    assert run["orders"].rows == 5
    with pytest.raises(CodeNotKeptError, match=f"run {FIRST} has no code: {expected}") as raised:
        run.code  # noqa: B018
    assert "--no-keep-code" in str(raised.value.hint)


def test_an_archive_that_is_gone_or_another_one_is_named(make_run: MakeRun, project: Path, scratch: Path) -> None:
    code = run_with(make_run, FIRST, make_archive(project)).code
    (archive,) = (scratch / "team" / "revenue" / "_code").iterdir()
    archive.write_bytes(make_archive(make(project, prices_py="PRICE = 9\n")).content)
    with pytest.raises(DamagedError, match="is not the code that the run has kept"):
        code["shop/prices.py"]
    archive.unlink()
    with pytest.raises(CodeNotKeptError, match=r"not at file://.*\.zip any more"):
        code["shop/prices.py"]


@pytest.mark.parametrize("sha256", ["../../other/secret", "A" * 64, "", 7])
def test_a_hash_that_is_none_damages_the_run_and_opens_nothing(make_run: MakeRun, sha256: object) -> None:
    stored = make_run(FIRST)
    document = stored.document()
    assert document
    document.code = CodeRecord(sha256=sha256)  # type: ignore[arg-type]
    stored.write_document(document)
    assert Runs(stored.scratch)[FIRST].status == "damaged"


def test_code_unpacks_to_what_it_was(make_run: MakeRun, project: Path, tmp_path: Path) -> None:
    code = run_with(make_run, FIRST, make_archive(project)).code
    code.unpack(tmp_path / "unpacked")
    assert code.diff(tmp_path / "unpacked") == ""
    assert (tmp_path / "unpacked/shop/prices.py").read_text() == PRICES
