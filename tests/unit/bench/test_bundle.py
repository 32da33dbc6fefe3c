"""The figures of bundles, of a run that is small: that they are measured, not what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import bundle


def test_export_and_import_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "ROWS", 100)
    monkeypatch.setattr(bundle, "FILES", 2)
    exported, imported = bundle.bundle(tmp_path)
    assert exported.value is not None
    assert exported.limit == bundle.SLOWEST * (exported.raw or 0)
    assert imported.holds
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.bundle", "scratch", "there"]
