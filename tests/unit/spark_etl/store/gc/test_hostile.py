"""What a user writes below their own prefix can keep runs, and leads to no deletion elsewhere."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from spark_etl.store import GcOptions, execute_gc, plan_gc

from tests.support.histories import History, path_of

EVERYTHING = GcOptions(timedelta(0), keep_last=0, users=True)
NAMED = [
    "../../../published",
    "file:///etc",
    "/",
    "",
    "team/shop",
    "{root}/..",
    "{root}/../{id}",
    "s3a://published/net",
]


def files_but_of(folder: Path, own: Path) -> dict[str, bytes]:
    found = (file for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_relative_to(own))
    return {str(file): file.read_bytes() for file in found}


def change(file: Path, **known: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | known))


def name_in(where: str, folder: Path, path: str, victim: str) -> None:
    """Has a part of a run in a folder name a path."""
    document = folder / "run.json"
    if where == "reused":
        features = json.loads(document.read_text())["features"]
        features["orders"]["reused_from"] = path
        change(document, features=features)
    elif where == "manifest":
        change(folder / "orders" / "_manifest.json", data_folder=path, format=3)
    elif where == "decision":
        (folder / "_publish.json").write_text(json.dumps({path: {"before": [victim], "new": []}}))
    else:
        known = {
            "replay": {"run": "x", "path": path, "feature": "orders"},
            "resumed": path,
            "adopted": {"orders": path},
            "code": {"sha256": "ab" * 32},
        }
        change(document, **{where: known[where]})


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("where", ["reused", "replay", "resumed", "adopted", "code", "manifest", "decision"])
def test_no_path_in_a_document_is_deleted(history: History, name: str, where: str) -> None:
    team = history.run(30, code="one")
    own = history.run(29, pipeline="users/ada/shop", status="failed", mark=False)
    name_in(where, path_of(own.root), name.format(root=team.root, id=team.run_id), team.document_path)
    history.age(own, 29)
    mine = path_of(own.root).parent
    before = files_but_of(history.folder, mine)
    execute_gc(history.store, plan_gc(history.store, EVERYTHING))
    assert files_but_of(history.folder, mine) == before


def test_a_run_of_no_time_stays(history: History) -> None:
    root = history.folder / "users" / "ada" / "shop"
    for run_id in ("20249999T999999Z-aaaaaa", "99991231T235959Z-aaaaaa", "00010101T000000Z-aaaaaa"):
        (root / run_id).mkdir(parents=True)
        (root / run_id / "run.json").write_text("{}")
    plan = plan_gc(history.store, EVERYTHING)
    assert {run.reason for run in plan.runs} == {"damaged"}
    assert plan.going == []
