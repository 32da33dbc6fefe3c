"""Files of images as `docker save` writes them, and a docker command that takes and gives such a file."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ARCHITECTURE = "amd64"
DOCKER = """#!/bin/sh
echo "$@" >> {calls}
[ -e {fails} ] && {{ echo "no space left on device" >&2; exit 1; }}
case "$2" in
save) cat {image_file} ;;
load) cat > {loaded} ;;
esac
"""


def config_of(name: str, architecture: str = ARCHITECTURE) -> bytes:
    """Returns the description of an image, which its id is made of."""
    labels = {"sandbox.image": name} if name else None
    return json.dumps({"architecture": architecture, "config": {"Labels": labels}, "of": name}).encode()


def id_of(config: bytes) -> str:
    return f"sha256:{hashlib.sha256(config).hexdigest()}"


def image_file(images: Mapping[str, bytes], *, without: str = "") -> bytes:
    """Returns a file of images.

    Args:
        images: Their descriptions, by tag.
        without: The end of a name in it that is left out.
    """
    entries, files = [], {}
    for number, (ref, config) in enumerate(images.items()):
        name, layer = f"{id_of(config).removeprefix('sha256:')}.json", f"layer{number}/layer.tar"
        files |= {name: config, layer: bytes(10_000)}
        entries.append({"Config": name, "RepoTags": [ref], "Layers": [layer]})
    files["manifest.json"] = json.dumps(entries).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            if not without or not name.endswith(without):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


class FakeEngine:
    """An engine with images, whose docker command is a script.

    Attributes:
        folder: Has what it was called with (`calls`) and what it was given (`loaded`); a file `fails` makes it fail.
        images: Tag → id of those that it has.
        after_load: Those that it has besides once something was loaded.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images: dict[str, str] = {}
        self.after_load: dict[str, str] = {}
        self.in_use: set[str] = set()
        self.created: dict[str, int] = {}
        script = folder / "docker"
        names = {name: folder / name for name in ("calls", "fails", "image_file", "loaded")}
        script.write_text(DOCKER.format(**names))
        script.chmod(0o755)
        self.client = SimpleNamespace(
            api=SimpleNamespace(images=self._list),
            images=SimpleNamespace(remove=self._remove, get=self._get),
            version=lambda: {"Arch": ARCHITECTURE},
            df=lambda: {"LayersSize": 1000 * len(self.images)},
        )

    @property
    def calls(self) -> list[str]:
        """What the docker command was called with."""
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def environment(self) -> dict[str, str]:
        return {"PATH": f"{self.folder}:{os.environ['PATH']}"}

    def _list(self, filters: Any) -> list[dict[str, Any]]:
        if (self.folder / "loaded").exists():
            self.images |= self.after_load
            self.after_load = {}
        return [
            {"Id": image_id, "Size": 5_000_000, "RepoTags": [ref], "Created": self.created.get(ref, 0)}
            for ref, image_id in self.images.items()
        ]

    def _remove(self, ref: str) -> None:
        from docker.errors import APIError  # noqa: PLC0415 - the support of tests that need no engine, too

        if ref in self.in_use:
            raise APIError("in use", response=SimpleNamespace(status_code=409, url="", reason=""))
        del self.images[ref]

    def _get(self, ref: str) -> SimpleNamespace:
        own = {"Created": 2, "CreatedBy": f"COPY {ref}", "Size": 1000}
        return SimpleNamespace(history=lambda: [own, {"Created": 1, "CreatedBy": "FROM base", "Size": 50_000}])
