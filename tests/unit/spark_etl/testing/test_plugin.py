"""The mark `checkpoint`: which rows it means. Features on them are in tests/spark/test_feature_case.py."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.errors import ArgumentError, CheckpointError, RunNotFoundError
from spark_etl.testing.plugin import _marked

from tests.unit.spark_etl.reading.conftest import MakeRun, make_run

__all__ = ["make_run"]
ID = "20240229T101112Z-bbbbbb"


def config(scratch: str) -> Any:
    """Returns pytest's config with a scratch path in the ini."""
    return SimpleNamespace(getini=lambda _: scratch, rootpath=Path("/repository"))


@pytest.mark.parametrize("name", ["latest/orders", f"{ID}/orders", "bbbbbb/orders"])
def test_a_mark_names_run_and_feature(make_run: MakeRun, scratch: Path, name: str) -> None:
    make_run(ID)
    source, checkpoint = _marked(config(str(scratch)), name)
    assert (source, checkpoint.feature, checkpoint.rows) == ("orders", "orders", 5)
    assert _marked(config(""), name, source="sales")[0] == "sales", "SANDBOX_SCRATCH, where the ini names none"


def test_a_relative_scratch_path_is_the_repositorys(scratch: Path) -> None:
    with pytest.raises(RunNotFoundError, match="/repository/tests/scratch"):
        _marked(config("tests/scratch"), "latest/orders")


def test_a_mark_that_can_not_be_is_refused_with_the_way_to_write_it(
    make_run: MakeRun, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(ID)
    for name in ("orders", "latest/", "/orders"):
        with pytest.raises(ArgumentError, match="names no run and feature"):
            _marked(config(str(scratch)), name)
    with pytest.raises(CheckpointError, match="order"):
        _marked(config(str(scratch)), "latest/order")
    monkeypatch.delenv("SANDBOX_SCRATCH")
    with pytest.raises(ArgumentError, match="where the runs are is not known"):
        _marked(config(""), "latest/orders")
