"""The private store: what it may do, who reaches it, and what the driver's key may do."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox_cli.errors import StackError
from sandbox_cli.stack.private import store
from sandbox_cli.stack.private.place import Place
from sandbox_cli.stack.private.store import ENVIRONMENT, policy_of_replay, start_store
from tests.support.sandbox import ROOT
from tests.unit.sandbox_cli.stack.private.fake_engine import FakeEngine, Thing, fake_session

PLACE = Place("shop", "1234")
RUN = "s3a://scratch/elsewhere/shop/20240229T101112Z-7f3a2c"
READ, WRITE = "s3:GetObject", "s3:PutObject"


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def session(engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(store, "SECONDS", 0)
    monkeypatch.setattr(store.object_store, "answers", lambda port: port == 31234)
    return fake_session(engine, tmp_path)


@pytest.fixture
def container(engine: FakeEngine, session: Any) -> Thing:
    start_store(session, PLACE)
    return engine.containers.get(PLACE.store)


def test_it_has_limits_and_no_rights(container: Thing) -> None:
    options = container.options
    assert options["image"] == "minio:1"
    assert options["user"] == "10002:100"
    assert options["cap_drop"] == ["ALL"]
    assert options["security_opt"] == ["no-new-privileges:true"]
    assert options["mem_limit"] == options["memswap_limit"] == "1g"
    assert options["pids_limit"] == 512
    assert options["volumes"] == [f"{PLACE.volume}:/data"]
    assert options["ports"] == {"9000/tcp": ("127.0.0.1", 0)}, "on loopback, at a port that is free"


def test_its_memory_has_the_bounds_of_the_stacks_store() -> None:
    """What is too little for one is too little for the other."""
    stack = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["minio"]["environment"]
    names = ("MINIO_MEMLIMIT", "GOGC")

    assert {name: ENVIRONMENT[name] for name in names} == {name: stack[name] for name in names}


def test_the_drivers_network_is_internal_and_the_store_is_on_it(engine: FakeEngine, container: Thing) -> None:
    assert engine.networks.get(PLACE.network).options == {"internal": True}
    assert container.options["network"] == PLACE.edge
    assert container.connected == [(PLACE.network, ["minio"])]


def test_its_password_is_in_a_file_of_its_own_user_only(container: Thing) -> None:
    password, mode, uid = container.files["/run/secrets/minio_root_password"]
    assert (len(password), mode, uid) == (64, 0o400, 10002)
    assert password not in repr(container.options)


def test_each_has_secrets_of_its_own(session: Any) -> None:
    one, other = start_store(session, PLACE), start_store(session, Place("shop", "5678"))
    assert len({one.password, one.secret, other.password, other.secret}) == 4
    assert one.settings.endpoint == "http://127.0.0.1:31234"


def test_one_that_does_not_answer_says_what_it_logged(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.object_store, "answers", lambda _: False)
    with pytest.raises(StackError, match="does not answer:\nwhat it said"):
        start_store(session, PLACE)


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        (READ, "published/orders/x.parquet", True),
        (READ, f"{RUN[6:]}/run.json", True),
        (WRITE, "scratch/elsewhere/shop/20240302T101112Z-bbbbbb/run.json", True),
        (WRITE, "scratch/elsewhere/shop/_runs/2024-03/x/ended", True),
        (WRITE, f"{RUN[6:]}/net/part-0.parquet", False),
        (WRITE, "scratch/elsewhere/other/x", False),
        (WRITE, "scratch/_trust/x.json", False),
        (WRITE, "published/orders/x.parquet", False),
        (READ, "events/logs/app-1", False),
    ],
)
def test_the_drivers_key_reads_what_is_there_and_writes_replays(action: str, resource: str, allowed: bool) -> None:
    def matches(effect: str) -> bool:
        return any(
            statement["Effect"] == effect
            and action in statement["Action"]
            and any(fnmatchcase(f"arn:aws:s3:::{resource}", pattern) for pattern in statement["Resource"])
            for statement in policy_of_replay(RUN, ["published", "scratch"])["Statement"]
        )

    assert (matches("Allow") and not matches("Deny")) is allowed
