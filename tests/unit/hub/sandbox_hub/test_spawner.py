"""What a user's server is told, and as whom it runs."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from dockerspawner import DockerSpawner
from sandbox_hub.spawner import SandboxSpawner
from traitlets.config import Config

from tests.unit.hub.conftest import IMAGE, SECRETS, Keys


@pytest.fixture
def unstarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No container is started."""

    async def nothing(self: DockerSpawner) -> None:
        return None

    monkeypatch.setattr(DockerSpawner, "start", nothing)
    monkeypatch.setattr(SandboxSpawner, "get_object", nothing)


@pytest.mark.usefixtures("unstarted")
def test_a_server_gets_s3_keys_that_end_with_it(spawner: SandboxSpawner, keys: Keys) -> None:
    asyncio.run(spawner.start())
    variables = spawner.get_env()

    assert keys.good == {"key-0": ("ada", "")}
    assert (variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]) == ("key-0", "secret of key-0")
    assert variables["AWS_ENDPOINT_URL_S3"] == "http://minio:9000"
    assert variables["AWS_REGION"] == "us-east-1"

    asyncio.run(spawner.run_post_stop_hook())
    assert keys.good == {}


@pytest.mark.usefixtures("unstarted")
def test_a_hub_that_was_restarted_takes_them_back_too(spawner: SandboxSpawner, keys: Keys) -> None:
    asyncio.run(spawner.start())
    state = spawner.get_state()
    spawner.s3_access_key = ""

    assert "secret of key-0" not in str(state)
    spawner.load_state(state)
    asyncio.run(spawner.run_post_stop_hook())
    assert keys.good == {}


def test_a_server_is_told_where_it_lives_and_what_there_is(spawner: SandboxSpawner) -> None:
    expected = {
        "HOME": "/home/ada",
        "USER": "ada",
        "JUPYTERHUB_USER": "ada",
        "JUPYTERHUB_API_TOKEN": "its-token",
        "SANDBOX_STACK": "demo",
        "SANDBOX_SCRATCH": "s3a://scratch/",
        "SANDBOX_PUBLISHED": "s3a://published/",
        "SANDBOX_CONNECT_URL": "sc://spark-connect:15002",
        "SANDBOX_CONNECT_TOKEN": "connect-token",
        "SPARK_MASTER_URL": "spark://spark-master:7077",
        "_SPARK_AUTH_SECRET": "auth-secret",
        "SPARK_ETL_CHECKPOINT_ON_FAILURE": "1",
        "SMTP_HOST": "mail",
    }
    assert expected.items() <= spawner.get_env().items()


@pytest.mark.parametrize("name", ["hub_cookie_secret", "hub_proxy_token", "hub_admin_token", "s3_secret_key"])
def test_the_hubs_own_secrets_stay_with_the_hub(
    spawner: SandboxSpawner, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CONFIGPROXY_AUTH_TOKEN", SECRETS["hub_proxy_token"])
    assert not [key for key, value in spawner.get_env().items() if SECRETS[name] in value]


def test_a_server_runs_as_its_users_number_on_its_users_volume(
    spawner: SandboxSpawner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def created(self: DockerSpawner) -> dict[str, Any]:
        return {"user": self.extra_create_kwargs["user"], "binds": self.volume_binds, "name": self.container_name}

    monkeypatch.setattr(DockerSpawner, "create_object", created)

    assert asyncio.run(spawner.create_object()) == {
        "user": "20007:100",
        "binds": {"demo-home-ada": {"bind": "/home", "mode": "rw"}},
        "name": "demo-user-ada",
    }


def test_the_hub_lets_nobody_in_unasked(config: Config) -> None:
    authenticator = config.SandboxAuthenticator
    assert not authenticator.enable_signup
    assert not authenticator.open_signup
    assert authenticator.allowed_failed_logins == 5
    assert config.SandboxSpawner.image == IMAGE
    assert config.SandboxSpawner.pull_policy == "never"


def test_services_may_do_what_they_are_for(config: Config) -> None:
    scopes = {role["name"]: role["scopes"] for role in config.JupyterHub.load_roles}
    assert scopes["user"] == ["self", "access:services!service=ui", "access:services!service=shelf"]
    assert all(scope.endswith("!user=shelf") for scope in scopes["shelf"])
    assert not [
        role for role in ("user", "shelf", "idle-culler") if any(scope.startswith("admin:") for scope in scopes[role])
    ]


def test_the_pages_are_those_that_the_stack_runs(config: Config) -> None:
    shown = config.JupyterHub.template_vars
    assert (shown["sandbox_links"], shown["sandbox_stack"]) == (["spark", "s3"], "demo")
    assert [size.name for size in shown["sandbox_sizes"]] == ["small", "medium", "large"]
    (ui,) = [service for service in config.JupyterHub.services if service["name"] == "ui"]
    assert ui["environment"]["SANDBOX_UI_LINKS"] == "spark,s3"


@pytest.mark.usefixtures("unstarted")
@pytest.mark.parametrize(("options", "gigabytes"), [({}, 2), ({"size": "large"}, 4), ({"size": ["small"]}, 1)])
def test_a_server_has_the_size_that_was_chosen(
    spawner: SandboxSpawner, options: dict[str, Any], gigabytes: int
) -> None:
    spawner.user_options = options
    asyncio.run(spawner.start())
    assert spawner.mem_limit == gigabytes * 1024**3


def test_a_size_that_there_is_not_is_refused_with_those_there_are(spawner: SandboxSpawner) -> None:
    with pytest.raises(ValueError, match=r"no size `huge`\. There are: small, medium, large"):
        spawner.options_from_form({"size": ["huge"]})


def test_a_server_that_fills_the_disk_is_stopped(spawner: SandboxSpawner, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = []

    async def running(self: DockerSpawner) -> None:
        return None

    async def stop(self: SandboxSpawner) -> None:
        stopped.append(self.user.name)

    async def verdict(user: str) -> str | None:
        return "the home holds 30 GB" if user == "ada" else None

    monkeypatch.setattr(DockerSpawner, "poll", running)
    monkeypatch.setattr(SandboxSpawner, "stop", stop)
    assert asyncio.run(spawner.poll()) is None

    spawner.disk_verdict = verdict
    assert asyncio.run(spawner.poll()) == 28
    assert stopped == ["ada"]


def test_a_servers_token_ends_with_it(spawner: SandboxSpawner) -> None:
    """JupyterHub deletes the token of a server that it will not resume."""
    assert not spawner.will_resume


def test_all_servers_have_one_guard(config: Config) -> None:
    """Jupyter's configuration hands out copies of what it is given, but not of functions."""
    assert copy.deepcopy(config.SandboxSpawner.disk_verdict) is config.SandboxSpawner.disk_verdict
    assert config.JupyterHub.template_vars["sandbox_told"](None) == "", "nobody is logged in"
