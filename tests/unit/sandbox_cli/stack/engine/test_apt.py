import pytest

from sandbox_cli.errors import EngineError
from sandbox_cli.stack.engine import apt
from tests.unit.sandbox_cli.stack.fake_machine import BOOKWORM_SOURCES, FakeMachine


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    monkeypatch.setattr(apt.time, "sleep", lambda seconds: None)
    machine = FakeMachine()
    machine.said = {"apt-get indextargets": BOOKWORM_SOURCES}
    return machine


def test_update_waits_for_another_apt(machine: FakeMachine) -> None:
    locked = (100, "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1")
    machine.codes = {"apt-get update": [locked, locked]}
    apt.update(machine)
    assert len(machine.ran) == 3


def test_a_source_that_does_not_answer_stops_nothing(machine: FakeMachine) -> None:
    machine.codes = {"apt-get update": [(100, "E: The repository 'https://other.example' is not signed.")]}
    apt.update(machine)
    assert len(machine.ran) == 1


def test_install_asks_nothing_removes_nothing_and_waits_for_the_lock(machine: FakeMachine) -> None:
    apt.install(machine, ["docker.io"])
    assert machine.ran[0].startswith("apt-get install -y ")
    for option in ["--no-remove", "--no-install-recommends", "DPkg::Lock::Timeout=300", "--force-confold"]:
        assert option in machine.ran[0]


def test_a_failed_install_shows_what_apt_said(machine: FakeMachine) -> None:
    machine.codes = {"apt-get install": [(100, "E: Unable to locate package docker.io")]}
    with pytest.raises(EngineError, match="Unable to locate package"):
        apt.install(machine, ["docker.io"])


def test_the_mirror_is_the_one_the_machine_uses(machine: FakeMachine) -> None:
    assert apt.mirror(machine) == "http://mirror.example/debian"
    assert apt.mirror(machine, label="Debian-Security") == "http://mirror.example/debian-security"
    assert apt.mirror(machine, label="Ubuntu") is None


def test_a_disc_is_no_mirror() -> None:
    machine = FakeMachine()
    machine.said = {"apt-get indextargets": "cdrom:[Debian 12]/|bookworm|main|Debian\n"}
    assert apt.mirror(machine) is None
