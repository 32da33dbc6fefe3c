"""`up --subdomains`: the whole way with an address for each user, what pages keep from each other, and the way back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.conftest import CONTEXT_OPTIONS, new_page
from tests.browser.lab import SPAWN_MS, log_in_as, run_all, wait_for_kernel
from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox

pytestmark = [pytest.mark.disrupts, pytest.mark.timeout(900), pytest.mark.waive("hub away")]

NOTEBOOK = "notebooks/02_reading_a_checkpoint.ipynb"
QUICK = ("--no-sample", "--no-smoke-test", "--json")
# What a script on some page gets to know of whoever looks at it, with the rights of their browser.
WHO_AM_I = """async hub => {
    try {
        const page = await (await fetch(hub + '/hub/home', {credentials: 'include'})).text();
        const headers = {'X-XSRFToken': page.match(/xsrf_token: "([^"]+)"/)?.[1] ?? ''};
        const answer = await fetch(hub + '/hub/api/user', {credentials: 'include', headers});
        return (await answer.json()).name ?? answer.status;
    } catch (error) { return error.name; }
}"""
READ = """async url => {
    try {
        const headers = {'X-XSRFToken': document.cookie.match(/_xsrf=([^;]*)/)?.[1] ?? ''};
        const answer = await fetch(url, {credentials: 'include', headers: headers['X-XSRFToken'] ? headers : {}});
        await answer.text();
        return answer.status;
    } catch (error) { return error.name; }
}"""


@dataclass(frozen=True)
class Subdomains:
    """What was seen on the way to the addresses.

    Attributes:
        name: Who a script on a page of the engineer's server was at the hub, when everything was at one address.
        report: What `up --subdomains` reported.
        servers: User → state of their server after it.
    """

    name: str
    report: dict[str, Any]
    servers: dict[str, str]


@pytest.fixture(scope="module")
def subdomains(stack: Sandbox, browser: Browser) -> Iterator[Subdomains]:
    """The stack with an address for each user; afterwards everything is at one address again."""
    here = f"http://127.0.0.1:{stack.port('hub')}"
    with browser.new_context(**CONTEXT_OPTIONS) as context:  # type: ignore[arg-type]
        page = new_page(context)
        log_in_as(page, stack, "engineer", stack.password("engineer"))
        is_at(page, here)
        name = page.evaluate(WHO_AM_I, here)
    try:
        report = stack("up", "--subdomains", *QUICK, timeout=400).json
        accounts = stack("users", "list", "--json").json
        yield Subdomains(name, report, {account["name"]: account["server"] for account in accounts})
    finally:
        back = stack("up", "--no-subdomains", *QUICK, timeout=400).json
    assert back["links"]["hub"] == f"{here}/"
    with HubClient(stack.port("hub")).login("engineer", stack.password("engineer")) as client:
        assert client.server() is None, "the one with an address of its own has ended"
        client.start_server()
        assert client.lab("GET", "/contents").status_code == 200


@pytest.fixture(scope="module")
def login(subdomains: Subdomains, browser: Browser, stack: Sandbox) -> StorageState:
    """What a browser has kept of the engineer's login, which ends in JupyterLab at the engineer's address."""
    with browser.new_context(**CONTEXT_OPTIONS) as context:  # type: ignore[arg-type]
        page = new_page(context)
        log_in_as(page, stack, "engineer", stack.password("engineer"))
        is_at(page, origin(stack, "engineer"))
        return context.storage_state()


def origin(stack: Sandbox, name: str = "") -> str:
    return f"http://{name}{'.' if name else ''}localhost:{stack.port('hub')}"


def is_at(page: Page, there: str) -> None:
    parts = urlsplit(page.url)
    assert f"{parts.scheme}://{parts.netloc}" == there, page.url


def test_at_one_address_a_page_of_a_server_is_the_user_at_the_hub(subdomains: Subdomains) -> None:
    assert subdomains.name == "engineer"


def test_the_links_lead_to_the_addresses(subdomains: Subdomains, stack: Sandbox) -> None:
    links = subdomains.report["links"]

    assert links["hub"] == f"{origin(stack)}/"
    assert links["shelf"] == f"{origin(stack, 'shelf--service')}/services/shelf/"
    assert stack("status", "--json").json["links"] == links
    assert stack("open", "spark").out.strip() == f"{origin(stack, 'ui--service')}/services/ui/spark/"


def test_the_servers_of_before_have_ended(subdomains: Subdomains) -> None:
    assert subdomains.servers["engineer"] == ""


def test_a_user_runs_a_notebook(engineers: Page, stack: Sandbox) -> None:
    engineers.goto(f"{origin(stack, 'engineer')}/user/engineer/lab/tree/{NOTEBOOK}?reset")
    is_at(engineers, origin(stack, "engineer"))
    expect(engineers.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible()
    wait_for_kernel(engineers)
    run_all(engineers)

    expect(engineers.locator(".jp-OutputArea-output table.dataframe").first).to_be_visible()


def test_the_links_on_the_pages_lead_there_and_back(engineers: Page, stack: Sandbox) -> None:
    engineers.goto(f"{origin(stack)}/hub/home")
    engineers.get_by_role("link", name="The team's shelf").click()
    expect(engineers.get_by_role("heading", name="The team's shelf")).to_be_visible()
    is_at(engineers, origin(stack, "shelf--service"))

    engineers.get_by_role("link", name="Home", exact=True).click()
    expect(engineers.get_by_text("This stack's pages")).to_be_visible()
    assert engineers.url == f"{origin(stack)}/hub/home"

    engineers.get_by_role("link", name="Workers, cores").click()
    expect(engineers.locator("body")).to_contain_text("Alive")
    is_at(engineers, origin(stack, "ui--service"))

    engineers.goto(f"{origin(stack, 'ui--service')}/services/ui/")
    engineers.get_by_role("link", name="Home", exact=True).click()
    expect(engineers.get_by_text("This stack's pages")).to_be_visible()


def test_the_s3_console_still_signs_the_user_in(engineers: Page, stack: Sandbox) -> None:
    engineers.goto(f"{origin(stack, 'ui--service')}/services/ui/s3/browser/scratch")
    engineers.get_by_role("button", name="Acknowledge").click()

    expect(engineers.get_by_text("sandbox", exact=True)).to_be_visible()


def test_a_page_elsewhere_reads_nothing(engineers: Page, stack: Sandbox) -> None:
    """In the browser of the engineer, who is logged in: a script in their own server, and one at bob's address."""
    hub, server = origin(stack), f"{origin(stack, 'engineer')}/user/engineer/api/contents"
    account, shelf = f"{hub}/hub/api/users/engineer", f"{origin(stack, 'shelf--service')}/services/shelf/api/notebooks"

    engineers.goto(f"{origin(stack, 'engineer')}/user/engineer/lab")
    assert engineers.evaluate(READ, server) == 200, "their own server lets it in"
    for foreign in (account, shelf):
        assert engineers.evaluate(READ, foreign) == "TypeError", foreign
    assert engineers.evaluate(WHO_AM_I, hub) == "TypeError"

    engineers.goto(f"{origin(stack, 'bob')}/hub/login")
    for foreign in (account, shelf, server):
        assert engineers.evaluate(READ, foreign) == "TypeError", foreign
    assert engineers.evaluate(WHO_AM_I, hub) == "TypeError"


def test_a_notebook_is_shared_and_opened(engineers: Page, stack: Sandbox, tmp_path: Path) -> None:
    name = f"look-{uuid.uuid4().hex[:8]}"
    cells = [nbformat.v4.new_markdown_cell(f"# {name}"), nbformat.v4.new_code_cell("print('seen')")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / f"{name}.ipynb")

    outcome = stack("share", str(tmp_path / f"{name}.ipynb"), "--json", timeout=300).json

    assert outcome["verdict"] == "runs, not pinned"
    assert outcome["link"] == f"{origin(stack, 'shelf--service')}/services/shelf/engineer/{name}"
    engineers.goto(f"http://127.0.0.1:{stack.port('hub')}/services/shelf/engineer/{name}")
    assert engineers.url == outcome["link"], "a link of before still leads there"
    engineers.get_by_role("link", name="Open in my server").click()
    engineers.wait_for_url(
        f"**/user/engineer/lab/tree/notebooks/shared/{name}_from_engineer_v1.ipynb*", timeout=SPAWN_MS
    )
    is_at(engineers, origin(stack, "engineer"))


def test_doctor_reaches_a_kernel_at_an_address_of_its_own(subdomains: Subdomains, stack: Sandbox) -> None:
    stack("doctor", timeout=240)  # ends with 0 if each check is ok
