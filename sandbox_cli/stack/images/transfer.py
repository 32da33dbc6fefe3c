"""The images of this checkout, into one file and out of it again: what a CI keeps between its jobs."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from sandbox_cli.errors import SandboxError, StackError, UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import state
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.images import inventory
from sandbox_cli.stack.images.compression import DAMAGED, opened, suffix_of, written
from sandbox_cli.stack.images.context import content_hash
from sandbox_cli.stack.images.saved import OnBytes, SavedImage, damaged, read_images

CHUNK = 1 << 20
TAIL_LINES = 5


@dataclass(frozen=True)
class Saved:
    """Images that were saved.

    Attributes:
        file: Where they are.
        bytes: The size of the file.
        images: Their tags, by name.
        key: What changes when one of the images does.
    """

    file: str
    bytes: int
    images: dict[str, str]
    key: str

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON knows it."""
        return asdict(self)


@dataclass(frozen=True)
class Loaded:
    """What was loaded from a file.

    Attributes:
        file: The file.
        loaded: Images of this checkout that the engine had not, by name.
        current: Images that it had already.
        missing: Images that it still has not: `up` builds them.
        stale: Tags in the file of another state of the checkout; they do not stay.
    """

    file: str
    loaded: list[str]
    current: list[str]
    missing: list[str]
    stale: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON knows it."""
        return asdict(self)


def key(settings: Settings) -> str:
    """Returns what changes exactly when an image of this checkout does."""
    return content_hash(sorted(inventory.current_refs(settings).values()))


def save_images(
    engine: Engine, settings: Settings, file: Path, on_bytes: OnBytes = lambda _done, _total: None
) -> Saved:
    """Saves what a stack of this checkout is started from.

    Args:
        engine: Where the images are.
        settings: The checkout.
        file: What is written, as a whole or not at all; its suffix says how it is compressed.
        on_bytes: Called with how many bytes of about how many were saved.

    Raises:
        UsageError: The file can't be written there, or its suffix is unknown.
        SandboxError: One of the images is not built, or the engine can't save them.
    """
    suffix = suffix_of(file)
    if file.is_dir() or not file.parent.is_dir():
        what = "is a folder" if file.is_dir() else "its folder is not there"
        raise UsageError(f"{file} can't be written: {what}.", hint="sandbox images save images.tar")
    if absent := inventory.missing(engine, settings):
        raise SandboxError(f"These images are not built: {', '.join(absent)}.", hint="sandbox up")
    # The base as well: the others hold its layers, so it takes no space, and a build that follows needs it.
    refs = {name: found["ref"] for name, found in inventory.identities(engine, settings).items()}
    total = size_together(engine, refs.values())
    try:
        with written(file, suffix) as out:
            _save(engine, list(refs.values()), out, lambda done: on_bytes(done, max(done, total)))
    except (PermissionError, NotADirectoryError) as error:
        raise state.unusable(file.absolute(), error) from None
    return Saved(str(file), file.stat().st_size, refs, key(settings))


def size_together(engine: Engine, refs: Iterable[str]) -> int:
    """Returns about how many bytes images take together; a layer that several have counts once."""
    layers: dict[tuple[str, ...], int] = {}
    for ref in refs:
        built: tuple[str, ...] = ()
        for step in reversed(engine.client.images.get(ref).history()):
            built = (*built, f"{step['Created']} {step['CreatedBy']}")
            layers[built] = int(step["Size"])
    return sum(layers.values())


def _save(engine: Engine, refs: Sequence[str], out: IO[bytes], on_bytes: Callable[[int], None]) -> None:
    with _docker(engine, ["image", "save", *refs], writes=True) as source:
        done = 0
        while chunk := source.read(CHUNK):
            out.write(chunk)
            done += len(chunk)
            on_bytes(done)


def load_images(
    engine: Engine,
    settings: Settings,
    file: Path,
    *,
    on_read: OnBytes = lambda _done, _total: None,
    on_load: OnBytes = lambda _done, _total: None,
    on_unpack: Callable[[], None] = lambda: None,
) -> Loaded:
    """Loads the images of a file that `save_images` has written, if the engine lacks one of them.

    Args:
        engine: Where they go.
        settings: The checkout.
        file: The file.
        on_read: Called with how many bytes of how many were checked.
        on_load: Called with how many the engine was given.
        on_unpack: Called when it has all of them, and unpacks them.

    Raises:
        UsageError: The file is damaged, or has other images than those of a sandbox, or of another architecture.
        SandboxError: None of its images is of this state of the checkout; or the engine can't load them.
    """
    saved = read_images(file, on_read)
    refs = inventory.current_refs(settings)
    tags = {ref for image in saved for ref in image.refs}
    _refuse_others(file, tags)
    wanted = {name: image for name, ref in refs.items() for image in saved if ref in image.refs}
    _check(file, engine, saved)
    if not wanted:
        raise SandboxError(
            f"{file} has no image of this checkout as it is now, so nothing was loaded.",
            hint="sandbox up\nIt builds them; `sandbox images save FILE` makes the file anew.",
        )
    before = inventory.tags(engine)
    _refuse_replacing(file, before, saved, set(refs.values()))
    new = [name for name in wanted if refs[name] not in before]
    if new:
        _load(engine, file, on_load, on_unpack)
        _verify(file, engine, {refs[name]: image for name, image in wanted.items()})
        inventory.remove(engine, sorted(tags - set(before) - set(refs.values())))
    return Loaded(
        str(file),
        loaded=new,
        current=[name for name in wanted if name not in new],
        missing=inventory.missing(engine, settings),
        stale=sorted(tags - set(refs.values())),
    )


def _refuse_others(file: Path, tags: set[str]) -> None:
    """Refuses a file that would put images of other names into the engine."""
    others = sorted(tag for tag in tags if not tag.startswith(f"{inventory.REPOSITORY}/"))
    if others:
        raise UsageError(
            f"{file} has images that are none of a sandbox's: {', '.join(others)}. Nothing was loaded.",
            hint="sandbox images save FILE",
        )


def _refuse_replacing(file: Path, before: Mapping[str, str], saved: list[SavedImage], current: set[str]) -> None:
    """Refuses a file that would put another image in the place of one that is not this checkout's."""
    others = {ref: image.id for image in saved for ref in image.refs if ref not in current}
    if replaced := sorted(ref for ref, found in others.items() if before.get(ref, found) != found):
        raise UsageError(
            f"{file} has another image than the engine for {', '.join(replaced)}. Nothing was loaded.",
            hint="sandbox images save FILE",
        )


def _check(file: Path, engine: Engine, saved: list[SavedImage]) -> None:
    """Refuses images that are not what their tags say, or that do not run here, needed or not."""
    architecture = str(engine.client.version().get("Arch"))
    for image in saved:
        wrong = [ref for ref in image.refs if image.name not in _labels_of(ref)]
        if wrong or not image.refs:
            what = f"the image tagged {', '.join(wrong)} is labelled `{image.name}`" if wrong else "an image has no tag"
            raise UsageError(f"{file}: {what}. Nothing was loaded.", hint="sandbox images save FILE")
        if image.architecture != architecture:
            raise UsageError(
                f"{file} has images for {image.architecture}, and this engine runs {architecture}. Nothing was loaded.",
                hint="sandbox up",
            )


def _labels_of(ref: str) -> set[str]:
    """Returns the labels that an image of a tag may have; a base that was pulled has none."""
    name = ref.removeprefix(f"{inventory.REPOSITORY}/").rpartition(":")[0]
    return {name, ""} if name == inventory.BASE else {name or "?"}


def _load(engine: Engine, file: Path, on_bytes: OnBytes, on_unpack: Callable[[], None]) -> None:
    try:
        with opened(file) as source, _docker(engine, ["image", "load", "--quiet"], writes=False) as target:
            while chunk := source.stream.read(CHUNK):
                target.write(chunk)
                on_bytes(source.position(), source.size)
            target.close()
            on_unpack()
    except DAMAGED as error:
        raise damaged(file, f"it was changed meanwhile: {error}") from None


def _verify(file: Path, engine: Engine, wanted: dict[str, SavedImage]) -> None:
    found = inventory.tags(engine)
    wrong = [ref for ref, image in wanted.items() if ref not in found or found[ref] != image.id]
    if wrong:
        raise StackError(f"{file} was loaded, but the engine has others for: {', '.join(wrong)}.", hint="sandbox up")


@contextmanager
def _docker(engine: Engine, arguments: Sequence[str], *, writes: bool) -> Iterator[IO[bytes]]:
    """Gives the stdout of a docker command that writes, or the stdin of one that reads, and waits for its end.

    Raises:
        SandboxError: It failed; with the last lines of what it said.
    """
    argv = ["docker", *arguments]
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(
            argv,
            env=engine.environment(),
            stdin=nothing if writes else pipe,
            stdout=pipe if writes else nothing,
            stderr=messages,
            start_new_session=True,
        )
        stream = process.stdout if writes else process.stdin
        assert stream is not None  # noqa: S101 - for the type checker
        try:
            with nullcontext() if writes else suppress(BrokenPipeError):  # it says on stderr why it reads no more
                yield stream
            code = process.wait()
        finally:
            process.kill()
            process.wait()
            with suppress(BrokenPipeError):
                stream.close()
        if code:
            messages.seek(0)
            tail = "\n".join(messages.read().decode(errors="replace").strip().splitlines()[-TAIL_LINES:])
            raise SandboxError(f"`{' '.join(argv)}` ended with exit code {code}:\n{tail}", hint="sandbox doctor")
