"""Secrets: made once, kept private, and each in the volume of who reads it, and in no other."""

from __future__ import annotations

import io
import itertools
import stat
import tarfile
from types import SimpleNamespace
from typing import Any, cast

import pytest
from docker.errors import NotFound

from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import secrets, state
from sandbox_cli.stack.engine.connection import Engine


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return Settings(stack="demo", state_home=tmp_path)


class FakeEngine:
    """Volumes with files in them, filled through containers that never start."""

    def __init__(self) -> None:
        self.volumes: dict[str, dict[str, tarfile.TarInfo]] = {}
        self.texts: dict[str, str] = {}
        self.removed: list[str] = []
        self.left: list[str] = []
        self.full = False
        self._made: dict[str, str] = {}
        self._clock = itertools.count()
        self.client = SimpleNamespace(
            volumes=SimpleNamespace(get=self._get, create=self._create),
            containers=SimpleNamespace(list=self._list, create=self._container),
        )

    def remove_volume(self, name: str) -> None:
        del self.volumes[name], self._made[name]

    def _get(self, name: str) -> SimpleNamespace:
        if name not in self.volumes:
            raise NotFound(name)
        return SimpleNamespace(attrs={"CreatedAt": self._made[name]}, remove=lambda force: self.remove_volume(name))

    def _create(self, name: str, labels: dict[str, str]) -> None:
        assert labels == {"sandbox.stack": "demo"}
        self._made.setdefault(name, str(next(self._clock)))
        self.volumes.setdefault(name, {})

    def _list(self, filters: dict[str, str], **kwargs: object) -> list[SimpleNamespace]:
        holder = f"holder of {filters['volume']}"
        return (
            [SimpleNamespace(remove=lambda force: self.removed.append(holder))]
            if filters["volume"] in self._made
            else []
        )

    def _container(self, image: str, command: list[str], **options: Any) -> SimpleNamespace:
        assert (options["network_mode"], options["user"]) == ("none", "0:0")
        volume = options["volumes"][0].split(":")[0]
        self.left.append(volume)

        def put(folder: str, archive: bytes) -> None:
            if self.full:
                raise OSError("no space left on device")
            with tarfile.open(fileobj=io.BytesIO(archive)) as files:
                self.volumes[volume] = {entry.name: entry for entry in files}
                self.texts |= {f"{volume}/{e.name}": cast("Any", files.extractfile(e)).read().decode() for e in files}

        return SimpleNamespace(put_archive=put, remove=lambda force, v: self.left.remove(volume))


@pytest.fixture
def engine() -> Any:
    return FakeEngine()


def install(engine: Any, settings: Settings, values: dict[str, str]) -> list[str]:
    return secrets.install(cast("Engine", engine), settings, {"hub_auth": "{}", **values}, "sandbox/hub:1")


def test_secrets_are_made_once(settings: Settings) -> None:
    made = secrets.load_or_create(settings)

    assert secrets.load_or_create(settings) == secrets.load(settings) == made
    assert set(made) == set(secrets.GENERATED)
    assert all(len(value) == 64 and int(value, 16) for value in made.values())
    assert len(set(made.values())) == len(made)
    assert stat.S_IMODE((settings.state_dir / "secrets.json").stat().st_mode) == 0o600


def test_a_secret_that_is_missing_is_added_and_the_others_stay(settings: Settings) -> None:
    made = secrets.load_or_create(settings)
    state.write(settings.state_dir / "secrets.json", {k: v for k, v in made.items() if k != "hub_admin_token"})

    again = secrets.load_or_create(settings)

    assert {name for name in made if again[name] != made[name]} == {"hub_admin_token"}


def test_secrets_that_others_could_read_are_refused(settings: Settings) -> None:
    secrets.load_or_create(settings)
    (settings.state_dir / "secrets.json").chmod(0o644)
    for use in (secrets.load, secrets.load_or_create):
        with pytest.raises(UsageError, match="can be read by others"):
            use(settings)


@pytest.mark.parametrize(
    ("volume", "uid", "names"),
    [
        ("minio", 10002, {"minio_root_password"}),
        ("spark", 10001, {"spark_auth_secret"}),
        ("connect", 10001, {"spark_auth_secret", "spark_connect_token"}),
        ("history", 10001, {"s3_secret_key"}),
        ("runner", 10001, {"spark_auth_secret", "s3_secret_key"}),
        ("hub", 10004, {"hub_cookie_secret", "hub_proxy_token", "hub_admin_token", "s3_secret_key",
                        "spark_connect_token", "spark_auth_secret", "hub_auth"}),
    ],
)  # fmt: skip
def test_each_volume_holds_what_its_reader_needs(
    engine: Any, settings: Settings, volume: str, uid: int, names: set[str]
) -> None:
    install(engine, settings, secrets.load_or_create(settings))

    files = engine.volumes[f"demo_secrets-{volume}"]
    assert set(files) == names
    assert {(file.uid, file.gid, file.mode) for file in files.values()} == {(uid, 100, 0o400)}
    assert set(engine.volumes) == {f"demo_secrets-{name}" for name in secrets.SECRET_VOLUMES}
    assert engine.left == []


@pytest.mark.parametrize(
    ("volume", "s3_user"),
    [("history", "spark-history"), ("runner", "runner"), ("hub", "hub")],
)
def test_a_service_gets_the_secret_of_its_own_s3_user(
    engine: Any, settings: Settings, volume: str, s3_user: str
) -> None:
    values = secrets.load_or_create(settings)
    install(engine, settings, values)

    expected = secrets.s3_secret(values["s3_identity_key"], s3_user)
    assert engine.texts[f"demo_secrets-{volume}/s3_secret_key"] == expected


def test_volumes_are_filled_again_only_when_something_changed(engine: Any, settings: Settings) -> None:
    values = secrets.load_or_create(settings)

    assert install(engine, settings, values) == list(secrets.SECRET_VOLUMES)
    assert install(engine, settings, values) == []
    assert install(engine, settings, {**values, "spark_connect_token": "new"}) == ["connect", "hub"]
    assert engine.removed == ["holder of demo_secrets-connect", "holder of demo_secrets-hub"]


def test_a_volume_made_anew_is_filled_anew(engine: Any, settings: Settings) -> None:
    values = secrets.load_or_create(settings)
    install(engine, settings, values)
    engine.remove_volume("demo_secrets-hub")

    assert install(engine, settings, values) == ["hub"]


def test_a_fill_that_fails_is_done_again_and_leaves_no_container(engine: Any, settings: Settings) -> None:
    values = secrets.load_or_create(settings)
    engine.full = True
    with pytest.raises(OSError, match="no space"):
        install(engine, settings, values)
    assert engine.left == []
    engine.full = False

    assert install(engine, settings, values) == list(secrets.SECRET_VOLUMES)


def test_no_secret_is_recorded_beside_the_secrets(engine: Any, settings: Settings) -> None:
    values = secrets.load_or_create(settings)
    install(engine, settings, values)

    recorded = (settings.state_dir / "secret-volumes.json").read_text()
    assert not [name for name, value in values.items() if value in recorded]


def test_what_an_older_version_recorded_holds(engine: Any, settings: Settings) -> None:
    values = secrets.load_or_create(settings)
    install(engine, settings, values)
    (settings.state_dir / secrets.INSTALLED).rename(settings.state_dir / "vaults.json")

    assert install(engine, settings, values) == [], "nothing that uses the volumes is removed"
    assert install(engine, settings, {**values, "spark_connect_token": "new"}) == ["connect", "hub"]
    assert install(engine, settings, {**values, "spark_connect_token": "new"}) == []
