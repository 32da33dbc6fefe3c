"""All of a place is gone afterwards, whatever happens in it, and of no other one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox_cli.stack import services
from sandbox_cli.stack.private.place import LABEL, Place, folder_of, new_place, remove_leftovers
from tests.unit.sandbox_cli.stack.private.fake_engine import FakeEngine, fake_session


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def session(engine: FakeEngine, tmp_path: Path) -> Any:
    return fake_session(engine, tmp_path)


def fill(engine: FakeEngine, place: Place) -> None:
    engine.networks.create(place.network, labels=place.network_labels)
    engine.networks.create(place.edge, labels=place.network_labels)
    for name in (place.volume, place.packages):
        engine.volumes.create(name, labels=place.labels)
    for name in (place.store, place.driver, place.copier):
        engine.containers.create("image", [], name=name, labels=place.labels)


@pytest.fixture
def others(engine: FakeEngine) -> set[str]:
    """What is not of a place of this stack."""
    engine.containers.create("hub", [], name="shop-hub-1", labels={services.STACK: "shop"})
    engine.networks.create("shop_data", labels={services.PROJECT: "shop"})
    engine.volumes.create("shop_s3-data", labels={services.STACK: "shop"})
    fill(engine, Place("other", "1234"))
    return engine.names


@pytest.mark.parametrize("failure", [None, ValueError, KeyboardInterrupt])
def test_nothing_of_it_is_left(
    engine: FakeEngine, session: Any, others: set[str], failure: type[BaseException] | None
) -> None:
    try:
        with new_place(session.engine, session.settings) as place:
            fill(engine, place)
            (folder_of(session.settings, place) / "x.bundle").touch()
            if failure:
                raise failure
    except (ValueError, KeyboardInterrupt):
        pass
    assert engine.names == others
    assert not list((session.settings.state_dir / "private").iterdir())


def test_what_a_killed_command_has_left_goes_with_the_next_one(
    engine: FakeEngine, session: Any, others: set[str]
) -> None:
    fill(engine, Place("shop", "dead"))
    lock = session.settings.state_dir / "private" / "dead.lock"
    lock.parent.mkdir()
    lock.touch()
    (lock.parent / "early.lock").touch()  # of one that was killed before it had made anything
    (folder_of(session.settings, Place("shop", "late")) / "x.bundle").touch()
    with new_place(session.engine, session.settings) as place:
        assert engine.names == others
        fill(engine, place)
        with new_place(session.engine, session.settings) as beside:
            fill(engine, beside)
        assert engine.containers.get(place.driver), "another command is at work in it"
    assert engine.names == others
    assert not list(lock.parent.iterdir())


def test_down_takes_all_of_them(engine: FakeEngine, session: Any, others: set[str]) -> None:
    with new_place(session.engine, session.settings) as place:
        fill(engine, place)
        remove_leftovers(session.engine, session.settings, at_work=True)
        assert engine.names == others


def test_reset_and_status_know_it_by_its_labels() -> None:
    place = Place("shop", "1234")
    assert place.labels == {"sandbox.stack": "shop", LABEL: "1234"}
    assert place.network_labels == {"com.docker.compose.project": "shop", LABEL: "1234"}


def test_all_names_are_those_of_one_place_and_each_is_removed(engine: FakeEngine, session: Any) -> None:
    """What gets a name here and is forgotten in `fill` fails this test."""
    names = {
        getattr(Place("shop", "1234"), name)
        for name, kind in vars(Place).items()
        if isinstance(kind, property) and "labels" not in name
    }
    fill(engine, Place("shop", "1234"))
    assert engine.names == names
    assert all("1234" in name for name in names)
    remove_leftovers(session.engine, session.settings)
    assert engine.names == set()
