"""The driver of imported code: what it is given, what it may do, and what it can reach."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox_cli.stack import secrets
from sandbox_cli.stack.pipelines.driver import STOP_SECONDS
from sandbox_cli.stack.private import driver
from sandbox_cli.stack.private.place import Place
from tests.unit.sandbox_cli.stack.private.fake_engine import FakeEngine, Thing, fake_session

PLACE, KEY = Place("shop", "1234"), "0123456789abcdef"
COMMAND = ["python", "-m", "spark_etl", "replay", "RUN/net", "--local"]
STORE: Any = SimpleNamespace(secret="the-key-of-the-place")
OPTIONS = ["--env", "SALT", "--env", "SPARK_ETL_USER=ada", "--volume", "/home/ada/shop:/project:ro", "--workdir", "/p"]


class Attached(subprocess.Popen[bytes]):
    """`docker start --attach`, as a process that ends at once."""

    script = "exit 5"
    argv: list[str]
    last: Attached

    def __init__(self, argv: list[str], **options: Any) -> None:
        type(self).argv, type(self).last = argv, self
        assert options["start_new_session"]
        super().__init__(["sh", "-c", self.script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    found = FakeEngine()
    monkeypatch.setattr(found, "environment", dict, raising=False)
    monkeypatch.setattr(driver.subprocess, "Popen", Attached)
    monkeypatch.setenv("SALT", "of this machine")
    return found


@pytest.fixture
def session(engine: FakeEngine, tmp_path: Path) -> Any:
    return fake_session(engine, tmp_path)


def started(engine: FakeEngine, session: Any, options: list[str]) -> Thing:
    assert driver.run(session, PLACE, STORE, COMMAND, options) == 5
    return engine.containers.get(PLACE.driver)


def test_it_has_limits_and_no_rights(engine: FakeEngine, session: Any) -> None:
    options = started(engine, session, OPTIONS).options
    assert options["image"] == "spark:1"
    assert options["user"] == "10001:100"
    assert options["cap_drop"] == ["ALL"]
    assert options["security_opt"] == ["no-new-privileges:true"]
    assert options["mem_limit"] == options["memswap_limit"] == "3g"
    assert options["pids_limit"] == 1024
    assert (options["cpu_period"], options["cpu_quota"]) == (100_000, 200_000), "local[2]"


def test_it_is_on_the_network_of_the_store_alone(engine: FakeEngine, session: Any) -> None:
    container = started(engine, session, OPTIONS)
    assert container.options["network"] == PLACE.network
    assert container.connected == []
    assert "ports" not in container.options


def test_no_secret_of_the_stack_is_mounted_or_given(engine: FakeEngine, session: Any) -> None:
    container = started(engine, session, OPTIONS)
    assert container.options["volumes"] == ["/home/ada/shop:/project:ro"]
    assert not any(
        secrets.volume_name(session.settings, name) in str(container.options) for name in secrets.SECRET_VOLUMES
    )
    assert set(container.files) == {"/run/secrets/s3_secret_key"}


def test_its_key_is_in_a_file_and_in_nothing_that_is_listed(engine: FakeEngine, session: Any) -> None:
    container = started(engine, session, OPTIONS)
    assert container.files["/run/secrets/s3_secret_key"] == (STORE.secret, 0o400, 10001)
    assert STORE.secret not in repr(container.options)
    assert Attached.argv == ["docker", "start", "--attach", PLACE.driver]


def test_it_has_what_the_options_of_other_drivers_say(engine: FakeEngine, session: Any) -> None:
    options = started(engine, session, OPTIONS).options
    environment = options["environment"]
    assert (environment["SALT"], environment["SPARK_ETL_USER"]) == ("of this machine", "ada")
    assert options["working_dir"] == "/p"
    assert options["command"] == ["runner", *COMMAND]


def test_a_variable_of_the_run_changes_neither_store_nor_isolation(
    engine: FakeEngine, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://elsewhere:9000")
    monkeypatch.setenv("SPARK_ETL_ISOLATED", "0")
    given = ["--env", "AWS_ENDPOINT_URL_S3", "--env", "SPARK_ETL_ISOLATED"]
    environment = started(engine, session, given).options["environment"]
    assert environment["AWS_ENDPOINT_URL_S3"] == "http://minio:9000"
    assert environment["SPARK_ETL_ISOLATED"] == "1"
    assert environment["AWS_ACCESS_KEY_ID"] == "replay"


def test_packages_of_the_run_are_a_copy_and_mounted_to_be_read(engine: FakeEngine, session: Any) -> None:
    given = ["--env", f"SPARK_ETL_PACKAGES=/opt/packages/{KEY}"]
    volumes = started(engine, session, given).options["volumes"]
    assert volumes == ["shop_private-1234-packages:/opt/packages:ro"]
    assert "shop_packages" not in str(volumes), "the packages of all projects"


@pytest.mark.parametrize("folder", ["/opt/packages", "/opt/packages/..", f"/opt/packages/{KEY}/x", "/etc"])
def test_a_folder_that_is_none_of_packages_is_not_mounted(engine: FakeEngine, session: Any, folder: str) -> None:
    """The variable may be one of this machine's environment, which the run's config mentions."""
    assert started(engine, session, ["--env", f"SPARK_ETL_PACKAGES={folder}"]).options["volumes"] == []


def test_an_option_that_is_not_known_is_not_lost() -> None:
    with pytest.raises(ValueError, match="--network"):
        driver.given_by(["--network", "host"])


def test_interrupted_it_is_stopped_before_anything_else(
    engine: FakeEngine, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    stopped: list[int] = []
    monkeypatch.setattr(driver.passing, "to_the_end", interrupt)
    monkeypatch.setattr(Thing, "stop", lambda self, timeout: stopped.append(timeout), raising=False)
    with pytest.raises(KeyboardInterrupt):
        driver.run(session, PLACE, STORE, COMMAND, [])
    assert stopped == [STOP_SECONDS]


def test_it_is_stopped_when_its_time_is_over(
    engine: FakeEngine, session: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(_container: Thing, timeout: int) -> None:
        assert timeout == STOP_SECONDS
        Attached.last.terminate()

    monkeypatch.setattr(Attached, "script", "exec sleep 60")
    monkeypatch.setattr(Thing, "stop", stop, raising=False)
    with pytest.raises(driver.TimeOverError):
        driver.run(session, PLACE, STORE, COMMAND, [], seconds=0.05)
    assert "its time is over: stopping the driver" in capsys.readouterr().err
    assert PLACE.driver not in engine.names
    assert Attached.last.poll() is not None
