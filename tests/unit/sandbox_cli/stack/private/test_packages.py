"""Imported code gets the packages that its run names, and sees and changes no others."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from spark_etl.debugging.origin import Origin
from spark_etl.reading import Run
from spark_etl.store import RunDocument, StoredRun

from sandbox_cli.console import Console
from sandbox_cli.errors import StackError
from sandbox_cli.stack.pipelines import packages
from sandbox_cli.stack.pipelines.replay import prepared
from sandbox_cli.stack.private import driver
from sandbox_cli.stack.private.packages import copy_packages
from sandbox_cli.stack.private.place import Place
from tests.unit.sandbox_cli.stack.private.fake_engine import FakeEngine, Thing, fake_session

PLACE, KEY = Place("shop", "1234"), "0123456789abcdef"
OTHERS = "feedfeedfeedfeed"  # the folder of another project's packages
ID = "20240229T101112Z-7f3a2c"
ROOT = f"s3a://scratch/elsewhere/shop/{ID}"
POPEN = subprocess.Popen


def ended(*_: object, **__: object) -> subprocess.Popen[bytes]:
    return POPEN(["true"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


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


def test_an_imported_run_gets_the_packages_that_it_names_and_not_the_folder(
    engine: FakeEngine, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From what the run has recorded to what its container mounts; pip alone does not run."""
    installed: list[tuple[str, str]] = []
    copied: list[list[str]] = []
    session.runs = SimpleNamespace(scratch="s3a://scratch")
    monkeypatch.setattr(
        packages, "install", lambda _session, _stage, file, key: installed.append((file.read_text(), key))
    )
    monkeypatch.setattr(Thing, "remove", lambda thing, **_: copied.append(thing.options["command"]))
    monkeypatch.setattr(driver.subprocess, "Popen", ended)
    monkeypatch.setattr(engine, "environment", dict, raising=False)
    run = RunDocument(ID, ROOT, "elsewhere", "shop", kind="imported", imported={"from": "x"})
    run.requirements, run.packages = ["inflection==0.5.1"], OTHERS
    origin = Origin(Run(StoredRun(ROOT), run), "net")

    with prepared(Console(plain=True), session, origin, None, ["--local"]) as (command, options):
        driver.run(session, PLACE, cast("Any", SimpleNamespace(secret="x")), command, options)

    ((text, key),) = installed
    assert text == "inflection==0.5.1\n"
    assert copied == [["-a", f"/all-packages/{key}", "/opt/packages"]]
    given = engine.containers.get(PLACE.driver).options
    assert given["volumes"] == [f"{PLACE.packages}:/opt/packages:ro"]
    assert given["environment"]["PYTHONPATH"] == f"/opt/packages/{key}"
    assert OTHERS not in str(given)
