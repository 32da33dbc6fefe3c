"""The list of the objects that came with an imported run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from spark_etl.errors import DamagedError
from spark_etl.store import ImportedSource, StoredRun

SHA = "a" * 64
LINE = ["s3a://published/orders/x.parquet", "_sources/s3a/published/orders/x.parquet", 3, SHA, "e" * 32]


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    return StoredRun(f"file://{tmp_path}/elsewhere/shop/20240229T101112Z-7f3a2c")


def write(run: StoredRun, content: Any) -> None:
    folder = Path(run.root.removeprefix("file://"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "_sources.json").write_text(json.dumps(content))


def test_a_run_without_any_has_none(run: StoredRun) -> None:
    assert run.imported_sources() == ()


def test_each_is_named_as_it_was_and_as_it_is(run: StoredRun) -> None:
    write(run, {"format": 1, "objects": [LINE, [*LINE[:4], None]]})
    first, second = run.imported_sources()
    assert first == ImportedSource(LINE[0], LINE[1], 3, SHA, "e" * 32)
    assert second.etag is None


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"format": 2, "objects": []},
        {"format": 1},
        {"format": 1, "objects": ["x"]},
        {"format": 1, "objects": [LINE[:4]]},
        *(
            {"format": 1, "objects": [[*LINE[:place], value, *LINE[place + 1 :]]]}
            for place, value in (
                (0, 1),
                (1, "net/part-0.parquet"),
                (1, "_sources/../run.json"),
                (2, -1),
                (2, True),
                (3, "x"),
                (4, 5),
            )
        ),
    ],
)
def test_what_is_no_such_list_is_refused(run: StoredRun, content: Any) -> None:
    write(run, content)
    with pytest.raises(DamagedError):
        run.imported_sources()
