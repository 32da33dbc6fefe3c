"""`sandbox run`: what of the line is the config, the run that is resumed, and the runner's."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox_cli.app import run_command
from sandbox_cli.commands import run as command


@pytest.mark.parametrize(
    ("line", "config", "resume", "rest"),
    [
        (["--resume"], None, "latest", []),
        (["--resume", "--checkpoint", "clean"], None, "latest", ["--checkpoint", "clean"]),
        (["--resume", "4fc2a1", "--end-date", "2024-03-02"], None, "4fc2a1", ["--end-date", "2024-03-02"]),
        (["--resume", "users/ada/shop/4fc2a1"], None, "users/ada/shop/4fc2a1", []),
        (["shop/x.yaml", "--resume"], "shop/x.yaml", "latest", []),
        (["--resume", "shop/x.yaml"], "shop/x.yaml", "latest", []),
        (["shop/x.yaml", "--resume", "users/ada/shop/4fc2a1"], "shop/x.yaml", "users/ada/shop/4fc2a1", []),
    ],
)
def test_what_resume_leaves_out_is_taken_from_the_run(
    monkeypatch: pytest.MonkeyPatch, line: list[str], config: str | None, resume: str, rest: list[str]
) -> None:
    asked: list[Any] = []

    def repeated(_runs: Any, run: str, arguments: list[str], *, config: Path | None) -> tuple[Path, list[str], str]:
        asked.append((str(config) if config else None, run, list(arguments)))
        return Path("taken.yaml"), [], "as in that run"

    monkeypatch.setattr(command.session, "running", lambda *_: SimpleNamespace(runs=None))
    monkeypatch.setattr(command.submit, "repeated", repeated)
    monkeypatch.setattr(command.submit, "checked", lambda *_, **__: None)
    monkeypatch.setattr(command.submit, "run", lambda *_: 0)
    assert run_command(["run", *line]) == 0
    assert asked == [(config, resume, rest)]
