"""`sandbox images`: what there is, and images into a file and out of it, with the engine that the stack runs on."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.engine import connection
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.images import inventory, transfer
from tests.support.sandbox import Sandbox

SMALL = "docker-api"


@pytest.fixture
def engine(stack: Sandbox) -> Engine:
    return connection.connect(Console(plain=True), Settings())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A checkout whose stack is one image, and what it is built on: all of them would take a minute."""
    monkeypatch.setattr(inventory, "RECIPES", {SMALL: inventory.RECIPES[SMALL]})
    return Settings()


def test_images_come_out_of_a_file_as_they_went_in(
    engine: Engine, small: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "images.tar"
    counted: list[tuple[int, int]] = []
    saved = transfer.save_images(engine, small, file, lambda done, total: counted.append((done, total)))
    assert SMALL in saved.images
    assert [path.name for path in tmp_path.iterdir()] == [file.name], "nothing else is left"
    done, total = counted[-1]
    assert total * 0.9 < done <= total * 1.1, "the size that is foreseen is about that of the file"

    there = transfer.load_images(engine, small, file)
    assert (there.loaded, set(there.current), there.missing) == ([], set(saved.images), [])

    before = [dict[str, str]()]  # as if the engine had none of them
    tags = inventory.tags
    monkeypatch.setattr(inventory, "tags", lambda engine: before.pop() if before else tags(engine))
    loaded = transfer.load_images(engine, small, file)
    assert (set(loaded.loaded), loaded.current, loaded.stale) == (set(saved.images), [], [])


def test_a_file_that_is_cut_off_is_refused(engine: Engine, small: Settings, tmp_path: Path) -> None:
    file = tmp_path / "images.tar"
    transfer.save_images(engine, small, file)
    with file.open("r+b") as whole:
        whole.truncate(file.stat().st_size // 2)
    with pytest.raises(UsageError, match="damaged or cut off"):
        transfer.load_images(engine, small, file)


def test_all_images_of_the_checkout_are_current(stack: Sandbox) -> None:
    listed = stack("images", "ls", "--json").json
    needed = {image["name"]: image for image in listed if image["state"] != "earlier"}
    assert set(inventory.RECIPES) <= set(needed)
    assert {needed[name]["state"] for name in inventory.RECIPES} == {"current"}
    assert stack.stack in needed["spark"]["stacks"]
    assert stack("images", "key").out == stack("images", "key").out
