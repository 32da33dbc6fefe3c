from pathlib import Path

import pytest

from sandbox_cli.errors import EngineError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.engine import install, start
from sandbox_cli.stack.engine.discovery import Attempt, Candidate
from sandbox_cli.stack.engine.install import PIN_FILE, SOURCE_FILE, carry_out, plan, wanted_packages
from sandbox_cli.stack.engine.plugins import BUILDX, CLI, COMPOSE
from tests.unit.sandbox_cli.stack.fake_host import (
    BOOKWORM_SOURCES,
    DARWIN,
    DEBIAN_12,
    DEBIAN_13,
    FEDORA,
    UBUNTU_24,
    FakeHost,
)

ALL = [CLI, COMPOSE, BUILDX]
GONE = [Attempt(Candidate("Docker context default", "unix:///var/run/docker.sock"), "no such socket")]
DENIED = [Attempt(Candidate("Docker context default", "unix:///var/run/docker.sock"), "permission denied")]
WITH_ENGINE = ["iptables", "ca-certificates", "debootstrap", "debian-archive-keyring"]


class FakeConsole:
    def __init__(self, *, says: bool = True) -> None:
        self.says = says
        self.questions = 0
        self.lines: list[str] = []

    def info(self, message: str) -> None:
        self.lines.append(message)

    def ask(self, question: str) -> bool:
        self.questions += 1
        return self.says


@pytest.fixture(autouse=True)
def no_apparmor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "_apparmor_enabled", lambda: False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_home=tmp_path)


@pytest.mark.parametrize(
    ("system", "packages"),
    [
        (DEBIAN_12, ["docker.io", *WITH_ENGINE, "docker-compose/trixie", "docker-buildx/trixie"]),
        (DEBIAN_13, ["docker.io", "docker-cli", *WITH_ENGINE, "docker-compose", "docker-buildx"]),
        (UBUNTU_24, ["docker.io", *WITH_ENGINE, "docker-compose-v2", "docker-buildx"]),
    ],
    ids=["Debian 12", "Debian 13", "Ubuntu"],
)
def test_packages_from_nothing(system, packages: list[str]) -> None:
    assert wanted_packages(FakeHost(system), engine=True, missing=ALL) == packages


@pytest.mark.parametrize(
    ("system", "missing", "packages"),
    [
        (DEBIAN_12, [COMPOSE], ["docker-compose/trixie"]),
        (DEBIAN_13, [BUILDX], ["docker-buildx"]),
        (DEBIAN_13, ALL, ["docker-cli", "docker-compose", "docker-buildx"]),
    ],
)
def test_beside_an_engine_only_what_is_missing(system, missing: list[str], packages: list[str]) -> None:
    assert wanted_packages(FakeHost(system), engine=False, missing=missing) == packages


def test_dockers_own_packages_get_dockers_own_plugins() -> None:
    host = FakeHost(UBUNTU_24)
    host.installed = {"docker-ce-cli"}
    assert wanted_packages(host, engine=False, missing=[COMPOSE, BUILDX]) == [
        "docker-compose-plugin",
        "docker-buildx-plugin",
    ]


def test_apparmor_comes_along_where_the_kernel_enforces_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "_apparmor_enabled", lambda: True)
    assert "apparmor" in wanted_packages(FakeHost(DEBIAN_13), engine=True, missing=ALL)


def test_what_is_installed_is_left_alone() -> None:
    host = FakeHost(DEBIAN_12)
    host.installed = {"docker.io", "iptables"}
    assert not {"docker.io", "iptables"} & set(wanted_packages(host, engine=True, missing=ALL))


def test_a_compose_v1_is_replaced() -> None:
    host = FakeHost(DEBIAN_12)
    host.installed = {"docker-compose"}
    assert wanted_packages(host, engine=False, missing=[COMPOSE]) == ["docker-compose/trixie"]


def test_debian_12_from_nothing_in_this_order(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    host = FakeHost()
    host.outputs = {"apt-get indextargets": BOOKWORM_SOURCES}
    monkeypatch.setattr(start, "start", lambda host: host.ran.append("start"))
    for step in plan(settings, running=False, missing=ALL, tried=GONE, host=host):
        step.run()
    assert [line.split(" -")[0] for line in host.ran][:5] == [
        "apt-get update",
        f"write {PIN_FILE}",
        f"write {SOURCE_FILE}",
        "apt-get update",
        "apt-get install",
    ]
    assert host.ran[-1] == "start"


def test_debian_13_becomes_a_source_nothing_is_taken_from_unasked(settings: Settings) -> None:
    host = FakeHost()
    host.outputs = {"apt-get indextargets": BOOKWORM_SOURCES}
    install.add_trixie(host)
    assert "URIs: http://mirror.example/debian\nSuites: trixie\n" in host.written[SOURCE_FILE]
    assert "Pin-Priority: 100" in host.written[PIN_FILE]


def test_a_machine_that_has_debian_13_as_a_source_gets_no_second_one() -> None:
    host = FakeHost()
    host.outputs = {"apt-get indextargets": BOOKWORM_SOURCES + "http://mirror.example/debian/|trixie|main|Debian\n"}
    install.add_trixie(host)
    assert host.written == {}


def test_a_machine_without_a_debian_mirror_is_refused() -> None:
    with pytest.raises(EngineError, match="no Debian mirror"):
        install.add_trixie(FakeHost())


def test_an_installed_engine_is_only_started(settings: Settings) -> None:
    host = FakeHost(DEBIAN_13, systemd=True)
    host.programs |= {"dockerd"}
    steps = plan(settings, running=False, missing=[], tried=GONE, host=host)
    assert [step.description for step in steps] == [
        "start the engine, now and at every boot (systemctl enable --now docker)"
    ]


def test_an_installed_engine_is_started_on_any_linux(settings: Settings) -> None:
    host = FakeHost(FEDORA)
    host.programs |= {"dockerd"}
    assert len(plan(settings, running=False, missing=[], tried=GONE, host=host)) == 1


def test_a_user_joins_the_sockets_group(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(install.pwd, "getpwuid", lambda uid: type("Entry", (), {"pw_name": "ada"}))
    host = FakeHost(DEBIAN_13)
    steps = plan(settings, running=False, missing=[], tried=DENIED, host=host)
    for step in steps:
        step.run()
    assert host.ran == ["groupadd -f docker", "usermod -aG docker ada"]


@pytest.mark.parametrize(
    ("host", "why"),
    [
        (FakeHost(FEDORA), "Fedora Linux 43 is not one where it can be installed"),
        (FakeHost(DARWIN), "darwin is not one where"),
        (FakeHost(DEBIAN_13, root=False), "needs root or sudo without a password"),
    ],
    ids=["another system", "a Mac", "no root"],
)
def test_elsewhere_it_is_refused_with_what_was_tried_and_the_page(settings: Settings, host, why: str) -> None:
    with pytest.raises(EngineError) as caught:
        plan(settings, running=False, missing=ALL, tried=GONE, host=host)
    assert why in caught.value.message
    assert "unix:///var/run/docker.sock (Docker context default): no such socket" in caught.value.message
    assert "docs/engine.md" in str(caught.value.hint)


def test_every_step_is_shown_before_the_question_and_no_is_no(settings: Settings) -> None:
    console = FakeConsole(says=False)
    done: list[str] = []
    steps = [install.Step("install things", lambda: done.append("install"))]
    with pytest.raises(EngineError, match="refused"):
        carry_out(console, settings, steps)
    assert "  1. install things" in console.lines
    assert done == []


def test_yes_to_everything_asks_nothing(settings: Settings) -> None:
    console = FakeConsole(says=False)
    done: list[str] = []
    yes = Settings(state_home=settings.state_home, assume_yes=True)
    carry_out(console, yes, [install.Step("install things", lambda: done.append("install"))])
    assert done == ["install"]
    assert console.questions == 0
