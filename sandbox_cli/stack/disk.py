"""What of the stack takes how much of the engine's disk, and of whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sandbox_cli.errors import StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import object_store, services
from sandbox_cli.stack.engine import answers, capacity
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.session import Session

LOW_GB = 10.0
OF_SANDBOX = "sandbox/"
STORE_VOLUME = "s3-data"
VOLUMES = {
    "hub-data": "accounts and what the hub knows",
    "team": "shelf: shared notebooks and their versions",
    "packages": "packages of --requirements",
    "spark-recovery": "what Spark's master knows",
}
BUCKETS = {"published": "published data", "events": "Spark's event logs"}
USERS = "users"


@dataclass(frozen=True)
class Space:
    """A part of the disk.

    Attributes:
        what: What takes it.
        owner: Of whom it is: a team and pipeline, a user, or empty.
        bytes: How much.
    """

    what: str
    owner: str
    bytes: int


@dataclass(frozen=True)
class DiskReport:
    """The engine's disk.

    Attributes:
        free: Bytes that are free; None where that can't be seen.
        total: Its size in bytes; None where that can't be seen.
        parts: What takes space, the largest first.
    """

    free: int | None
    total: int | None
    parts: Sequence[Space]

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON knows it."""
        return {"free_bytes": self.free, "total_bytes": self.total, "parts": [asdict(part) for part in self.parts]}


def measure(session: Session, *, with_store: bool) -> DiskReport:
    """Returns what takes space.

    Args:
        session: The stack.
        with_store: Whether MinIO answers, and can say whose its objects are.

    Raises:
        StackError: MinIO stopped answering.
    """
    used = answers.of_all(session.engine.client.df)
    parts = [*_images(used), *_volumes(used, session.settings, with_store=with_store)]
    parts.append(Space("Docker's build cache", "", _total(used.get("BuildCache"), "Size")))
    if with_store:
        parts += _objects(session)
    free, total = space(session)
    return DiskReport(free, total, sorted((part for part in parts if part.bytes), key=lambda part: -part.bytes))


def space(session: Session) -> tuple[int | None, int | None]:
    """Returns the bytes that are free where the engine keeps its data, and all of them; None where that can't be seen.

    The engine's folder is on this machine, or MinIO's container sees the disk of the virtual machine.
    """
    seen = capacity.disk(session.engine)
    return seen or _seen_from_minio(session.engine, session.settings) or (None, None)


def warning(session: Session) -> str | None:
    """Returns what to say when the disk will soon be full."""
    free, _ = space(session)
    if free is None or free >= LOW_GB * capacity.GB:
        return None
    return (
        f"the disk of the Docker engine has {free / capacity.GB:.1f} GB free. What takes it: sandbox status --disk. "
        "Old runs are deleted by: sandbox gc"
    )


def _seen_from_minio(engine: Engine, settings: Settings) -> tuple[int, int] | None:
    found = next((each for each in services.containers(engine, settings) if each.service == "minio"), None)
    container = answers.container(engine, found.id) if found and found.state == "running" else None
    if container is None:
        return None
    code, output = container.exec_run(["df", "--output=avail,size", "--block-size=1", "/data"])
    assert isinstance(output, bytes)  # noqa: S101 - for the type checker: it was not asked for a stream
    words = output.decode(errors="replace").split()
    return (int(words[-2]), int(words[-1])) if code == 0 and words[-2:] and words[-1].isdigit() else None


def _images(used: Mapping[str, Any]) -> Iterator[Space]:
    """Yields the layers that the images of each name have to themselves, and those that several images share."""
    alone: Counter[str] = Counter()
    for image in used.get("Images") or []:
        names = [tag.partition(":")[0] for tag in image.get("RepoTags") or [] if tag.startswith(OF_SANDBOX)]
        own = int(image.get("Size") or 0) - max(0, int(image.get("SharedSize") or 0))
        alone[names[0] if names else ""] += max(0, own)
    for name, size in alone.items():
        yield Space("image" if name else "images of others", name, size)
    yield Space("layers that images share", "", max(0, int(used.get("LayersSize") or 0) - alone.total()))


def _volumes(used: Mapping[str, Any], settings: Settings, *, with_store: bool) -> Iterator[Space]:
    """Yields the volumes of the stack by what they hold, and those of others in one."""
    others = 0
    for volume in used.get("Volumes") or []:
        name, size = str(volume["Name"]), max(0, int((volume.get("UsageData") or {}).get("Size") or 0))
        part = name.removeprefix(f"{settings.stack}_")
        if name.startswith(f"{settings.stack}-home-"):
            yield Space("home", name.removeprefix(f"{settings.stack}-home-"), size)
        elif part in VOLUMES and part != name:
            yield Space(VOLUMES[part], "", size)
        elif part.startswith("private-"):
            yield Space("replays of imported code, at work or killed", "", size)
        elif part == STORE_VOLUME and part != name:
            yield Space("S3 store", "", 0 if with_store else size)  # its objects are listed instead
        elif not name.startswith(f"{settings.stack}_"):
            others += size
    yield Space("volumes of other stacks and programs", "", others)


def _objects(session: Session) -> list[Space]:
    sizes: Counter[tuple[str, str]] = Counter()
    try:
        for bucket in object_store.BUCKETS:
            for key, size in session.store.sizes(bucket):
                sizes[_kind_and_owner(bucket, key)] += size
    except object_store.FAILURES as error:
        raise StackError(f"MinIO does not list what it holds: {error}", hint="sandbox logs minio") from None
    return [Space(what, owner, size) for (what, owner), size in sizes.items()]


def _kind_and_owner(bucket: str, key: str) -> tuple[str, str]:
    """Returns what an object belongs to, and whose it is."""
    first, second, *_ = [*key.split("/")[:-1], "", ""]
    if bucket != "scratch":
        return BUCKETS[bucket], first if bucket == "published" else ""
    if first == USERS:
        return "runs of a user", second
    return ("runs", f"{first}/{second}") if not first.startswith("_") else ("records", first)


def _total(parts: Sequence[Mapping[str, Any]] | None, name: str) -> int:
    return sum(int(part.get(name) or 0) for part in parts or [] if not part.get("Shared"))
