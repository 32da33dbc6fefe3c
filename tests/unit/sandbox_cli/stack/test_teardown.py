"""Nothing of the places in which imported code runs outlives a stack, and nothing of a killed one its next start."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox_cli.console import Console
from sandbox_cli.stack import lock, services, teardown, up
from sandbox_cli.stack.private.place import Place, folder_of, new_place
from tests.unit.sandbox_cli.stack.private.fake_engine import FakeEngine, fake_session
from tests.unit.sandbox_cli.stack.private.test_place import fill

DATA = "shop_s3-data"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    monkeypatch.setattr(teardown, "Compose", lambda *_: SimpleNamespace(down=lambda: None))
    found = FakeEngine()
    found.volumes.create(DATA, labels={services.STACK: "shop"})
    return found


@pytest.fixture
def session(engine: FakeEngine, tmp_path: Path) -> Any:
    return fake_session(engine, tmp_path)


@pytest.fixture
def killed(engine: FakeEngine, session: Any) -> Place:
    place = Place("shop", "dead")
    fill(engine, place)
    (folder_of(session.settings, place) / "x.bundle").touch()
    return place


@pytest.mark.usefixtures("killed")
def test_down_removes_places_also_one_that_is_at_work_and_keeps_data(engine: FakeEngine, session: Any) -> None:
    with new_place(session.engine, session.settings) as place:
        fill(engine, place)
        fill(engine, Place("shop", "dead"))
        teardown.down(Console(plain=True), session.settings, session.engine)
        assert engine.names == {DATA}


def test_reset_lists_all_of_a_place_and_removes_it(engine: FakeEngine, session: Any, killed: Place) -> None:
    found = teardown.stack_resources(session.engine, session.settings, with_images=False)
    assert {*found.containers, *found.networks, *found.volumes} == engine.names
    assert killed.packages in found.volumes

    teardown.reset(Console(plain=True), session.settings, session.engine, found)
    assert engine.names == set()
    assert not session.settings.state_dir.exists()


@pytest.mark.usefixtures("killed")
def test_only_down_says_that_data_is_kept(session: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with new_place(session.engine, session.settings) as place:
        fill(session.engine, place)
        teardown.down(Console(plain=True), session.settings, session.engine)
        assert "removed, all data kept" in capsys.readouterr().err

        fill(session.engine, place)
        found = teardown.stack_resources(session.engine, session.settings, with_images=False)
        teardown.reset(Console(plain=True), session.settings, session.engine, found)
    err = capsys.readouterr().err
    assert "removed" in err
    assert "kept" not in err


def test_up_removes_what_a_killed_command_has_left_before_it_starts_anything(
    engine: FakeEngine, session: Any, killed: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[set[str]] = []
    compose = SimpleNamespace(up=lambda *_: there.append(engine.names))
    for module, name in (
        (up.secrets, "load_or_create"), (up.secrets, "install"), (up.ports, "choose"), (up.variables, "remember"),
        (up, "_wait_for_minio"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, lambda *_, **__: {})
    monkeypatch.setattr(up.variables, "of", lambda *_: {"SANDBOX_WORKERS": "1"})
    monkeypatch.setattr(up, "Compose", lambda *_: compose)
    images: Any = {name: SimpleNamespace(ref=name) for name in ("hub", "minio")}
    sign_in: Any = SimpleNamespace(secret={})
    monkeypatch.setattr(up.authentication, "check", lambda *_: None)
    with new_place(session.engine, session.settings) as at_work:
        fill(engine, killed)
        fill(engine, at_work)
        up._stack(Console(plain=True), session.settings, session.engine, images, sign_in)
        assert there == [{name for name in engine.names if killed.id not in name}]
        assert at_work.driver in engine.names, "a command is at work in it"
        assert lock.is_alive(session.settings.state_dir / "private" / f"{at_work.id}.lock")
