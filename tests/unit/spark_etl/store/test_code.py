"""An archive of code that a run is to name is never as old as one that a clean-up deletes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.store import StoredRun

from tests.support.histories import set_age

ARCHIVE: Any = SimpleNamespace(content=b"code", sha256="ab" * 32, files=1, bytes=4, left_out={})


@pytest.mark.parametrize(("days", "written_anew"), [(0.4, False), (0.6, True), (30, True)])
def test_one_that_is_half_a_day_old_is_written_anew(tmp_path: Path, days: float, written_anew: bool) -> None:
    run = StoredRun(f"file://{tmp_path}/team/shop/20240229T101112Z-7f3a2c")
    run.write_code(ARCHIVE)
    (file,) = (tmp_path / "team" / "shop" / "_code").iterdir()
    set_age(file, days)
    before = file.stat().st_mtime
    run.write_code(ARCHIVE)
    assert (file.stat().st_mtime > before) is written_anew
    assert file.read_bytes() == b"code"
