"""Which images of the sandbox there are, which of them this checkout needs, and which nobody does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sandbox_cli.settings import Settings
from sandbox_cli.stack import variables
from sandbox_cli.stack.engine import answers
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.images import inventory

OF_IMAGE = "SANDBOX_IMAGE_"
State = Literal["current", "missing", "earlier"]


@dataclass(frozen=True)
class ImageState:
    """A tag of the sandbox's, and what it is to this checkout.

    Attributes:
        name: The image, without `sandbox/`.
        ref: Its tag.
        state: `current`, `missing` (so `up` builds it), or `earlier`: of another state of a checkout.
        bytes: Its size with all it is built on; 0 if it is missing.
        built: When it was built, in UTC; empty if it is missing.
        stacks: The stacks that were last started from it, by their state folders.
    """

    name: str
    ref: str
    state: State
    bytes: int
    built: str
    stacks: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON knows it."""
        return {**asdict(self), "stacks": list(self.stacks)}


def list_images(engine: Engine, settings: Settings) -> list[ImageState]:
    """Returns the images that this checkout needs, then the others, each name's newest first."""
    found = {
        str(tag): image
        for image in engine.client.api.images(filters={"reference": [f"{inventory.REPOSITORY}/*"]})
        for tag in image["RepoTags"] or []
    }
    current = inventory.current_refs(settings)
    users = _stacks_by_ref(settings)
    rows = [_state(ref, found.get(ref), users, is_current=True) for ref in current.values()]
    others = sorted((ref for ref in found if ref not in current.values()), key=lambda ref: -int(found[ref]["Created"]))
    rows += [_state(ref, found[ref], users, is_current=False) for ref in others]
    order = list(current)
    known = {name: place for place, name in enumerate(order)}
    return sorted(rows, key=lambda row: (row.state == "earlier", known.get(row.name, len(order))))


def _state(ref: str, image: Any, users: dict[str, list[str]], *, is_current: bool) -> ImageState:
    name = ref.removeprefix(f"{inventory.REPOSITORY}/").partition(":")[0]
    if image is None:
        return ImageState(name, ref, "missing", 0, "", ())
    built = datetime.fromtimestamp(int(image["Created"]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    state: State = "current" if is_current else "earlier"
    return ImageState(name, ref, state, int(image["Size"]), built, tuple(users.get(ref, ())))


def _stacks_by_ref(settings: Settings) -> dict[str, list[str]]:
    """Returns which stacks were last started from a tag: those that have a state folder beside this one's."""
    found: dict[str, list[str]] = {}
    folders = sorted(settings.state_home.iterdir()) if settings.state_home.is_dir() else []
    for folder in (each for each in folders if each.is_dir()):
        stack = Settings(stack=folder.name, state_home=settings.state_home, root=settings.root)
        for name, value in variables.remembered(stack).items():
            if name.startswith(OF_IMAGE):
                found.setdefault(value, []).append(folder.name)
    return found


@dataclass(frozen=True)
class Pruned:
    """Images that were removed.

    Attributes:
        removed: Their tags.
        in_use: Tags that stay, as a container is made of them.
        bytes: How much of the engine's disk that has freed.
    """

    removed: list[str]
    in_use: list[str]
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON knows it."""
        return asdict(self)


def prunable(images: Sequence[ImageState]) -> list[ImageState]:
    """Returns the images that no checkout here needs: of an earlier state, and of no stack that still is."""
    return [image for image in images if image.state == "earlier" and not image.stacks]


def prune(engine: Engine, refs: Sequence[str]) -> Pruned:
    """Removes images by tag, but for those that a container is made of."""
    before = _layers(engine)
    in_use = inventory.remove(engine, refs)
    removed = [ref for ref in refs if ref not in in_use]
    return Pruned(removed, in_use, max(0, before - _layers(engine)))


def _layers(engine: Engine) -> int:
    return int(answers.of_all(engine.client.df).get("LayersSize") or 0)
