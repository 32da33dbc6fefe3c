"""Without an engine every verb says so, with exit code 3, and installs nothing behind anybody's back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox


@pytest.fixture
def nowhere(tmp_path: Path) -> Sandbox:
    """The command on a machine whose engine's socket is dead."""
    return Sandbox("test-nowhere", tmp_path, {"DOCKER_HOST": f"unix://{tmp_path}/docker.sock"})


@pytest.mark.parametrize("verb", [["up"], ["status"], ["down"], ["logs", "hub"], ["run", "x.yaml"]], ids=" ".join)
def test_no_engine_answers(nowhere: Sandbox, verb: list[str], tmp_path: Path) -> None:
    config = tmp_path / "x.yaml"
    config.write_text("features:\n    x:\n        class: a.B\n")
    dates = ["--start-date", "2024-02-29", "--end-date", "2024-02-29"] if verb[0] == "run" else []

    done = nowhere(*[str(config) if word == "x.yaml" else word for word in verb], *dates, code=3, timeout=60)

    assert str(tmp_path / "docker.sock") in done.err
    assert "next:" in done.err


def test_something_else_on_the_socket(nowhere: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "docker.sock").write_text("not a socket")

    done = nowhere("status", code=3, timeout=60)

    assert "next:" in done.err
