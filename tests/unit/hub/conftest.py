"""The hub of the stack `demo`, by its real settings file, with stand-ins for what only its image has installed."""

from __future__ import annotations

import json
import logging
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import sandbox_hub.servers.spawner
from jupyterhub import orm
from jupyterhub.auth import Authenticator
from jupyterhub.objects import Hub
from sandbox_hub.keys.s3_keys import Key
from sandbox_hub.servers.spawner import SandboxSpawner
from sandbox_hub.service_group import LIST
from tornado.httpserver import HTTPServer
from traitlets import Bool, Integer
from traitlets.config import Config

CONFIG = Path(__file__).parents[3] / "hub" / "jupyterhub_config.py"
IMAGE = "sha256:" + "ab" * 32
ENVIRONMENT = {
    "SANDBOX_STACK": "demo",
    "SANDBOX_NOTEBOOK_IMAGE": IMAGE,
    "SANDBOX_USER_NETWORK": "demo_data",
    "SANDBOX_UI_LINKS": "spark,s3",
    "AWS_ENDPOINT_URL_S3": "http://minio:9000",
    "AWS_REGION": "us-east-1",
}
SECRETS = {
    "hub_cookie_secret": "0f" * 32,
    "hub_proxy_token": "proxy-token",
    "hub_admin_token": "admin-token",
    "s3_secret_key": "the-hubs-own-key",
    "spark_connect_token": "connect-token",
    "spark_auth_secret": "auth-secret",
    "hub_auth": '{"authenticator": "native", "settings": {}}',
}


class Keys:
    """The object store's side: keys that are good, with whom they are for; places that were made, with which key."""

    def __init__(self) -> None:
        self.good: dict[str, tuple[str, str]] = {}
        self.places: list[tuple[str, str]] = []

    def make_place(self, _endpoint: str, _region: str, key: Key, user: str) -> bool:
        """Makes a user's place."""
        self.places.append((user, key.access))
        return True

    def issue(self, user: str, server: str) -> Key:
        """Returns new keys."""
        access = f"key-{len(self.good)}"
        self.good[access] = (user, server)
        return Key(access, f"secret of {access}")

    def revoke(self, access: str) -> None:
        """Ends keys."""
        del self.good[access]


class NativeAuthenticator(Authenticator):
    """As much of the real one as ours uses; `hunter2-hunter2` is its one common password."""

    minimum_password_length = Integer(0, config=True)
    check_common_password = Bool(False, config=True)

    def is_password_common(self, password: str) -> bool:
        return password == "hunter2-hunter2"


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand-ins for the packages that are in the hub's image only."""
    for name, content in {
        "bcrypt": {},
        "nativeauthenticator": {"NativeAuthenticator": NativeAuthenticator},
        "nativeauthenticator.orm": {"UserInfo": object},
    }.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    yield
    sys.modules.pop("sandbox_hub.users.authenticator", None)


@pytest.fixture
def config(packages: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    """What jupyterhub_config.py makes of the stack's environment and secrets."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sandbox_hub.keys.secrets.read_secret", SECRETS.__getitem__)
    monkeypatch.setattr(sandbox_hub.servers.spawner, "read_secret", SECRETS.__getitem__)
    config = Config()
    runpy.run_path(str(CONFIG), {"get_config": lambda: config})
    yield config
    HTTPServer.configure(None)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Keys:
    """Keys of a store that is not there."""
    keys = Keys()
    monkeypatch.setattr(SandboxSpawner, "_keys", lambda self: keys)
    monkeypatch.setattr(sandbox_hub.servers.spawner, "make_place", keys.make_place)
    return keys


@pytest.fixture
def spawner(config: Config, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SandboxSpawner:
    """What starts the server of ada, the seventh user."""
    monkeypatch.setattr(SandboxSpawner, "_client", None)
    row = SimpleNamespace(id=7)
    user: Any = SimpleNamespace(
        name="ada", escaped_name="ada", orm_user=row, url="/user/ada/", settings={}, **vars(row)
    )
    at = orm.Server(proto="http", ip="", port=0, base_url="/user/ada/", cookie_name="")
    known = SimpleNamespace(name="", user_options=None, server=at)
    hub = Hub(ip="127.0.0.1")
    spawner = SandboxSpawner(config=config, user=user, orm_spawner=known, hub=hub, api_token="its-token")
    spawner.uids_file = str(tmp_path / "uids.json")
    spawner.disk_stop_reason = None  # there is no disk to guard
    return spawner


def service_environment(config: Config, module: str) -> dict[str, str]:
    """Returns the environment of a service's process.

    Args:
        config: The hub's.
        module: Which it runs, in `sandbox_hub`.
    """
    (group,) = [service for service in config.JupyterHub.services if service["name"] == "services"]
    processes = {each["module"]: each["environment"] for each in json.loads(group["environment"][LIST])}
    return {**group["environment"], **processes[f"sandbox_hub.{module}"]}


def errors(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Returns what a test logged that would fail a test on the stack."""
    return [record for record in caplog.records if record.levelno >= logging.ERROR]
