import pytest

from sandbox_cli.errors import EngineError
from sandbox_cli.stack.engine import apt
from tests.unit.sandbox_cli.stack.fake_host import BOOKWORM_SOURCES, FakeHost


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    monkeypatch.setattr(apt.time, "sleep", lambda seconds: None)
    host = FakeHost()
    host.outputs = {"apt-get indextargets": BOOKWORM_SOURCES}
    return host


def test_update_waits_for_another_apt(host: FakeHost) -> None:
    locked = (100, "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1")
    host.codes = {"apt-get update": [locked, locked]}
    apt.update(host)
    assert len(host.ran) == 3


def test_a_source_that_does_not_answer_stops_nothing(host: FakeHost) -> None:
    host.codes = {"apt-get update": [(100, "E: The repository 'https://other.example' is not signed.")]}
    apt.update(host)
    assert len(host.ran) == 1


def test_install_asks_nothing_removes_nothing_and_waits_for_the_lock(host: FakeHost) -> None:
    apt.install(host, ["docker.io"])
    assert host.ran[0].startswith("apt-get install -y ")
    for option in ["--no-remove", "--no-install-recommends", "DPkg::Lock::Timeout=300", "--force-confold"]:
        assert option in host.ran[0]


def test_a_failed_install_shows_what_apt_said(host: FakeHost) -> None:
    host.codes = {"apt-get install": [(100, "E: Unable to locate package docker.io")]}
    with pytest.raises(EngineError, match="Unable to locate package"):
        apt.install(host, ["docker.io"])


def test_the_mirror_is_the_one_the_machine_uses(host: FakeHost) -> None:
    assert apt.mirror(host) == "http://mirror.example/debian"
    assert apt.mirror(host, label="Debian-Security") == "http://mirror.example/debian-security"
    assert apt.mirror(host, label="Ubuntu") is None


def test_a_disc_is_no_mirror() -> None:
    host = FakeHost()
    host.outputs = {"apt-get indextargets": "cdrom:[Debian 12]/|bookworm|main|Debian\n"}
    assert apt.mirror(host) is None
