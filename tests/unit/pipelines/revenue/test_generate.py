"""The generator's command line, over a folder."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pipelines.revenue.generate import main

SOURCES = ["contracts", "discounts", "exchange_rates", "orders"]
ONE_DAY = ["--start-date", "2024-02-29", "--end-date", "2024-02-29"]


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_it_publishes_a_snapshot_per_source_and_day(tmp_path: Path) -> None:
    assert main(["--rows", "300", "--to", str(tmp_path)]) == 0

    days = ["2024-02-27", "2024-02-28", "2024-02-29"]
    assert sorted(path.parent for path in tmp_path.rglob("part-00000.parquet")) == sorted(
        tmp_path / source / f"_dt={day}" for source in SOURCES for day in days
    )
    assert all((file.parent / "_SUCCESS").exists() for file in tmp_path.rglob("*.parquet"))


def test_the_day_is_told_by_the_folder_only(tmp_path: Path) -> None:
    main(["--rows", "300", "--to", str(tmp_path), *ONE_DAY])

    assert not [file for file in tmp_path.rglob("*.parquet") if "_dt" in pq.ParquetFile(file).schema_arrow.names]


def test_what_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--rows", "300", "--seed", "1", "--to", str(tmp_path), *ONE_DAY])
    before = files(tmp_path)
    capsys.readouterr()

    assert main(["--rows", "300", "--seed", "2", "--to", str(tmp_path), *ONE_DAY]) == 0
    assert files(tmp_path) == before
    assert capsys.readouterr().err.splitlines() == [f"{name} _dt=2024-02-29: is there" for name in SOURCES]


def test_force_writes_it_once_more_and_leaves_nothing_of_the_old(tmp_path: Path) -> None:
    main(["--rows", "300", "--seed", "1", "--to", str(tmp_path), *ONE_DAY])
    before = files(tmp_path)
    stale = tmp_path / "orders" / "_dt=2024-02-29" / "part-00009.parquet"
    stale.write_bytes(b"old")

    main(["--rows", "300", "--seed", "2", "--to", str(tmp_path), *ONE_DAY, "--force"])
    assert not stale.exists()
    assert files(tmp_path) != before


def test_a_snapshot_that_was_broken_off_is_written_anew(tmp_path: Path) -> None:
    main(["--rows", "300", "--to", str(tmp_path), *ONE_DAY])
    before = files(tmp_path)
    folder = tmp_path / "orders" / "_dt=2024-02-29"
    (folder / "_SUCCESS").unlink()
    (folder / "part-00000.parquet").write_bytes(b"half")

    main(["--rows", "300", "--to", str(tmp_path), *ONE_DAY])
    assert files(tmp_path) == before


def test_a_day_is_the_same_whatever_the_other_days_are(tmp_path: Path) -> None:
    main(["--rows", "900", "--to", str(tmp_path / "three")])
    main(["--rows", "300", "--to", str(tmp_path / "one"), *ONE_DAY])

    three = {name: data for name, data in files(tmp_path / "three").items() if "2024-02-29" in name}
    assert three == files(tmp_path / "one")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--rows", "0"], "--rows is not positive"),
        (["--start-date", "2024-03-02"], "--end-date is before --start-date"),
        (["--to", "ftp://somewhere/"], "ftp://somewhere/: neither s3a://… nor a folder"),
    ],
)
def test_nonsense_is_refused(
    options: list[str], reason: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["--to", str(tmp_path), *options]) == 2
    assert reason in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_place_that_cant_be_written_is_told_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")

    assert main(["--to", str(tmp_path / "file"), "--rows", "300"]) == 5
    assert capsys.readouterr().err.startswith(f"error: can't publish to {tmp_path / 'file'}: ")
