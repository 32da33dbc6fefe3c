"""An engine that has containers, networks and volumes, and takes notes of what they may do."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from docker.errors import NotFound

from sandbox_cli.settings import Settings


class Thing:
    """A container, a network or a volume."""

    exit_code = 0

    def __init__(self, kept: dict[str, Thing], name: str, labels: dict[str, str], options: dict[str, Any]) -> None:
        self.id = self.name = name
        self.labels, self.options = labels, options
        self.attrs: dict[str, Any] = {"Labels": labels}
        self.connected: list[tuple[str, list[str]]] = []
        self.files: dict[str, tuple[str, int, int]] = {}
        self.is_started = False
        self._kept = kept
        kept[name] = self

    def remove(self, **_: Any) -> None:
        self._kept.pop(self.name, None)

    def stop(self, timeout: int) -> None:
        assert timeout > 0

    def start(self) -> None:
        self.is_started = True

    def reload(self) -> None:
        ports = self.options.get("ports", {}) if self.is_started else {}
        self.attrs["NetworkSettings"] = {"Ports": {port: [{"HostPort": "31234"}] for port in ports}}

    def connect(self, container: Thing, aliases: list[str]) -> None:
        container.connected.append((self.name, aliases))

    def put_archive(self, folder: str, content: bytes) -> None:
        assert not self.is_started
        with tarfile.open(fileobj=io.BytesIO(content)) as files:
            for member in files:
                if member.isfile():
                    text = files.extractfile(member)
                    assert text is not None
                    self.files[f"{folder}/{member.name}"] = (text.read().decode(), member.mode, member.uid)

    def wait(self) -> dict[str, int]:
        assert self.is_started
        return {"StatusCode": self.exit_code}

    def logs(self, **_: Any) -> bytes:
        return b"what it said"


class Kept:
    """All things of one kind."""

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}

    def list(self, filters: dict[str, Any], **_: Any) -> list[Thing]:
        labels = filters["label"]
        wanted = [label.partition("=") for label in ([labels] if isinstance(labels, str) else labels)]
        return [
            thing
            for thing in self.things.values()
            if all(
                name in thing.labels and (not equals or thing.labels[name] == value) for name, equals, value in wanted
            )
        ]

    def get(self, name: str) -> Thing:
        if name not in self.things:
            raise NotFound(name)
        return self.things[name]


class Networks(Kept):
    def create(self, name: str, *, labels: dict[str, str], **options: Any) -> Thing:
        return Thing(self.things, name, labels, options)


class Containers(Kept):
    def create(self, image: str, command: list[str], *, name: str, labels: dict[str, str], **options: Any) -> Thing:
        return Thing(self.things, name, labels, {"image": image, "command": command, **options})


class FakeEngine:
    """See `sandbox_cli.stack.engine.connection.Engine`."""

    def __init__(self) -> None:
        self.networks, self.volumes, self.containers = Networks(), Networks(), Containers()
        listed = SimpleNamespace(containers=self._listed)
        self.client = SimpleNamespace(
            networks=self.networks, volumes=self.volumes, containers=self.containers, api=listed
        )

    def _listed(self, filters: dict[str, str], **_: Any) -> list[dict[str, Any]]:
        return [
            {"Id": thing.name, "Names": [f"/{thing.name}"], "Labels": thing.labels}
            for thing in self.containers.list({"label": [filters["label"]]})
        ]

    @property
    def names(self) -> set[str]:
        return {*self.networks.things, *self.volumes.things, *self.containers.things}


def fake_session(engine: FakeEngine, tmp_path: Path) -> Any:
    settings = Settings(state_home=tmp_path / "state", stack="shop")
    settings.state_dir.mkdir(parents=True)
    images = {"SANDBOX_IMAGE_SPARK": "spark:1", "SANDBOX_IMAGE_MINIO": "minio:1"}
    return SimpleNamespace(engine=engine, settings=settings, compose=SimpleNamespace(variables=images))
