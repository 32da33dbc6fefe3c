"""What is in a file of saved images: found out, and checked, before the engine gets any of it."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox_cli.errors import UsageError
from sandbox_cli.stack.images.compression import DAMAGED, Opened, opened

MANIFEST = "manifest.json"
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
            names, small = _members(source, on_bytes)
    except (*DAMAGED, tarfile.TarError) as error:
        raise damaged(file, f"it is damaged or cut off: {error}") from None
    try:
        return list(_images(file, names, small))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise damaged(file, f"its {MANIFEST} is none of saved images") from None


def _members(source: Opened, on_bytes: OnBytes) -> tuple[set[str], dict[str, bytes]]:
    """Returns the names of all files of a tar, and the content of those that are small enough to describe an image."""
    names, small = set[str](), dict[str, bytes]()
    left = MOST_TOGETHER
    with tarfile.open(fileobj=source.stream, mode="r:" if source.is_seekable else "r|") as tar:
        for member in tar:
            names.add(member.name)
            if member.isfile() and member.size <= min(MOST_SMALL, left):
                content = _content(tar, member)
                if content.startswith((b"{", b"[")):
                    small[member.name] = content
                    left -= member.size
            on_bytes(source.position(), source.size)
    return names, small


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    found = tar.extractfile(member)
    return found.read() if found else b""


def _images(file: Path, names: set[str], small: Mapping[str, bytes]) -> Iterator[SavedImage]:
    if MANIFEST not in small:
        raise damaged(file, f"it has no {MANIFEST}: it is cut off, or no file of images")
    for entry in json.loads(small[MANIFEST]):
        refs = tuple(str(ref) for ref in entry["RepoTags"] or [])
        if missing := {entry["Config"], *entry["Layers"]} - names:
            raise damaged(file, f"it lacks a part of {', '.join(refs) or 'an image'}: {min(missing)}")
        content = small[entry["Config"]]
        config: dict[str, Any] = json.loads(content)
        labels = (config.get("config") or {}).get("Labels") or {}
        digest = hashlib.sha256(content).hexdigest()
        yield SavedImage(refs, f"sha256:{digest}", str(labels.get("sandbox.image", "")), str(config["architecture"]))


def damaged(file: Path, why: str) -> UsageError:
    """Returns the error of a file that is not what was saved."""
    return UsageError(f"{file} can't be loaded: {why}.", hint=f"{AGAIN}\nIt makes the file anew, of the images here.")
