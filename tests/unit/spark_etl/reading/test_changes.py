from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from spark_etl.code.fingerprint import code_fingerprint
from spark_etl.code.project import Project
from spark_etl.reading import Checkpoint
from spark_etl.reading.changes import changed_modules
from spark_etl.store import Manifest, RunDocument

from tests.unit.spark_etl.store.test_manifest import MANIFEST


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text("import rates\nclass Net: pass\n")
    (tmp_path / "rates.py").write_text("EUR = 1\n")
    return tmp_path


@pytest.fixture
def manifest(project: Path) -> Manifest:
    return replace(MANIFEST, code=code_fingerprint(Project(project), "net.Net"))


@pytest.fixture
def run(project: Path) -> RunDocument:
    versions = {"python": platform.python_version()}
    return RunDocument("r", "p", "team", "revenue", project_path=str(project), versions=versions)


def test_the_same_code_has_not_changed(manifest: Manifest, run: RunDocument) -> None:
    assert changed_modules(manifest, run) == []


def test_a_helper_that_changed_is_named(project: Path, manifest: Manifest, run: RunDocument) -> None:
    (project / "rates.py").write_text("EUR = 2\n")
    changed = changed_modules(manifest, run)
    assert changed == ["rates"]
    assert "its code has changed since: rates" in repr(Checkpoint("p", manifest, changed=changed))


def test_a_file_that_it_names_is_named_where_it_was_recorded(project: Path, run: RunDocument) -> None:
    (project / "net.py").write_text('class Net:\n    query = "q.sql"\n')
    (project / "q.sql").write_text("select 1")
    code = code_fingerprint(Project(project), "net.Net")
    older = {name: part for name, part in code.items() if name != "files"}
    (project / "q.sql").write_text("select 2")
    assert changed_modules(replace(MANIFEST, code=code), run) == ["q.sql"]
    assert changed_modules(replace(MANIFEST, code=older), run) == []


@pytest.mark.parametrize("other", [{"project_path": "/nowhere"}, {"versions": {"python": "3.99.1"}}, {"versions": {}}])
def test_nothing_is_said_where_it_can_not_be_known(
    project: Path, manifest: Manifest, run: RunDocument, other: dict[str, Any]
) -> None:
    (project / "rates.py").write_text("EUR = 2\n")
    assert changed_modules(manifest, replace(run, **other)) == []
