"""The hub: who gets in, whose server it is, and what hangs behind the login."""

from __future__ import annotations

import html
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.engine import Containers
from tests.support.hub import HubClient, logged_in_again
from tests.support.sandbox import Sandbox

PAGES = {
    "/services/ui/spark/": "Spark Master",
    "/services/ui/history/": "History Server",
    "/services/ui/s3/": "MinIO",
    "/services/ui/mail/": "MailDev",
}
# Fifteen seconds: longer than the hub is away.
AT_WORK = """
import time
beats = 0
while beats < 30:
    time.sleep(0.5)
    beats += 1
"""


@pytest.mark.parametrize("path", ["/hub/home", "/user/engineer/lab", "/hub/admin", *PAGES])
def test_an_anonymous_browser_is_sent_to_the_login(hub_client: HubClient, path: str) -> None:
    page = hub_client.http.get(path)

    assert page.url.path == "/hub/login", page.url


@pytest.mark.parametrize("path", ["/hub/api/users", "/hub/api/accounts", "/user/engineer/api/contents"])
def test_the_api_refuses_without_a_token(hub_client: HubClient, path: str) -> None:
    answer = hub_client.http.get(path, follow_redirects=False)

    assert answer.status_code in {302, 401, 403}, answer.text


def test_a_wrong_password_does_not_let_in(hub_client: HubClient) -> None:
    page = hub_client.try_login("engineer", "not the password")

    assert page.url.path != "/hub/home"
    assert hub_client.http.get("/hub/home").url.path == "/hub/login"


def test_nobody_can_sign_up(hub_client: HubClient) -> None:
    assert hub_client.http.get("/hub/signup").status_code in {403, 404}


@pytest.mark.parametrize(("path", "text"), PAGES.items())
def test_the_pages_behind_the_login_answer(engineer: HubClient, path: str, text: str) -> None:
    page = engineer.http.get(path)

    assert page.status_code == 200, page.text[:1000]
    assert text in page.text, page.text[:2000]


def test_the_hubs_pages_link_to_them(engineer: HubClient) -> None:
    home = engineer.http.get("/hub/home").text

    assert all(path in home for path in PAGES), home[:3000]


@pytest.fixture(scope="module")
def admins_server(stack: Sandbox) -> Iterator[None]:
    """The admin's server runs."""
    with HubClient(stack.port("hub")) as admin:
        admin.login("admin", stack.password("admin")).start_server()
        yield
        admin.stop_server()


@pytest.mark.usefixtures("admins_server")
def test_another_users_server_is_closed(engineer: HubClient) -> None:
    answer = engineer.http.get("/user/admin/api/contents", headers={"Authorization": f"token {engineer.token()}"})

    assert answer.status_code in {403, 404}, answer.text


def test_a_user_keeps_their_files_when_the_server_is_stopped(engineer: HubClient) -> None:
    engineer.start_server()
    model = {"type": "file", "format": "text", "content": "kept"}
    assert engineer.lab("PUT", "/contents/kept.txt", json=model).status_code in {200, 201}

    engineer.stop_server()
    engineer.start_server()

    assert engineer.lab("GET", "/contents/kept.txt").json()["content"] == "kept"


def test_a_new_home_has_the_notebooks(engineer: HubClient) -> None:
    engineer.start_server()

    names = [entry["name"] for entry in engineer.lab("GET", "/contents/notebooks").json()["content"]]

    assert any(name.startswith("01_") and name.endswith(".ipynb") for name in names), names


@pytest.mark.usefixtures("admins_server")
def test_every_user_has_a_uid_of_their_own(engineer: HubClient, containers: Containers) -> None:
    engineer.start_server()
    uids = {name: containers.server(name).exec_run(["id", "-u"]).output.strip() for name in ("engineer", "admin")}

    assert uids["engineer"] != uids["admin"]
    assert all(20000 <= int(uid) < 60000 for uid in uids.values()), uids


@pytest.mark.waive("size refused")
def test_a_size_that_there_is_not_is_refused_with_those_there_are(engineer: HubClient) -> None:
    engineer.stop_server()

    page = engineer.http.get("/hub/spawn", params={"opt-size": "huge"})
    answer = engineer.api("POST", "/users/engineer/server", json={"size": "huge"})

    assert (page.status_code, answer.status_code) == (422, 422), f"{page.text}\n{answer.text}"
    for shown in (html.unescape(page.text), answer.json()["message"]):
        assert "There is no size 'huge'. There are: small, medium, large" in shown
    assert all(f'<option value="{size}"' in page.text for size in ("small", "medium", "large")), page.text
    assert engineer.server() is None
    assert engineer.start_server()["user_options"] != {"size": "huge"}, "a size that was refused is not kept"


@pytest.mark.disrupts
@pytest.mark.waive("hub away")
def test_kernels_of_two_users_work_on_while_the_hub_is_restarted(
    stack: Sandbox, containers: Containers, two_users: dict[str, str]
) -> None:
    with ExitStack() as sessions:
        before = {}
        for name, password in two_users.items():
            client = sessions.enter_context(HubClient(stack.port("hub"))).login(name, password)
            kernel = sessions.enter_context(client.kernel())
            kernel.run(f"whose = '{name}'")
            kernel.start(AT_WORK)
            before[name] = (containers.server(name).id, client.kernels())

        containers.one("hub").restart(timeout=10)

        for name, password in two_users.items():
            again = sessions.enter_context(logged_in_again(stack.port("hub"), name, password))
            assert (containers.server(name).id, again.kernels()) == before[name]
            with again.attach(again.kernels()[0]) as kernel:
                assert kernel.run("print(whose, beats)").text.strip() == f"{name} 30"
                assert kernel.run("beats += 1; print(whose, beats)").text.strip() == f"{name} 31"


@pytest.fixture
def two_users(stack: Sandbox) -> Iterator[dict[str, str]]:
    """Ada and bob, with their passwords."""
    names = ("ada", "bob")
    for name in names:
        stack("users", "add", name, "--generate")
    yield {name: stack("users", "show", name).out.strip() for name in names}
    for name in names:
        stack("users", "remove", name, "--home", "--yes")
