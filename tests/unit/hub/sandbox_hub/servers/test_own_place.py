"""The place of each user's own in the store, which is there from the first login."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import sandbox_hub.servers.spawner
from minio.error import S3Error
from sandbox_hub.keys.s3_keys import Key
from sandbox_hub.servers.own_place import make_place
from sandbox_hub.servers.spawner import SandboxSpawner

from tests.support.fake_s3 import FakeS3, fake_s3
from tests.unit.hub.conftest import Keys

KEY = Key("key", "secret")


@pytest.fixture
def store() -> Iterator[FakeS3]:
    with fake_s3() as store:
        store.buckets.add("scratch")
        yield store


def make(store: FakeS3, user: str) -> bool:
    return make_place(f"http://127.0.0.1:{store.port}", "us-east-1", KEY, user)


def test_the_place_says_whose_it_is_and_how_files_come_into_it(store: FakeS3) -> None:
    assert make(store, "ada")
    text = store.objects["scratch/users/ada/README.md"].content.decode()
    assert "s3a://scratch/users/ada/" in text
    assert "sandbox data put orders.csv --user ada" in text


def test_a_readme_that_is_there_stays_as_its_owner_has_left_it(store: FakeS3) -> None:
    store.put("s3a://scratch/users/ada/README.md", b"mine")
    assert not make(store, "ada")
    assert store.objects["scratch/users/ada/README.md"].content == b"mine"


@pytest.mark.parametrize("user", ["proof", "shelf"])
def test_the_stacks_own_users_have_none(store: FakeS3, user: str) -> None:
    assert not make(store, user)
    assert not store.objects


def test_a_store_without_the_bucket_is_an_error_of_the_store(store: FakeS3) -> None:
    store.buckets.clear()
    with pytest.raises(S3Error, match="NoSuchBucket"):
        make(store, "ada")


@pytest.mark.usefixtures("unstarted")
def test_a_server_that_starts_makes_it_with_the_users_own_key(spawner: SandboxSpawner, keys: Keys) -> None:
    asyncio.run(spawner.start())
    assert keys.places == [("ada", "key-0")]


@pytest.mark.usefixtures("unstarted")
@pytest.mark.parametrize("error", [TimeoutError(), S3Error(None, "AccessDenied", "no", None, None, None)])  # type: ignore[arg-type]
def test_a_server_starts_without_it_too(
    spawner: SandboxSpawner, keys: Keys, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> bool:
        raise error

    monkeypatch.setattr(sandbox_hub.servers.spawner, "make_place", fail)
    asyncio.run(spawner.start())
    assert spawner.s3_access_key == "key-0"
