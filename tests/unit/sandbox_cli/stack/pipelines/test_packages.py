"""The container that installs a run's packages: its limits, its network, and what is said when it fails."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.pipelines import packages


class Docker:
    """An engine that takes notes."""

    def __init__(self, lines: list[bytes], code: int) -> None:
        self.options: dict[str, Any] = {}
        self.archives: list[bytes] = []
        self.networks_there: list[str] = []
        self._lines, self._code = lines, code
        self.volumes = SimpleNamespace(
            create=lambda name, labels: None, get=lambda name: SimpleNamespace(attrs={"CreatedAt": "today"})
        )
        self.networks = SimpleNamespace(create=self._network)
        self.containers = SimpleNamespace(create=self._container)

    def _network(self, name: str, labels: dict[str, str]) -> SimpleNamespace:
        self.networks_there.append(name)
        return SimpleNamespace(name=name, remove=lambda: self.networks_there.remove(name))

    def _container(self, image: str, command: list[str], **options: Any) -> SimpleNamespace:
        assert options["network"] in self.networks_there
        self.options = options
        return SimpleNamespace(
            put_archive=lambda folder, content: self.archives.append(content),
            start=lambda: None,
            logs=lambda **_: iter(self._lines),
            wait=lambda: {"StatusCode": self._code},
            remove=lambda force: None,
        )


class Stage:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def update(self, text: str) -> None:
        pass

    def line(self, text: str) -> None:
        self.lines.append(text)


def install(tmp_path: Path, docker: Docker, stage: Stage) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("six\n")
    session: Any = SimpleNamespace(
        settings=Settings(state_home=tmp_path / "state", stack="shop"),
        engine=SimpleNamespace(client=docker),
        compose=SimpleNamespace(variables={"SANDBOX_IMAGE_SPARK": "spark:1"}),
    )
    session.settings.state_dir.mkdir(parents=True)
    packages.install(session, stage, file, "key")  # type: ignore[arg-type]


def test_the_container_has_limits_and_a_network_of_its_own(tmp_path: Path) -> None:
    docker, stage = Docker([b"Collecting six\n", b"note: six 1.0 instead of the image's 2.0\n"], 0), Stage()

    install(tmp_path, docker, stage)

    options = docker.options
    assert options["network"].startswith("shop_packages-")
    assert docker.networks_there == []
    assert options["user"] == "10001:100"
    assert options["read_only"]
    assert options["cap_drop"] == ["ALL"]
    assert options["security_opt"] == ["no-new-privileges:true"]
    assert options["pids_limit"] == 256
    assert options["mem_limit"] == options["memswap_limit"] == "2g"
    with tarfile.open(fileobj=io.BytesIO(docker.archives[0])) as files:
        assert {"key.in", "key.in/requirements.txt", "key.in/install_packages.py"} <= set(files.getnames())
    assert stage.lines == ["six 1.0 instead of the image's 2.0"]


@pytest.mark.parametrize(
    ("code", "line", "expected"),
    [
        (3, b"refused: x needs pyspark 3", "can't be installed: x needs pyspark 3$"),
        (1, b"ERROR: no \x1b[31msix in /opt/packages/key.in/requirements.txt", r"no \\x1b\[31msix in requirements.txt"),
    ],
)
def test_why_they_could_not_be_installed_is_said(tmp_path: Path, code: int, line: bytes, expected: str) -> None:
    docker = Docker([line], code)
    with pytest.raises(UsageError, match=expected):
        install(tmp_path, docker, Stage())
    assert docker.networks_there == []
