from pathlib import Path

import pytest

from sandbox_cli.stack.engine.plugins import BUILDX, CLI, COMPOSE, missing


@pytest.mark.parametrize(
    ("compose", "buildx", "version", "expected"),
    [
        ("2.26.1", "v0.13.1", "28.2.2", []),
        ("v2.40.3-desktop.1", "v0.13.1", "28.2.2", []),
        ("1.29.2", "v0.13.1", "28.2.2", [COMPOSE]),
        ("", "v0.13.1", "28.2.2", [COMPOSE]),
        ("2.26.1", "", "28.2.2", [BUILDX]),
        ("2.26.1", "", "20.10.24+dfsg1", []),
        ("", "", "26.1.5", [COMPOSE, BUILDX]),
    ],
)
def test_what_the_command_line_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compose: str, buildx: str, version: str, expected: list[str]
) -> None:
    docker = tmp_path / "docker"
    docker.write_text(
        "#!/bin/sh\n"
        f'say() {{ [ -n "$1" ] || exit 1; echo "$1"; }}\n'
        'case "$1" in\n'
        f'compose) say "{compose}";; buildx) say "{buildx}";; *) echo "Docker version {version}, build x";;\n'
        "esac\n"
    )
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing() == expected


def test_without_docker_everything_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing() == [CLI, COMPOSE, BUILDX]
