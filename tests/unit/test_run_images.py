"""The images that `make test` builds beside its other parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox_cli.errors import EngineError, StackError
from sandbox_cli.settings import Settings
from tests.run import images


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that images were prepared with, by what `up` does."""
    seen: list[Settings] = []
    monkeypatch.setattr(images.signal, "signal", lambda *_: None)
    monkeypatch.setattr(images.up, "prepare", lambda _, settings: seen.append(settings))
    return seen


def test_they_are_built_as_up_builds_them_with_logs_in_the_folder(tmp_path: Path, prepared: list[Settings]) -> None:
    assert images.main(str(tmp_path)) == 0

    (settings,) = prepared
    assert settings.state_dir == tmp_path / "images"


@pytest.mark.parametrize(
    ("error", "code"), [(EngineError("none"), 3), (StackError("no space"), 4), (KeyboardInterrupt(), 130)]
)
def test_a_failure_has_the_exit_code_of_up(
    tmp_path: Path, prepared: list[Settings], monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(images.up, "prepare", fail)

    assert images.main(str(tmp_path)) == code
