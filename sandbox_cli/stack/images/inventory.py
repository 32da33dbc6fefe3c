"""The stack's images: which ones, by which tags, and building those that are missing.

An image's tag is the hash of everything it is made of, so an image whose tag exists is current and is not built.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docker.errors import APIError
from spark_etl.units import format_bytes

from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.stack.images import base
from sandbox_cli.stack.images.build import Builds, Job, Network, build_all, environment
from sandbox_cli.stack.images.context import Recipe, content_hash
from sandbox_cli.stack.images.progress import BuildProgress
from sandbox_cli.stack.lock import build_lock

if TYPE_CHECKING:
    from sandbox_cli.console import Stage
    from sandbox_cli.settings import Settings
    from sandbox_cli.stack.engine.connection import Engine

BASE = "base"
REPOSITORY = "sandbox"

# Of spark_etl, as much as the store of runs needs, how users are named, how dates, sizes and texts are shown; and for
# the page of runs, drawings, and what reads kept code without running it.
HUB_MODULES = (
    "__init__.py",
    "bounded_json.py",
    "code/__init__.py",
    "code/archive.py",
    "code/files.py",
    "code/secret_literals.py",
    "code/secrets.py",
    "dates.py",
    "debugging/__init__.py",
    "debugging/notebook/__init__.py",
    "debugging/notebook/bindings.py",
    "debugging/notebook/find_class.py",
    "debugging/notebook/lines.py",
    "drawing",
    "error_text.py",
    "errors.py",
    "folder_columns.py",
    "names.py",
    "printable.py",
    "trace.py",
    "units.py",
    "usernames.py",
    "storage",
    "store",
)
# A server has the hub's bounds, and the notebooks that a new home is given.
NOTEBOOK = ("hub/notebook", "hub/bounded_http", "notebooks")

# The ones that take longest first: they are started in this order.
RECIPES = {
    recipe.name: recipe
    for recipe in [
        Recipe("minio", BASE, "minio"),
        Recipe("spark", BASE, "spark"),
        Recipe("notebook", "spark", ".", NOTEBOOK, dockerfile="hub/notebook/Dockerfile"),
        Recipe(
            "hub",
            BASE,
            ".",
            ("hub", *(f"spark/spark_etl/{name}" for name in HUB_MODULES)),
            exclude=("hub/notebook", "hub/docker-api"),
            dockerfile="hub/Dockerfile",
        ),
        Recipe("mail", BASE, "mail"),
        Recipe("docker-api", BASE, "hub/docker-api"),
    ]
}


@dataclass(frozen=True)
class Image:
    """An image that is there.

    Attributes:
        name: Its name, without `sandbox/`.
        ref: Its tag, which stands for what it is made of.
        id: The engine's id of it (`sha256:…`).
        built: Whether it was built just now.
        seconds: How long that took; 0 if it was there.
        size: In bytes, with all it is built on.
    """

    name: str
    ref: str
    id: str
    built: bool
    seconds: float
    size: int


def current_refs(settings: Settings, names: Iterable[str] | None = None) -> dict[str, str]:
    """Returns the tag that each image has now, by name; computed from the checkout, without an engine.

    Raises:
        UsageError: There is no image of that name, or it has no Dockerfile.
    """
    refs = {BASE: base.REF}
    for name in RECIPES if names is None else names:
        _ref(name, settings, refs)
    return refs


def _ref(name: str, settings: Settings, refs: dict[str, str]) -> str:
    if name not in refs:
        recipe = _recipe(name)
        files = recipe.files(settings.root)
        if recipe.dockerfile not in dict(files):
            raise UsageError(f"The image `{name}` has no {recipe.folder}/{recipe.dockerfile} in {settings.root}.")
        parent = _ref(recipe.parent, settings, refs)
        refs[name] = f"{REPOSITORY}/{name}:{content_hash([name, recipe.dockerfile, parent], files)}"
    return refs[name]


def _recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise UsageError(f"Unknown image `{name}`. Known: {', '.join([BASE, *RECIPES])}.")
    return RECIPES[name]


def ensure_images(
    engine: Engine, settings: Settings, stage: Stage, names: Iterable[str] | None = None
) -> dict[str, Image]:
    """Builds the images that are missing, several at once, and returns all that were requested.

    Args:
        engine: Where to build.
        settings: The checkout, the state folder for the logs, and whether the network may be used.
        stage: Shows how far each image is.
        names: The images wanted; all of the stack's if None.

    Raises:
        StackError: A build failed, or one is needed and --offline forbids it.
    """
    wanted = list(RECIPES if names is None else names)
    refs = current_refs(settings, wanted)
    took: dict[str, float] = {}
    if _missing(wanted, refs, _present(engine)):
        with build_lock(stage):
            took = _build_missing(engine, settings, stage, wanted, refs)
    present = _present(engine)
    if removed := _missing(wanted, refs, present):
        raise StackError(
            f"Built, but removed again: {', '.join(removed)}. Does something else remove images?", hint="sandbox up"
        )
    stage.result = f"{len(took)} built, {len(wanted) - len(set(took) & set(wanted))} current" if took else "all current"
    return {name: _image(name, refs[name], present[refs[name]], took) for name in wanted}


def _image(name: str, ref: str, found: tuple[str, int], took: dict[str, float]) -> Image:
    image_id, size = found
    return Image(name, ref, id=image_id, built=name in took, seconds=took.get(name, 0.0), size=size)


def missing(engine: Engine, settings: Settings) -> list[str]:
    """Returns the names of the images that `up` would have to build."""
    return _missing(RECIPES, current_refs(settings), _present(engine))


def _missing(names: Iterable[str], refs: dict[str, str], present: dict[str, tuple[str, int]]) -> list[str]:
    return [name for name in names if refs[name] not in present]


def tags(engine: Engine) -> dict[str, str]:
    """Returns the engine's id of every tag of the sandbox's images."""
    return {tag: image_id for tag, (image_id, _) in _present(engine).items()}


def _present(engine: Engine) -> dict[str, tuple[str, int]]:
    """Returns id and size of every tag of the sandbox's images, with one call."""
    listed = engine.client.api.images(filters={"reference": [f"{REPOSITORY}/*"]})
    return {tag: (str(image["Id"]), int(image["Size"])) for image in listed for tag in image["RepoTags"] or []}


def _build_missing(
    engine: Engine, settings: Settings, stage: Stage, wanted: list[str], refs: dict[str, str]
) -> dict[str, float]:
    """Returns the seconds that each image built took."""
    needed = _needed(wanted, refs, set(_present(engine)))
    if settings.offline and needed:
        names = ", ".join(f"`{name}`" for name in needed)
        raise StackError(
            f"These images are missing or out of date, and --offline forbids to build them: {names}.", hint="sandbox up"
        )
    took: dict[str, float] = {}
    progress = BuildProgress(stage)
    if BASE in needed:
        began = time.monotonic()
        progress.begin(BASE)
        how = base.make(engine, settings, stage)
        took[BASE] = time.monotonic() - began
        progress.end(BASE, f"{how}, {_size(engine, refs[BASE])}")
    jobs = {name: _job(name, settings, refs) for name in needed if name != BASE}
    with _builds(engine, settings, progress) as builds:

        def on_built(name: str, seconds: float) -> None:
            took[name] = seconds
            progress.end(name, _size(engine, refs[name]))

        build_all(builds, jobs, on_built)
    return took


def _needed(wanted: Iterable[str], refs: dict[str, str], present: set[str]) -> list[str]:
    """Returns what has to be built: the missing ones of the wanted, and of those that they are built on."""
    needed: set[str] = set()
    pending = list(wanted)
    while pending:
        name = pending.pop()
        if refs[name] not in present and name not in needed:
            needed.add(name)
            pending += [RECIPES[name].parent] if name in RECIPES else []
    return [name for name in [BASE, *RECIPES] if name in needed]


def _job(name: str, settings: Settings, refs: dict[str, str]) -> Job:
    recipe = RECIPES[name]
    log = settings.state_dir / "logs" / f"build-{name}.log"
    return Job(recipe=recipe, ref=refs[name], base=refs[recipe.parent], root=settings.root, log=log)


@contextmanager
def _builds(engine: Engine, settings: Settings, progress: BuildProgress) -> Iterator[Builds]:
    """Builds that are stopped, and whose secrets are removed, however the block ends."""
    folder = settings.state_dir / "build"
    builds = Builds(environment(engine.environment()), Network.prepare(folder), progress)
    try:
        yield builds
    finally:
        builds.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _size(engine: Engine, ref: str) -> str:
    return format_bytes(_present(engine)[ref][1])


def identities(engine: Engine, settings: Settings, names: Iterable[str] | None = None) -> dict[str, dict[str, str]]:
    """Returns the tag and the engine's id of each image of this checkout that is there, by name.

    Args:
        engine: Where to look.
        settings: The checkout.
        names: The images asked for, and what they are built on; all of the stack's if None.
    """
    present = _present(engine)
    refs = current_refs(settings, names).items()
    return {name: {"ref": ref, "id": present[ref][0]} for name, ref in refs if ref in present}


def stale(engine: Engine, settings: Settings) -> list[str]:
    """Returns the tags of the sandbox's images that belong to an earlier state of the checkout."""
    current = set(current_refs(settings).values())
    return sorted(set(_present(engine)) - current)


def remove(engine: Engine, refs: Iterable[str]) -> list[str]:
    """Removes images by tag, and returns the tags that stay because a container uses them."""
    in_use = []
    for ref in refs:
        try:
            engine.client.images.remove(ref)
        except APIError as error:
            if error.status_code not in {404, 409}:
                raise
            in_use += [ref] if error.status_code == 409 else []
    return in_use
