"""Which server has to stop when the disk gets scarce."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from sandbox_hub.disk import guard as module
from sandbox_hub.disk.guard import COUNTED, DiskGuard, Free, free_room, parse_bytes

GB = 1024**3


class Disk:
    """A disk of 100 GB, and what each user holds of it."""

    def __init__(self, **held: float) -> None:
        self.held = {user: int(size * GB) for user, size in held.items()}
        self.looks = 0
        self.broken = False
        self.room_for_files: int | None = None

    def free(self) -> Free:
        room = {} if self.room_for_files is None else {"files": self.room_for_files}
        return Free(100 * GB - sum(self.held.values()), **room)

    async def sizes(self) -> dict[str, int]:
        self.looks += 1
        if self.broken:
            raise OSError("docker-api does not answer")
        return dict(self.held)


@pytest.fixture
def disk() -> Disk:
    return Disk(ada=1, bob=2)


@pytest.fixture
def guard(disk: Disk) -> DiskGuard:
    """It lets a home have 10 GB, and wants 5 GB free."""
    return DiskGuard(disk.sizes, disk.free, 10 * GB, 5 * GB)


def polled(guard: DiskGuard) -> dict[str, str]:
    """Returns whose server has to stop, and why, at the next poll of each."""

    async def poll() -> dict[str, str]:
        reasons = {user: await guard.stop_reason(user) for user in ("ada", "bob")}
        return {user: reason for user, reason in reasons.items() if reason}

    return asyncio.run(poll())


def test_while_nothing_grows_nobody_looks(guard: DiskGuard, disk: Disk) -> None:
    assert [polled(guard) for _ in range(3)] == [{}, {}, {}]
    assert disk.looks == 1, "at the start"


def test_a_small_limit_is_looked_at_in_small_steps(disk: Disk) -> None:
    guard = DiskGuard(disk.sizes, disk.free, GB // 2, 5 * GB)
    polled(guard)
    disk.held["ada"] = int(1.13 * GB)  # a quarter of the limit more
    assert list(polled(guard)) == ["ada"]


def test_a_home_that_was_too_large_before_is_left_alone(disk: Disk) -> None:
    disk.held["ada"] = 30 * GB
    guard = DiskGuard(disk.sizes, disk.free, 10 * GB, 5 * GB)
    assert [polled(guard) for _ in range(2)] == [{}, {}]


def test_a_home_that_grows_beyond_its_limit_stops_its_server_once(guard: DiskGuard, disk: Disk) -> None:
    polled(guard)
    disk.held["ada"] = 12 * GB

    reason = f"home, ~/team, shared notebooks and S3 hold 12.0 GiB, and may hold 10.0 GiB; {COUNTED}"
    assert polled(guard) == {"ada": reason}
    assert guard.stop_reasons == {"ada": reason}
    assert polled(guard) == {}, "its user is let in again, to clear up"

    disk.held["bob"] += 2 * GB
    assert polled(guard) == {}, "another one grows, within the limit"
    disk.held["ada"] += GB
    assert list(polled(guard)) == ["ada"], "it goes on growing"


def test_files_without_bytes_are_noticed(guard: DiskGuard, disk: Disk) -> None:
    disk.room_for_files = 100 * GB
    polled(guard)
    free = disk.free()
    disk.free = lambda: Free(free.bytes, free.files - GB)  # type: ignore[method-assign]
    guard._free = disk.free
    disk.held["ada"] = 12 * GB  # as they are counted

    assert list(polled(guard)) == ["ada"]


def test_a_disk_without_room_for_files_is_full(guard: DiskGuard, disk: Disk) -> None:
    disk.room_for_files = 6 * GB
    polled(guard)
    disk.room_for_files = 4 * GB
    disk.held["bob"] += GB

    assert polled(guard)["bob"].startswith("the disk has hardly room for more files, and home, ")


def test_who_is_stopped_keeps_no_unfinished_uploads(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    aborted = []

    def abort(user: str) -> None:
        aborted.append(user)
        raise OSError("S3 is away")

    guard = DiskGuard(disk.sizes, disk.free, 10 * GB, 5 * GB, abort)
    polled(guard)
    disk.held["ada"] = 12 * GB

    assert list(polled(guard)) == aborted == ["ada"]
    assert "the unfinished uploads of ada are not aborted: S3 is away" in caplog.text


def test_after_somebody_has_cleared_up_a_step_is_still_a_step(guard: DiskGuard, disk: Disk) -> None:
    disk.held["bob"] = 9 * GB
    polled(guard)
    disk.held["bob"] = 0
    polled(guard)
    disk.held["ada"] = 11 * GB

    assert list(polled(guard)) == ["ada"], "though more is free than at the start"


def test_on_a_full_disk_who_grew_most_stops(guard: DiskGuard, disk: Disk) -> None:
    disk.held["somebody else's"] = 88 * GB
    polled(guard)
    disk.held["ada"] += 1 * GB // 4
    disk.held["bob"] += 4 * GB

    first = polled(guard)
    assert "nearly full" in first["bob"]
    assert list(first) == ["bob"]


def test_sizes_that_can_not_be_known_stop_nobody(guard: DiskGuard, disk: Disk) -> None:
    polled(guard)
    disk.held["ada"], disk.broken = 12 * GB, True
    assert polled(guard) == {}
    disk.broken = False
    assert list(polled(guard)) == ["ada"]


@pytest.mark.parametrize(
    ("files", "free_files", "room"),
    [
        (0, 0, Free(50 * GB)),  # btrfs
        (100 * 65536, 50 * 65536, Free(50 * GB, 50 * GB)),
        (100 * 1024**2, 50 * 1024**2, Free(50 * GB, 800 * GB)),
        (100 * 256, 50 * 256, Free(50 * GB, 50 * GB)),  # mkfs.ext4 -T largefile4
    ],
)
def test_files_count_their_share_of_a_disk_that_has_few(
    monkeypatch: pytest.MonkeyPatch, files: int, free_files: int, room: Free
) -> None:
    disk = SimpleNamespace(
        f_frsize=4096, f_blocks=100 * GB // 4096, f_bavail=50 * GB // 4096, f_files=files, f_favail=free_files
    )
    monkeypatch.setattr(module.os, "statvfs", lambda path: disk)
    assert free_room("/") == room


@pytest.mark.parametrize(("text", "size"), [("512m", GB // 2), ("20g", 20 * GB)])
def test_a_size_is_read(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "20", "20 GB", "-1g", "1.5g"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        parse_bytes(text)


def test_what_is_written_during_a_look_is_for_the_next_one(guard: DiskGuard, disk: Disk) -> None:
    polled(guard)
    seen = disk.sizes

    async def slowly() -> dict[str, int]:
        sizes = await seen()
        disk.held["ada"] = 12 * GB
        return sizes

    disk.held["ada"] += GB
    guard._measure_sizes = slowly
    assert polled(guard) == {}
    guard._measure_sizes = seen
    assert list(polled(guard)) == ["ada"], "though nothing was written since"
