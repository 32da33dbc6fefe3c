"""What is in a file of saved images: found out, and checked, before the engine gets any of it."""

from __future__ import annotations

import hashlib
import json
import posixpath
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox_cli.errors import UsageError
from sandbox_cli.stack.images.compression import DAMAGED, Opened, opened

MANIFEST, INDEX, LEGACY = "manifest.json", "index.json", "repositories"
IMAGE_NAME = "io.containerd.image.name"
REGISTRIES = ("docker.io/library/", "docker.io/")
CHUNK = 1 << 20
MOST_SMALL, MOST_TOGETHER = 4_000_000, 64_000_000
AGAIN = "sandbox images save FILE"
OnBytes = Callable[[int, int], None]


@dataclass(frozen=True)
class SavedImage:
    """An image in a file.

    Attributes:
        refs: Its tags.
        id: The engine's id of it, by its content (`sha256:…`).
        name: What its label says that it is, without `sandbox/`; empty without a label.
        architecture: What it runs on, as the engine names it.
    """

    refs: tuple[str, ...]
    id: str
    name: str
    architecture: str


def read_images(file: Path, on_bytes: OnBytes = lambda _done, _total: None) -> list[SavedImage]:
    """Returns the images of a file, which is read to its end.

    Args:
        file: As `save_images` or `docker save` has written it, compressed or not.
        on_bytes: Called with how many bytes of how many were read.

    Raises:
        UsageError: There is no such file, or it is damaged, cut off, or no file of images.
    """
    if not file.is_file():
        raise UsageError(f"{file}: no such file.", hint=AGAIN)
    try:
        with opened(file) as source:
            names, small = _members(file, source, on_bytes)
    except (*DAMAGED, tarfile.TarError) as error:
        raise damaged(file, f"it is damaged or cut off: {error}") from None
    try:
        images = list(_images(file, names, small))
        others = _other_refs(small) - {ref for image in images for ref in image.refs}
        if others:
            raise damaged(file, f"it names images that {MANIFEST} does not: {', '.join(sorted(others))}")
        return images
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise damaged(file, f"its {MANIFEST} is none of saved images") from None


def _members(file: Path, source: Opened, on_bytes: OnBytes) -> tuple[set[str], dict[str, bytes]]:
    """Returns the names of all files of a tar, and the content of those that are small enough to describe an image.

    Whatever an engine could read otherwise than this does is refused: a name that is there twice, written in another
    way or leads out of the tar, and what lies behind the end.
    """
    names, small = set[str](), dict[str, bytes]()
    left = MOST_TOGETHER
    with tarfile.open(fileobj=source.stream, mode="r:" if source.is_seekable else "r|") as tar:
        for member in tar:
            if member.name != posixpath.normpath(member.name) or member.name.startswith(("/", "..")):
                raise damaged(file, f"it has a file with the path {member.name!r}")
            if member.name in names and not member.isdir():
                raise damaged(file, f"it has {member.name} twice")
            names.add(member.name)
            if member.isfile() and member.size <= min(MOST_SMALL, left):
                content = _content(tar, member)
                if content.startswith((b"{", b"[")):
                    small[member.name] = content
                    left -= member.size
            on_bytes(source.position(), source.size)
        while rest := _after_end(tar):
            if rest.strip(b"\0"):
                raise damaged(file, "something lies behind its end")
            on_bytes(source.position(), source.size)
    return names, small


def _after_end(tar: tarfile.TarFile) -> bytes:
    """Returns what comes next behind the end of a tar that was read to it: zeros, as many as fill a block."""
    assert tar.fileobj is not None  # noqa: S101 - for the type checker: it is open
    return tar.fileobj.read(CHUNK)


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    found = tar.extractfile(member)
    return found.read() if found else b""


def _images(file: Path, names: set[str], small: Mapping[str, bytes]) -> Iterator[SavedImage]:
    if MANIFEST not in small:
        raise damaged(file, f"it has no {MANIFEST}: it is cut off, or no file of images")
    if unread := {INDEX, LEGACY} & names - small.keys():
        raise damaged(file, f"its {min(unread)} is none of saved images")
    for entry in json.loads(small[MANIFEST]):
        refs = tuple(str(ref) for ref in entry["RepoTags"] or [])
        if missing := {entry["Config"], *entry["Layers"]} - names:
            raise damaged(file, f"it lacks a part of {', '.join(refs) or 'an image'}: {min(missing)}")
        content = small[entry["Config"]]
        config: dict[str, Any] = json.loads(content)
        labels = (config.get("config") or {}).get("Labels") or {}
        digest = hashlib.sha256(content).hexdigest()
        yield SavedImage(refs, f"sha256:{digest}", str(labels.get("sandbox.image", "")), str(config["architecture"]))


def _other_refs(small: Mapping[str, bytes]) -> set[str]:
    """Returns the tags that the other lists of images in a file have: an engine may go by one of those."""
    found = set[str]()
    for entry in json.loads(small.get(INDEX, b"{}")).get("manifests") or []:
        name = str((entry.get("annotations") or {}).get(IMAGE_NAME) or "")
        found.add(next((name.removeprefix(one) for one in REGISTRIES if name.startswith(one)), name))
    for name, tags in json.loads(small.get(LEGACY, b"{}")).items():
        found |= {f"{name}:{tag}" for tag in tags}
    return found - {""}


def damaged(file: Path, why: str) -> UsageError:
    """Returns the error of a file that is not what was saved."""
    return UsageError(f"{file} can't be loaded: {why}.", hint=f"{AGAIN}\nIt makes the file anew, of the images here.")
