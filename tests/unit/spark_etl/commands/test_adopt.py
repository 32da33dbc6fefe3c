"""`spark-etl adopt`: what it prints, and where the run lies."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl import cli
from spark_etl.reading import Runs

from tests.support.sandbox import ROOT


@pytest.fixture
def production(tmp_path: Path) -> Path:
    (tmp_path / "production").mkdir()
    parquet.write_table(pa.table({"id": [1, 2]}), tmp_path / "production" / "0.parquet")
    return tmp_path / "production"


def test_it_prints_the_run(production: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scratch = str(tmp_path / "scratch")
    assert cli.main(["adopt", str(production), "--feature", "orders", "--scratch-path", scratch, "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert Runs(scratch)[row["run_id"]]["orders"].rows == 2
    assert cli.main(["adopt", str(production), "--scratch-path", scratch]) == 2
    assert "--feature NAME" in capsys.readouterr().err


def test_it_needs_no_spark(production: Path, tmp_path: Path) -> None:
    program = "import sys; sys.modules['pyspark'] = None; from spark_etl import cli; sys.exit(cli.main({}))"
    argv = ["adopt", str(production), "--feature", "orders", "--local"]
    done = subprocess.run(
        [sys.executable, "-c", program.format(argv)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "spark")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".spark-etl/scratch/sandbox/production").is_dir()
