"""The config of a replay, and its days."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from spark_etl.config import load_config
from spark_etl.debugging.origin import Origin
from spark_etl.debugging.replay_plan import own_config
from spark_etl.errors import ArgumentError
from spark_etl.reading import Run
from spark_etl.store import RunDocument, StoredRun

CONFIG = """
features:
  orders: {class: a.Orders, params: {since: 2024-01-02, text: "2024-01-02", name: "${NAME:-x}"}}
"""
PARAMS = {"since": date(2024, 1, 2), "text": "2024-01-02", "name": "x"}


@pytest.fixture
def recorded(tmp_path: Path) -> dict[str, Any]:
    """What a run records of its config."""
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)
    config = load_config(file)
    return {"config": config.as_json, "config_text": config.text}


def origin_of(**known: Any) -> Origin:
    stored = StoredRun("file:///scratch/team/shop/20240229T101112Z-aaaaaa")
    return Origin(Run(stored, RunDocument(stored.run_id, stored.root, "team", "shop", **known)), "orders")


def params(known: dict[str, Any], code: Path) -> dict[str, Any]:
    code.mkdir()
    return own_config(origin_of(**known), code).features["orders"].params


def test_dates_of_a_config_that_is_not_with_the_code_are_dates(recorded: dict[str, Any], tmp_path: Path) -> None:
    assert params(recorded, tmp_path / "code") == PARAMS


def test_a_text_that_says_something_else_than_the_config_is_not_believed(
    recorded: dict[str, Any], tmp_path: Path
) -> None:
    forged = {**recorded, "config_text": CONFIG + "spark: {spark.plugins: evil.Plugin}\n"}
    assert params(forged, tmp_path / "code") == {**PARAMS, "since": "2024-01-02"}


def test_a_config_without_dates_is_kept_once(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text('features: {orders: {class: a.Orders, params: {text: "2024-01-02"}}}')
    assert load_config(file).text is None


def test_a_replay_is_about_the_days_of_the_run() -> None:
    day, other = date(2024, 2, 29), date(2024, 3, 1)
    known = origin_of(start_date="2024-02-29", end_date="2024-02-29")
    assert known.dates(None, None) == known.dates(day, day) == origin_of().dates(day, None)
    with pytest.raises(ArgumentError, match="is about 2024-02-29, not about 2024-03-01"):
        known.dates(None, other)
    with pytest.raises(ArgumentError, match="does not say which days"):
        origin_of().dates(None, other)
