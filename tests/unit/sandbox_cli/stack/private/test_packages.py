"""Imported code gets the packages that its run names, and sees and changes no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox_cli.errors import StackError
from sandbox_cli.stack.private.packages import copy_packages
from sandbox_cli.stack.private.place import Place
from tests.unit.sandbox_cli.stack.private.fake_engine import FakeEngine, Thing, fake_session

PLACE, KEY = Place("shop", "1234"), "0123456789abcdef"


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def session(engine: FakeEngine, tmp_path: Path) -> Any:
    return fake_session(engine, tmp_path)


def test_one_folder_is_copied_by_a_container_without_a_network(
    engine: FakeEngine, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Thing, "remove", lambda *_, **__: None)  # as it was at work

    assert copy_packages(session, PLACE, KEY) == f"{PLACE.packages}:/opt/packages:ro"

    container = engine.containers.get(PLACE.copier)
    options = container.options
    assert (options["entrypoint"], options["command"]) == ("cp", ["-a", f"/all-packages/{KEY}", "/opt/packages"])
    assert options["volumes"] == ["shop_packages:/all-packages:ro", f"{PLACE.packages}:/opt/packages"]
    assert options["network_mode"] == "none"
    assert (options["user"], options["cap_drop"]) == ("10001:100", ["ALL"])
    assert container.labels == engine.volumes.get(PLACE.packages).labels == PLACE.labels, "what is left of it is found"


def test_the_volume_stays_and_the_container_goes(engine: FakeEngine, session: Any) -> None:
    copy_packages(session, PLACE, KEY)
    assert engine.names == {PLACE.packages}


def test_a_copy_that_fails_says_why(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Thing, "exit_code", 1)
    with pytest.raises(StackError, match="could not be copied: what it said"):
        copy_packages(session, PLACE, KEY)
