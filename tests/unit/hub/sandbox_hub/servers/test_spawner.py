"""What a user's server is given, and as whom it runs."""

from __future__ import annotations

import asyncio
import copy
import re
import threading
from types import SimpleNamespace
from typing import Any

import pytest
import sandbox_hub.servers.spawner
from dockerspawner import DockerSpawner
from minio.error import MinioAdminException
from sandbox_hub.keys.s3_keys import Key
from sandbox_hub.servers.spawner import SandboxSpawner
from sandbox_hub.servers.start_errors import StartError
from tornado.httputil import HTTPServerRequest, RequestStartLine
from traitlets.config import Config
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError

from tests.unit.hub.conftest import IMAGE, SECRETS, Keys, service_environment


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


@pytest.mark.usefixtures("unstarted")
def test_from_a_store_that_is_away_keys_are_taken_back_when_it_is_there_again(
    spawner: SandboxSpawner, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoke, away = keys.revoke, [MaxRetryError(HTTPConnectionPool("minio"), "/", None) for _ in range(3)]

    def revoke_when_there(access: str) -> None:
        if away:
            raise away.pop()
        revoke(access)

    monkeypatch.setattr(keys, "revoke", revoke_when_there)
    monkeypatch.setattr(sandbox_hub.servers.spawner, "RETRY_SECONDS", 0)

    async def end() -> list[dict[str, tuple[str, str]]]:
        await spawner.start()
        await spawner.run_post_stop_hook()
        seen = [dict(keys.good)]
        await asyncio.gather(*spawner._pending_revocations)
        return [*seen, dict(keys.good)]

    assert asyncio.run(end()) == [{"key-0": ("ada", "")}, {}]
    assert spawner._pending_revocations == set()
    assert "s3_access_key" not in spawner.get_state()


def test_a_server_gets_its_address_and_what_there_is(spawner: SandboxSpawner) -> None:
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
    assert "allowed_failed_logins" not in authenticator, "that would let anybody lock anybody out"
    assert config.SandboxSpawner.image == IMAGE
    assert config.SandboxSpawner.pull_policy == "never"


def test_services_may_do_what_they_are_for(config: Config) -> None:
    scopes = {role["name"]: role["scopes"] for role in config.JupyterHub.load_roles}
    assert scopes["user"] == ["self", *(f"access:services!service={name}" for name in ("runs", "shelf", "ui"))]
    assert all(scope.endswith("!user=shelf") for scope in scopes["shelf"])
    assert not [
        role for role in ("user", "shelf", "idle-culler") if any(scope.startswith("admin:") for scope in scopes[role])
    ]


def test_the_pages_are_those_that_the_stack_runs(config: Config) -> None:
    shown = config.JupyterHub.template_vars
    assert (shown["sandbox_links"], shown["sandbox_stack"]) == (["spark", "s3"], "demo")
    assert [size.name for size in shown["sandbox_sizes"]] == ["small", "medium", "large"]
    assert service_environment(config, "gateway.service")["SANDBOX_UI_LINKS"] == "spark,s3"


@pytest.mark.usefixtures("unstarted")
@pytest.mark.parametrize(("options", "gigabytes"), [({}, 2), ({"size": "large"}, 4), ({"size": ["small"]}, 1)])
def test_a_server_has_the_size_that_was_chosen(
    spawner: SandboxSpawner, options: dict[str, Any], gigabytes: int
) -> None:
    spawner.user_options = options
    asyncio.run(spawner.start())
    assert spawner.mem_limit == gigabytes * 1024**3


REFUSED = r"no size 'huge'\. There are: small, medium, large"


@pytest.fixture
def chosen_before(spawner: SandboxSpawner, config: Config) -> SandboxSpawner:
    """What starts the server of a user whose last one was large."""
    row = SimpleNamespace(name="", user_options={"size": "large"}, server=None)
    return SandboxSpawner(config=config, user=spawner.user, hub=spawner.hub, orm_spawner=row)


def test_an_address_with_a_size_that_there_is_not_is_refused(spawner: SandboxSpawner) -> None:
    with pytest.raises(StartError, match=REFUSED) as refused:
        spawner.options_from_query({"size": ["huge"]})

    assert refused.value.status_code == 422


@pytest.mark.parametrize(
    ("query", "has_form"),
    [("", False), ("?next=/user/ada/lab", False), ("?opt-size=huge", True), ("?opt-size=huge&next=/", True)],
)
def test_who_asked_for_a_size_can_choose_another_and_nobody_else_has_to(
    chosen_before: SandboxSpawner, query: str, has_form: bool
) -> None:
    """JupyterHub shows a refusal where there is a form, and starts the last size where there is none."""
    start = RequestStartLine("GET", f"/hub/spawn{query}", "HTTP/1.0")
    request = HTTPServerRequest(start_line=start)
    chosen_before.handler = SimpleNamespace(request=request)

    form = asyncio.run(chosen_before.get_options_form())

    assert re.findall(r'value="(\w+)"', form) == (["small", "medium", "large"] if has_form else [])
    assert ('value="large" selected' in form) is has_form


def test_a_form_that_was_sent_with_a_wrong_size_is_shown_again(spawner: SandboxSpawner) -> None:
    spawner.handler = None  # the spawner does not get that of a form
    assert 'value="medium" selected' in asyncio.run(spawner.get_options_form())


@pytest.mark.usefixtures("unstarted")
@pytest.mark.parametrize("size", ["huge", ["huge"], {"huge": 1}, [["huge"]], 7])
def test_a_size_that_the_api_is_asked_for_and_there_is_not_is_refused_and_forgotten(
    chosen_before: SandboxSpawner, keys: Keys, size: Any
) -> None:
    chosen_before.user_options = chosen_before.orm_spawner.user_options = {"size": size}

    with pytest.raises(StartError, match=r"There are: small, medium, large") as refused:
        asyncio.run(chosen_before.start())

    assert refused.value.status_code == 422
    assert chosen_before.orm_spawner.user_options == {"size": "large"}, "what the next start will have"
    assert keys.good == {}


@pytest.mark.usefixtures("unstarted")
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MaxRetryError(HTTPConnectionPool("minio"), "/", None), "The S3 store doesn't answer"),
        (TimeoutError(), "The S3 store doesn't answer"),
        (MinioAdminException("403", "no such identity"), "The S3 store gives no keys"),
    ],
)
def test_a_user_whose_server_gets_no_keys_is_shown_why(
    spawner: SandboxSpawner, keys: Keys, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def gone(user: str, server: str) -> Key:
        raise error

    monkeypatch.setattr(keys, "issue", gone)
    with pytest.raises(StartError) as refused:
        asyncio.run(spawner.start())

    assert refused.value.status_code == 503
    for message in (refused.value.message, refused.value.jupyterhub_message):
        assert message.startswith(reason)
        assert "`./sandbox doctor`" in message
        assert "`./sandbox up`" in message


@pytest.mark.usefixtures("unstarted")
def test_nobody_waits_for_a_store_that_takes_the_question_and_says_nothing(
    spawner: SandboxSpawner, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_hub.servers.spawner, "KEY_SECONDS", 0.01)
    monkeypatch.setattr(keys, "issue", lambda user, server: threading.Event().wait(0.5))

    with pytest.raises(StartError, match="doesn't answer"):
        asyncio.run(spawner.start())


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

    spawner.disk_stop_reason = verdict
    assert asyncio.run(spawner.poll()) == 28
    assert stopped == ["ada"]


def test_a_servers_token_ends_with_it(spawner: SandboxSpawner) -> None:
    """JupyterHub deletes the token of a server that it will not resume."""
    assert not spawner.will_resume


def test_all_servers_have_one_guard(config: Config) -> None:
    """Jupyter's configuration hands out copies of what it is given, but not of functions."""
    assert copy.deepcopy(config.SandboxSpawner.disk_stop_reason) is config.SandboxSpawner.disk_stop_reason
    assert config.JupyterHub.template_vars["sandbox_stop_reason"](None) == "", "nobody is logged in"
