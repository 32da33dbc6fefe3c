"""The hub under an OIDC provider: its real image with a small provider beside it, and no other part of the stack.

It starts as every hub does, with accounts of its own, and gets its hub-auth.yaml afterwards.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml
from docker.models.containers import Container
from sandbox_hub.users import sign_in as hub_sign_in
from spark_etl import usernames
from tornado.web import create_signed_value, decode_signed_value

from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import secrets
from sandbox_cli.stack.engine import connection
from sandbox_cli.stack.engine.archive import archive
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.hub import accounts, authentication
from sandbox_cli.stack.hub_api import Hub
from sandbox_cli.stack.images import inventory
from tests.support import leftovers, oidc_provider
from tests.support.hub import HubClient
from tests.support.sandbox import until

SECRET = "the-clients-s3cr3t"
CLIENT = f'{{"client_id": "hub", "client_secret": "{SECRET}"}}'
DAY = 24 * 3600
ENVIRONMENT = {
    "AWS_ENDPOINT_URL_S3": "http://minio:9000",
    "AWS_REGION": "us-east-1",
    "SANDBOX_NOTEBOOK_IMAGE": "sha256:" + "ab" * 32,
    "DOCKER_HOST": "tcp://docker-api:2375",
}


@dataclass
class Host:
    """A hub and a provider, in a network of their own."""

    engine: Engine
    settings: Settings
    image: str

    def start(self, name: str, port: int, command: list[str] | None = None, **options: object) -> Container:
        """Creates one of the two; the caller starts it."""
        stack = self.settings.stack
        created: Container = self.engine.client.containers.create(
            self.image,
            command,
            name=f"{stack}-{name}",
            labels={secrets.LABEL: stack},
            network=f"{stack}-oauth",
            networking_config={f"{stack}-oauth": self.engine.client.api.create_endpoint_config(aliases=[name])},
            ports={f"{port}/tcp": ("127.0.0.1", None)},
            **options,
        )
        return created

    def hub(self) -> Container:
        """Starts the hub with what the state folder says; its database is kept in a volume."""
        values = secrets.load_or_create(self.settings) | authentication.load(self.settings).secret
        secrets.install(self.engine, self.settings, values, self.image)
        stack = self.settings.stack
        volumes = [f"{stack}_hub-data:/srv/hub", f"{secrets.volume_name(self.settings, 'hub')}:/run/secrets:ro"]
        environment = {**ENVIRONMENT, "SANDBOX_STACK": stack, "SANDBOX_USER_NETWORK": f"{stack}-oauth"}
        container = self.start("hub", 8000, volumes=volumes, environment=environment)
        container.start()
        return container

    def secret(self, name: str) -> str:
        """Returns a generated secret."""
        return secrets.load(self.settings)[name]

    def door(self, container: Container) -> Hub:
        """Returns the command's door to a hub that answers."""
        port = published(container, 8000)

        def healthy() -> bool:
            try:
                return httpx.get(f"http://127.0.0.1:{port}/hub/health", trust_env=False).is_success
            except httpx.HTTPError:
                return False

        until(healthy, within=90, what="the hub answers")
        return Hub(port, secrets.load(self.settings))

    def provider(self) -> int:
        """Starts the provider; returns its port on 127.0.0.1."""
        container = self.start("provider", oidc_provider.PORT, ["python", "/tmp/oidc_provider.py", CLIENT])
        file = Path(oidc_provider.__file__)
        container.put_archive("/tmp", archive({file.name: file.read_bytes()}))
        container.start()
        return published(container, oidc_provider.PORT)


def published(container: Container, port: int) -> int:
    container.reload()
    return int(container.ports[f"{port}/tcp"][0]["HostPort"])


@pytest.fixture(scope="module")
def host(clean_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    console = Console()
    with leftovers.own_name() as name:
        settings = Settings(stack=name, state_home=tmp_path_factory.mktemp("state"))
        found = connection.connect(console, settings)
        with console.stage("images") as stage:
            image = inventory.ensure_images(found, settings, stage, ["base", "hub"])["hub"].ref
        labels = {secrets.LABEL: name}
        network = found.client.networks.create(f"{name}-oauth", labels=labels)
        found.client.volumes.create(f"{name}_hub-data", labels=labels)
        try:
            yield Host(found, settings, image)
        finally:
            leftovers.remove(name)
            for left in found.client.networks.list(ids=[network.id]):
                left.remove()


@pytest.fixture(scope="module")
def hub(host: Host) -> Container:
    """The hub under the provider; before, it had accounts of its own, and an admin among them."""
    native = host.hub()
    assert accounts.ensure_first(host.settings, host.door(native)) == ["admin", "engineer"]
    password = accounts.remembered(host.settings)["admin"]["password"]
    with HubClient(published(native, 8000)) as connection:
        assert connection.login("admin", password).http.get("/hub/admin").is_success
    native.remove(force=True)
    write_settings(host, host.provider())
    container = host.hub()
    host.door(container)
    return container


def write_settings(host: Host, port: int, **more: object) -> None:
    settings = {
        "client_id": "hub",
        "client_secret": SECRET,
        "login_service": "Example Login",
        "authorize_url": f"http://127.0.0.1:{port}/authorize",
        "token_url": f"http://provider:{oidc_provider.PORT}/token",
        "userdata_url": f"http://provider:{oidc_provider.PORT}/userinfo",
        "username_claim": "preferred_username",
        "username_map": {"linus@example.com": "linus"},
        "allowed_groups": ["data"],
        "admin_groups": ["platform"],
        **more,
    }
    file = host.settings.state_dir / authentication.FILE
    file.write_text(yaml.safe_dump({"authenticator": "generic-oauth", "settings": settings}))
    file.chmod(0o600)


@pytest.fixture
def browser(hub: Container) -> Iterator[HubClient]:
    with HubClient(published(hub, 8000)) as connection:
        yield connection


def log_in(browser: HubClient, person: str) -> httpx.Response:
    """Goes from the hub's login page to the provider, where this person is logged in, and back."""
    browser.http.cookies.set("person", person, domain="127.0.0.1")
    return browser.http.get("/hub/oauth_login", params={"next": "/hub/home"})


def test_the_login_page_leads_to_the_provider(browser: HubClient) -> None:
    page = browser.http.get("/hub/home")

    assert page.url.path == "/hub/login"
    assert "Example Login" in page.text
    assert 'type="password"' not in page.text


@pytest.mark.parametrize(("person", "name"), [("ada", "ada"), ("Bob", "bob"), ("linus@example.com", "linus")])
def test_who_is_allowed_comes_in(browser: HubClient, person: str, name: str) -> None:
    page = log_in(browser, person)

    assert (page.status_code, page.url.path) == (200, "/hub/home"), page.text[:2000]
    me = browser.api("GET", "/user").json()
    assert (me["name"], me["admin"]) == (name, False)
    assert browser.http.get("/hub/admin").status_code == 403


@pytest.mark.parametrize(
    ("person", "message"),
    [
        ("eve", "not currently authorized"),
        ("ada@example.com", "can&#39;t be a user&#39;s name here"),
        ("Linus", "belongs to another user"),
        ("proof", "reserved for the stack itself"),
        ("shelf", "reserved for the stack itself"),
        ("published", "reserved for the stack itself"),
        ("", "gave no name"),
    ],
)
def test_who_is_not_is_shown_why_and_stays_out(browser: HubClient, person: str, message: str) -> None:
    page = log_in(browser, person)

    assert page.status_code == 403
    assert message in page.text, page.text
    assert browser.http.get("/hub/home").url.path == "/hub/login"


def test_a_code_that_the_browser_did_not_ask_for_logs_nobody_in(browser: HubClient) -> None:
    browser.http.cookies.set("person", "ada", domain="127.0.0.1")
    page = browser.http.get("/hub/oauth_callback", params={"code": "c0de", "state": "c3RhdGU="})

    assert page.status_code == 400
    assert browser.http.get("/hub/home").url.path == "/hub/login"


def test_nobody_is_an_admin_but_by_the_settings(browser: HubClient) -> None:
    """The account `admin` was one, and the provider's user of that name isn't."""
    assert log_in(browser, "admin").url.path == "/hub/home"
    assert browser.api("GET", "/user").json()["admin"] is False
    assert browser.http.get("/hub/admin").status_code == 403
    browser.http.cookies.clear()

    assert log_in(browser, "grace").url.path == "/hub/home"
    assert browser.http.get("/hub/admin").status_code == 200


@pytest.mark.parametrize(("hours", "ends_on"), [(23, "/hub/home"), (25, "/hub/login")])
def test_a_login_lasts_a_day(host: Host, browser: HubClient, hours: int, ends_on: str) -> None:
    log_in(browser, "ada")
    name, key = "jupyterhub-hub-login", hub_sign_in.cookie_secret(host.secret("hub_cookie_secret"), "generic-oauth")
    value = decode_signed_value(key, name, browser.http.cookies[name].strip('"'))
    assert value is not None
    older = create_signed_value(key, name, value, clock=lambda: time.time() - hours * 3600)

    browser.http.cookies.clear()
    browser.http.cookies.set(name, older.decode(), domain="127.0.0.1", path="/hub/")
    assert browser.http.get("/hub/home").url.path == ends_on


def test_a_login_by_an_account_of_before_is_none_here(host: Host, browser: HubClient) -> None:
    log_in(browser, "ada")
    name, native = "jupyterhub-hub-login", bytes.fromhex(host.secret("hub_cookie_secret"))

    assert decode_signed_value(native, name, browser.http.cookies[name].strip('"')) is None


def test_a_token_lasts_a_week_at_most(browser: HubClient) -> None:
    log_in(browser, "ada")

    token = browser.api("POST", "/users/ada/tokens", json={}).json()
    end = datetime.datetime.fromisoformat(token["expires_at"]) - datetime.datetime.now(datetime.UTC)
    assert 0 < end.total_seconds() <= 7 * DAY
    assert browser.api("POST", "/users/ada/tokens", json={"expires_in": 30 * DAY}).status_code == 400


def test_the_command_sees_who_is_known_and_makes_no_accounts(host: Host, hub: Container, browser: HubClient) -> None:
    log_in(browser, "ada")
    door = host.door(hub)

    assert door.authenticator() == "generic-oauth"
    assert accounts.ensure_first(host.settings, door) == []
    known = {account["name"]: account["admin"] for account in door.accounts()}
    assert (known["ada"], known["admin"]) == (False, False)
    assert not set(known) & set(usernames.RESERVED)
    assert door.server(usernames.SMOKE_TEST_USER) is None
    with pytest.raises(UsageError, match="log in through generic-oauth"):
        door.put_account("carol", "correct horse battery", admin=True)


def test_the_clients_secret_is_shown_nowhere(hub: Container, browser: HubClient) -> None:
    log_in(browser, "ada")

    assert SECRET not in hub.logs().decode()
    assert SECRET not in str(hub.attrs)
    assert SECRET not in hub.exec_run(["sh", "-c", "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline"]).output.decode()


def test_wrong_settings_are_refused_by_the_hubs_image_before_a_start(host: Host, hub: Container) -> None:
    file = host.settings.state_dir / authentication.FILE
    before = file.read_text()
    try:
        write_settings(host, 1, alowed_users=["ada"])
        with pytest.raises(UsageError, match=r"Unknown setting `alowed_users`. Did you mean `allowed_users`"):
            authentication.check(host.engine, host.settings, authentication.load(host.settings), host.image)
    finally:
        file.write_text(before)
    authentication.check(host.engine, host.settings, authentication.load(host.settings), host.image)


def test_without_the_file_whom_the_provider_let_in_is_still_listed(
    host: Host, hub: Container, browser: HubClient
) -> None:
    """The last test: the hub has accounts of its own again."""
    log_in(browser, "ada")
    hub.remove(force=True)
    (host.settings.state_dir / authentication.FILE).unlink()
    door = host.door(host.hub())
    accounts.ensure_first(host.settings, door)

    logins = {account["name"]: account["login"] for account in door.accounts()}
    assert (logins["ada"], logins["admin"], logins["engineer"]) == ("none", "open", "open")
    assert door.remove_account("ada")
    assert "ada" not in {account["name"] for account in door.accounts()}
