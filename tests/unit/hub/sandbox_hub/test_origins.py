"""An address for each user and service: JupyterHub itself, with the settings that make it so."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from jupyterhub.app import JupyterHub
from sandbox_hub.origins import Origins
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from traitlets.config import Config

from tests.unit.hub.conftest import SECRETS

TEMPLATES = str(Path(__file__).parents[4] / "hub" / "templates")
HUB = "http://localhost:8000"
SHELF = "http://shelf--service.localhost:8000"
PASSWORD = "correct horse"

Use = Callable[[httpx.AsyncClient, JupyterHub], Awaitable[None]]


def settings(origin: str) -> Config:
    c = Config()
    c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 2}
    Origins(origin).configure(c)
    c.JupyterHub.db_url = "sqlite://"
    c.JupyterHub.cookie_secret = b"x" * 32
    c.JupyterHub.log_level = "ERROR"
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = PASSWORD
    c.Authenticator.allow_all = True
    c.JupyterHub.services = [{"name": "shelf", "url": "http://127.0.0.1:8011", "api_token": "t" * 32}]
    return c


def with_hub(folder: Path, origin: str, use: Use, **more: Any) -> None:
    """Runs a hub without a proxy; the client's requests name the hub's host, whatever the origin is."""

    async def run() -> None:
        config = settings(origin)
        config.JupyterHub.update(more)
        app = JupyterHub(config=config)
        (folder / "empty.py").touch()
        await app.initialize([f"--config={folder}/empty.py"])
        socket, port = bind_unused_port()
        server = HTTPServer(app.tornado_application)
        server.add_socket(socket)
        headers = {"Host": "localhost:8000"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as client:
            await use(client, app)
        server.stop()
        await server.close_all_connections()

    try:
        asyncio.run(run())
    finally:
        JupyterHub.clear_instance()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cookies(answer: httpx.Response) -> list[str]:
    return answer.headers.get_list("set-cookie")


def as_sent(answer: httpx.Response) -> dict[str, str]:
    return {"Cookie": "; ".join(cookie.partition(";")[0] for cookie in cookies(answer))}


async def logged_in(client: httpx.AsyncClient) -> httpx.Response:
    page = await client.get("/hub/login")
    token = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
    assert token
    form = {"username": "ada", "password": PASSWORD, "_xsrf": token[1]}
    return await client.post("/hub/login", data=form, headers=as_sent(page))


def test_each_user_and_service_has_an_origin(folder: Path) -> None:
    async def use(client: httpx.AsyncClient, app: JupyterHub) -> None:
        await logged_in(client)
        assert app.users["ada"].url == "http://ada.localhost:8000/user/ada/"
        assert app.users["ada"].proxy_spec == "ada.localhost/user/ada/"
        shelf = app._service_map["shelf"]
        assert shelf.proxy_spec == "shelf--service.localhost/services/shelf/"
        assert shelf.oauth_redirect_uri == f"{SHELF}/services/shelf/oauth_callback"
        assert app.hub.public_host == HUB
        assert app.hub_routespec == "/", "whatever comes to another host, 127.0.0.1 too, is the hub's"

    with_hub(folder, HUB, use)


def test_no_cookie_is_for_all_of_localhost(folder: Path) -> None:
    async def use(client: httpx.AsyncClient, app: JupyterHub) -> None:
        answer = await logged_in(client)
        assert answer.status_code == 302
        ended = await client.get("/hub/logout", headers=as_sent(answer))
        assert len(cookies(answer)) == 3
        assert len(cookies(ended)) >= 3
        assert not [cookie for cookie in cookies(answer) + cookies(ended) if "domain=" in cookie.lower()]

    with_hub(folder, HUB, use)


def test_behind_tls_nobodys_page_can_set_the_hubs_cookie(folder: Path) -> None:
    async def use(client: httpx.AsyncClient, app: JupyterHub) -> None:
        (login,) = [cookie for cookie in cookies(await logged_in(client)) if "hub-login" in cookie]
        assert login.startswith("__Host-jupyterhub-hub-login=")
        assert "; Secure" in login
        assert app.users["ada"].url == "https://ada.sandbox.example.com/user/ada/"

    with_hub(folder, "https://sandbox.example.com", use)


@pytest.mark.parametrize(
    ("path", "host", "to"),
    [
        ("/", "127.0.0.1:8000", f"{HUB}/hub/"),
        ("/user/ada/lab", "ada.localhost:8000", f"{HUB}/hub/user/ada/lab"),
        ("/services/shelf/ada/x?q=1", "127.0.0.1:8000", f"{HUB}/hub/services/shelf/ada/x?q=1"),
        ("/hub/services/shelf/ada/x?q=1", "localhost:8000", f"{SHELF}/services/shelf/ada/x?q=1"),
        ("/hub/services/shelf", "localhost:8000", f"{SHELF}/services/shelf"),
        ("/hub/services/shelf//evil.example/", "localhost:8000", f"{SHELF}/services/shelf//evil.example/"),
    ],
)
def test_an_address_of_before_leads_to_the_one_of_now(folder: Path, path: str, host: str, to: str) -> None:
    async def use(client: httpx.AsyncClient, app: JupyterHub) -> None:
        answer = await client.get(path, headers={"Host": host})
        assert (answer.status_code, answer.headers.get("location")) == (302, to)

    with_hub(folder, HUB, use)


def test_an_address_without_a_host_is_refused_with_how_it_is_written() -> None:
    with pytest.raises(ValueError, match="`localhost:8000` names no host; write it as http://localhost:8000"):
        Origins("localhost:8000").service("shelf")


def test_without_it_there_is_no_other_origin(folder: Path) -> None:
    async def use(client: httpx.AsyncClient, app: JupyterHub) -> None:
        await logged_in(client)
        assert app.users["ada"].url == "/user/ada/"
        assert app.hub.public_host == ""
        assert (await client.get("/hub/services/shelf/")).status_code == 404

    with_hub(folder, "", use)


@pytest.mark.parametrize("name", ["services", "shelf", "ui--service", "shelf--service", "a-", "u-x--1234567"])
def test_no_users_address_is_a_services_or_anothers(name: str) -> None:
    origins = Origins(HUB)
    taken = {origins.domain(service, "", "service") for service in ("ui", "shelf")}
    label = origins.domain(name, "", "user").removesuffix(".localhost")

    assert f"{label}.localhost" not in taken
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", label)
    assert label == name or "--" in label, "so it is no other user's: a name with `--` never stays as it is"


def of_this_hub(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, origin: str) -> Any:
    monkeypatch.setenv("SANDBOX_SUBDOMAIN_HOST", origin)
    return request.getfixturevalue("config")


def test_the_settings_file_without_it(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    config = of_this_hub(request, monkeypatch, "")

    assert not {"subdomain_host", "subdomain_hook", "extra_handlers", "public_url"} & set(config.JupyterHub)
    assert config.JupyterHub.tornado_settings == {"slow_spawn_timeout": 2}
    assert config.JupyterHub.template_vars["sandbox_at"] == {"runs": "", "shelf": "", "ui": ""}
    assert config.SandboxSpawner.environment == {}


def test_the_settings_file_with_it(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    config = of_this_hub(request, monkeypatch, HUB)

    assert config.JupyterHub.subdomain_host == HUB
    assert config.JupyterHub.template_vars["sandbox_at"]["shelf"] == SHELF
    assert config.SandboxSpawner.environment == {"SANDBOX_SHELF_HOST": "shelf--service.localhost:8000"}


@pytest.mark.parametrize(
    ("origin", "shelf", "spark", "runs"),
    [
        ("", "/services/shelf/", "/services/ui/spark/", "/services/runs/"),
        (
            HUB,
            f"{SHELF}/services/shelf/",
            "http://ui--service.localhost:8000/services/ui/spark/",
            "http://runs--service.localhost:8000/services/runs/",
        ),
    ],
)
def test_the_hubs_pages_link_to_the_services(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    origin: str,
    shelf: str,
    spark: str,
    runs: str,
) -> None:
    shown = of_this_hub(request, monkeypatch, origin).JupyterHub.template_vars

    async def use(client: httpx.AsyncClient, app: JupyterHub) -> None:
        page = await client.get("/hub/home", headers=as_sent(await logged_in(client)))
        links = re.findall(r'href="([^"]*/services/[^"]*)"', page.text)
        assert links.count(shelf) == 2, "in the bar, and on the page"
        assert links.count(spark) == links.count(runs) == 2
        assert links[0] == runs, "runs come first"
        assert all(link.startswith((runs, shelf, spark.removesuffix("spark/"))) for link in links)

    with_hub(folder, origin, use, template_vars=shown, template_paths=[TEMPLATES])


def test_a_provider_sends_users_back_to_the_hub(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = {"client_id": "hub", "client_secret": "s", "allow_all": True}
    monkeypatch.setitem(SECRETS, "hub_auth", json.dumps({"authenticator": "github", "settings": client}))
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr("sandbox_hub.users.sign_in.configure", lambda c, provider, settings: seen.append(settings))

    of_this_hub(request, monkeypatch, HUB)

    assert seen == [{**client, "oauth_callback_url": f"{HUB}/hub/oauth_callback"}]
