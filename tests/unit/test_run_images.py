"""The images that `make test` builds beside its other parts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox_cli.errors import EngineError, StackError
from tests.run import images

FOUND = SimpleNamespace(description="an engine")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    made: list[tuple[Any, ...]] = []
    monkeypatch.setattr(images.signal, "signal", lambda *_: None)
    monkeypatch.setattr(images.engine, "ensure", lambda *_: FOUND)
    monkeypatch.setattr(images.images, "missing", lambda *_: ["hub"])
    monkeypatch.setattr(images.machine, "look", lambda found: found)
    monkeypatch.setattr(images.machine, "require_disk", lambda *_, **named: made.append(("disk", named)))
    monkeypatch.setattr(images.images, "ensure_images", lambda found, settings, _: made.append((found, settings)))
    return made


def test_they_are_built_as_up_builds_them_with_logs_in_the_folder(tmp_path: Path, calls: list[tuple[Any, ...]]) -> None:
    assert images.main(str(tmp_path)) == 0

    (_, disk), (found, settings) = calls
    assert disk == {"to_build": True}
    assert found is FOUND
    assert settings.state_dir == tmp_path / "images"


@pytest.mark.parametrize(
    ("error", "code"), [(EngineError("none"), 3), (StackError("no space"), 4), (KeyboardInterrupt(), 130)]
)
def test_a_failure_has_the_exit_code_of_up(
    tmp_path: Path, calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(images.images, "ensure_images", fail)

    assert images.main(str(tmp_path)) == code
