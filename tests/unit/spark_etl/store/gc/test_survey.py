"""What a clean-up lists: a pipeline with many runs in parts, and each object once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from spark_etl.storage import StoredObject
from spark_etl.storage.local import LocalStorage
from spark_etl.store import GcOptions, plan_gc
from spark_etl.store.gc import survey as module
from spark_etl.store.gc.survey import RunFacts, beginnings, survey

from tests.support.histories import History

IDS = [f"2024{month:02}{day:02}T101112Z-{number:06x}" for month in (1, 2) for day in (1, 2, 11) for number in range(3)]


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (18, ["2024"]),
        (9, ["202401", "202402"]),
        (6, ["2024010", "2024011", "2024020", "2024021"]),
        (5, ["20240101", "20240102", "2024011", "20240201", "20240202", "2024021"]),
        (1, [f"2024{day}T10" for day in ("0101", "0102", "0111", "0201", "0202", "0211")]),
    ],
)
def test_ids_begin_with_as_little_as_makes_few_of_them(
    most: int, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", most)
    assert list(beginnings(IDS)) == expected


def test_in_parts_the_same_is_found_and_nothing_is_listed_twice(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = history.run(70, code="one")
    for days in (40, 39.5, 10):
        history.run(days, reuses=first if days == 10 else None, code="two")
    history.checkpoint(history.folder_of_run(20), "orders")
    (history.folder / "team" / "shop" / "data").mkdir()
    (history.folder / "team" / "shop" / "data" / "2024.csv").write_text("what somebody keeps there")
    whole = survey(history.store, lambda *_: None)
    options = GcOptions()
    plan = plan_gc(history.store, options)

    listed: list[str] = []
    walk = LocalStorage.walk

    def counted(self: LocalStorage, folder: str, *, beginning: str = "") -> Iterator[StoredObject]:
        for item in walk(self, folder, beginning=beginning):
            listed.append(item.path)
            yield item

    monkeypatch.setattr(LocalStorage, "walk", counted)
    monkeypatch.setattr(module, "AT_ONCE", 1)
    assert survey(history.store, lambda *_: None) == whole
    assert len(listed) == len(set(listed)) > 10
    assert not any(path.endswith("2024.csv") for path in listed)
    again = plan_gc(history.store, options)
    assert set(again.leftovers) == set(plan.leftovers)
    assert [(run.root, run.reason, run.bytes, run.objects) for run in again.runs] == [
        (run.root, run.reason, run.bytes, run.objects) for run in plan.runs
    ]


@pytest.mark.parametrize("name", ["/x", "//x", "/run.json", "/a/b"])
def test_a_key_with_two_slashes_is_in_no_folder_of_the_run(name: str) -> None:
    run = RunFacts("s3a://scratch/team/shop/20240229T101112Z-7f3a2c", "20240229T101112Z-7f3a2c", own=False)
    module._add_to_run(run, StoredObject(f"{run.root}/{name}", 3, "e"), name)
    assert (run.bytes, run.objects, run.etag, run.folders) == (3, 1, None, {})
