import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from docker.errors import APIError, ImageNotFound
from requests.exceptions import ReadTimeout

from sandbox_cli.errors import EngineError, StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.images import base, rootfs
from tests.unit.sandbox_cli.stack.fake_host import BOOKWORM_SOURCES, DARWIN, DEBIAN_13, UBUNTU_24, FakeHost


class Stage:
    live = False

    def __init__(self, *, says: bool = True) -> None:
        self.says = says
        self.shown: list[str] = []

    def update(self, detail: str) -> None:
        self.shown.append(detail)

    line = update

    def ask(self, question: str) -> bool:
        return self.says


class Engine:
    """An engine with or without the pinned image, whose registry answers, refuses or hangs."""

    def __init__(self, registry: Exception | None = None, *, has: bool = False) -> None:
        self.registry, self.has, self.tagged = registry, has, ""
        api = SimpleNamespace(timeout=120, inspect_distribution=self._inspect)
        self.client = SimpleNamespace(api=api, images=SimpleNamespace(get=self._get))

    def environment(self) -> dict[str, str]:
        return {}

    def _inspect(self, name: str) -> None:
        assert self.client.api.timeout <= 10, "a registry that doesn't answer must not hold us up"
        if self.registry:
            raise self.registry

    def _get(self, name: str) -> SimpleNamespace:
        assert name == base.PINNED
        if not self.has:
            raise ImageNotFound("no")
        return SimpleNamespace(tag=lambda ref: setattr(self, "tagged", ref))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    refs: list[str] = []
    monkeypatch.setattr(rootfs, "make", lambda engine, settings, stage, ref: refs.append(ref))
    return refs


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_home=tmp_path)


def test_where_a_registry_answers_the_pinned_image_is_pulled(made, settings, monkeypatch) -> None:
    engine = Engine()
    pulled: list[list[str]] = []

    def pull(argv: list[str], **_: object) -> None:
        pulled.append(argv)
        engine.has = True

    monkeypatch.setattr(base.subprocess, "run", pull)
    assert base.make(engine, settings, Stage()) == "pulled"
    assert pulled[0][-1].startswith("debian@sha256:")
    assert engine.tagged == base.REF
    assert made == []


@pytest.mark.parametrize(
    "registry",
    [APIError("no such host", response=SimpleNamespace(status_code=500, url="", reason="")), ReadTimeout("slow")],
    ids=["refused", "silent"],
)
def test_where_none_answers_it_is_made_from_packages(made, settings, registry) -> None:
    engine = Engine(registry)
    assert base.make(engine, settings, Stage()) == "made from packages"
    assert made == [base.REF]
    assert engine.client.api.timeout == 120


@pytest.mark.parametrize(
    "failure", [subprocess.CalledProcessError(1, "docker"), subprocess.TimeoutExpired("docker", 300)]
)
def test_where_the_download_breaks_off_it_is_made_from_packages(made, settings, monkeypatch, failure) -> None:
    def pull(argv: list[str], **_: object) -> None:
        raise failure

    monkeypatch.setattr(base.subprocess, "run", pull)
    assert base.make(Engine(), settings, Stage()) == "made from packages"


def test_an_image_that_is_there_needs_no_registry(made, settings) -> None:
    assert base.make(Engine(ReadTimeout("must not be asked"), has=True), settings, Stage()) == "pulled"


def test_offline_nothing_is_asked(made, settings) -> None:
    offline = Settings(state_home=settings.state_home, offline=True)
    with pytest.raises(StackError, match="--offline"):
        base.make(Engine(AssertionError("asked")), offline, Stage())
    assert made == []


def test_debootstrap_uses_the_machines_mirror_and_always_checks_signatures(tmp_path: Path) -> None:
    host = FakeHost(DEBIAN_13)
    host.outputs = {"apt-get indextargets": BOOKWORM_SOURCES}
    rootfs._bootstrap(host, tmp_path)
    assert "--force-check-gpg trixie" in host.ran[0]
    assert f"{tmp_path} http://mirror.example/debian" in host.ran[0]


def test_elsewhere_debootstrap_uses_its_own_default(tmp_path: Path) -> None:
    host = FakeHost(UBUNTU_24)
    host.outputs = {"apt-get indextargets": "http://ubuntu.example/ubuntu/|noble|main|Ubuntu\n"}
    rootfs._bootstrap(host, tmp_path)
    assert "example" not in host.ran[0]


@pytest.mark.parametrize(
    ("sources", "main", "security"),
    [
        (BOOKWORM_SOURCES, "http://used.example/debian", "http://mirror.example/debian-security"),
        ("", "http://used.example/debian", "http://used.example/debian-security"),
        ("", "http://used.example/mirror/of/it", None),
    ],
    ids=["the machine's own", "beside the mirror", "nowhere known"],
)
def test_the_image_gets_security_updates_from(tmp_path: Path, sources: str, main: str, security: str | None) -> None:
    (tmp_path / "etc/apt").mkdir(parents=True)
    (tmp_path / "etc/apt/sources.list").write_text(f"deb {main} trixie main\n")
    host = FakeHost(DEBIAN_13)
    host.outputs = {"apt-get indextargets": sources}
    lines = rootfs._sources(host, tmp_path).splitlines()
    assert lines[:2] == [f"deb {main} trixie main", f"deb {main} trixie-updates main"]
    assert lines[2:] == ([f"deb {security} trixie-security main"] if security else [])


@pytest.mark.parametrize("host", [FakeHost(DARWIN), FakeHost(DEBIAN_13, root=False)], ids=["a Mac", "no root"])
def test_a_machine_that_cannot_make_it_says_why(host: FakeHost) -> None:
    with pytest.raises(StackError, match="No image registry answers"):
        rootfs._check(host)


def test_installing_debootstrap_can_be_refused(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rootfs.apt, "DEBIAN_KEYS", "/nowhere")
    host = FakeHost(UBUNTU_24)
    stage = Stage(says=False)
    with pytest.raises(EngineError, match="debootstrap and debian-archive-keyring"):
        rootfs._ensure_debootstrap(host, settings, stage)
    assert host.ran == []
    assert "debootstrap" in stage.shown[0]
