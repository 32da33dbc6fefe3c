"""What a feature would be computed with, beside what its run had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from spark_etl.debugging.environment import EnvironmentChangedError, refuse_other_environment
from spark_etl.debugging.origin import Origin
from spark_etl.reading import Run
from spark_etl.runner.resume.cache_key import CacheKey
from spark_etl.store import FeatureRecord, RunDocument, StoredRun

ID = "20240229T101112Z-7f3a2c"
ROOT = f"file:///scratch/team/shop/{ID}"
PARTS = {"params": {"rate": "a"}, "settings": {"zone": "b"}, "versions": {"pandas": "2.0"}, "sources": {"raw": "c"}}


@pytest.fixture
def origin(monkeypatch: pytest.MonkeyPatch) -> Origin:
    known = {"net": PARTS, "late": {"params": {"rate": "a"}}, "old": {}}
    monkeypatch.setattr(Origin, "recorded_parts", lambda _, alias: known[alias])
    features = {alias: FeatureRecord(deterministic=alias != "dice") for alias in (*known, "dice")}
    return Origin(
        Run(StoredRun(ROOT), RunDocument(ID, ROOT, "team", "shop", order=[*features], features=features)), "net"
    )


def keys(**changed: Any) -> Mapping[str, CacheKey]:
    return dict.fromkeys(("net", "late", "old"), CacheKey("", {**PARTS, **changed}))


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"versions": {"pandas": "3.0"}}, "`net`: other versions: `pandas` 2.0, now 3.0"),
        ({"versions": {}}, "`pandas` 2.0, now not installed here"),
        ({"params": {"rate": "x"}}, "`net`: another value for `rate`\n  `late`: another value for `rate`"),
        ({"settings": {"zone": "x"}}, "`net`: another value for `zone`"),
    ],
)
def test_what_is_another_now_is_named(origin: Origin, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(EnvironmentChangedError) as refused:
        refuse_other_environment(origin, keys(**changed), ["net", "late", "old"])
    assert text in refused.value.message
    assert refused.value.features == {"net", *(["late"] if "params" in changed else [])}, "old has recorded nothing"


def test_what_gives_other_rows_each_time_does_not_give_those_of_the_run(origin: Origin) -> None:
    with pytest.raises(EnvironmentChangedError, match="`dice`: it gives other rows each time") as refused:
        refuse_other_environment(origin, {"dice": keys()["net"]}, ["dice"])
    assert refused.value.features == {"dice"}


def test_what_is_the_same_or_looked_at_elsewhere_is_not_refused(origin: Origin) -> None:
    refuse_other_environment(origin, keys(), ["net", "late", "old"])
    refuse_other_environment(origin, keys(sources={"raw": "x"}, more={}), ["net"])
    refuse_other_environment(origin, keys(versions={"pandas": "3.0"}), ["late"])
