"""How a user's server asks the shelf."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sandbox_lab.errors import RefusedError
from sandbox_lab.sharing import call_shelf, share_preview


@pytest.mark.parametrize(
    ("host", "sent"), [("", {}), ("shelf--service.localhost:8000", {"Host": "shelf--service.localhost:8000"})]
)
def test_a_shelf_with_an_address_of_its_own_is_asked_for_by_it(
    monkeypatch: pytest.MonkeyPatch, host: str, sent: dict[str, str]
) -> None:
    calls: list[Any] = []

    def request(method: str, url: str, **more: Any) -> Any:
        calls.append((url, more["headers"], more["data"]))
        return SimpleNamespace(ok=True, json=lambda: {"job": "j"})

    monkeypatch.setattr("requests.request", request)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "its-token")
    monkeypatch.setenv("SANDBOX_SHELF_HOST", host)

    assert call_shelf("POST", "share", {"path": "ü.ipynb"}) == {"job": "j"}
    headers = {"Authorization": "token its-token", "Content-Type": "application/json", **sent}
    assert calls == [("http://hub:8000/services/shelf/api/share", headers, '{"path": "ü.ipynb"}'.encode())]


def test_what_the_shelf_says_when_it_refuses_reaches_the_author(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = SimpleNamespace(ok=False, status_code=429, json=lambda: {"message": "3 notebooks of ada wait already"})
    monkeypatch.setattr("requests.request", lambda *_, **__: answer)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "its-token")

    with pytest.raises(RefusedError) as refused:
        call_shelf("POST", "share", {})

    assert (refused.value.status, refused.value.message) == (429, "3 notebooks of ada wait already")


def test_an_author_sees_before_what_will_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "late orders.ipynb"
    cells = [
        {"cell_type": "code", "source": 'run = runs["7f3a2c"]', "outputs": [{"output_type": "stream", "text": "x"}]},
        {"cell_type": "code", "source": "other = runs.latest()", "outputs": []},
        {"cell_type": "markdown", "source": "# Late orders"},
    ]
    file.write_text(json.dumps({"cells": cells}))
    reads = [
        {"at": "", "notebook": str(file), "run": run, "feature": "orders", "path": f"s3a://x/{run}", "files": "0"}
        for run in ("20240229T101112Z-7f3a2c", "20240229T111213Z-0123ab")
    ]
    (tmp_path / "1.jsonl").write_text("\n".join(map(json.dumps, reads)))
    monkeypatch.setenv("SPARK_ETL_READS", str(tmp_path))
    asked: list[str] = []
    shelf = {"author": "ada", "name": "late-orders", "next": 2, "versions": []}
    monkeypatch.setattr("sandbox_lab.sharing.call_shelf", lambda _, path: asked.append(path) or shelf)

    preview = share_preview(tmp_path, "late orders.ipynb")

    assert asked == ["mine?path=late+orders.ipynb"]
    assert preview | shelf == preview
    assert (preview["cells"], preview["outputs"]) == (2, 1)
    assert [read["run"][-6:] for read in preview["reads"]] == ["7f3a2c", "0123ab"]
    assert preview["not_pinned"] == [
        "The code does not name 20240229T111213Z-0123ab. Tomorrow it may read another run.",
        'To pin it, write runs["20240229T111213Z-0123ab"] instead of runs.latest(…).',
        "A run that the notebook makes itself needs no name.",
    ]


@pytest.mark.parametrize("content", ["{}", "[]", "no JSON", '{"cells": [1]}', '{"cells": 3}'])
def test_what_is_no_notebook_can_not_be_shared(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.ipynb").write_text(content)

    with pytest.raises(RefusedError, match="is no notebook"):
        share_preview(tmp_path, "x.ipynb")
