"""`up --subdomains`: the whole way with an address for each user, what pages keep from each other, and the way back.

The tests of this file are for running in their order; the first one is at one address still.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import SPAWN_MS, log_in_as, run_all, wait_for_kernel
from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox

pytestmark = [pytest.mark.disrupts, pytest.mark.timeout(900), pytest.mark.waive("hub away")]

NOTEBOOK = "notebooks/01_first_look_at_a_checkpoint.ipynb"
QUICK = ("--no-sample", "--no-proof", "--json")
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


@pytest.fixture(scope="module")
def report(stack: Sandbox) -> Iterator[dict[str, Any]]:
    """What `up --subdomains` reports; afterwards everything is at one address again."""
    try:
        yield stack("up", "--subdomains", "--no-sample", "--json", timeout=400).json
    finally:
        stack("up", "--no-subdomains", *QUICK, timeout=400)


@pytest.fixture
def engineer(page: Page, stack: Sandbox) -> Page:
    """The engineer's browser, in JupyterLab."""
    log_in_as(page, stack, "engineer", stack.password("engineer"))
    return page


def origin(stack: Sandbox, name: str = "") -> str:
    return f"http://{name}{'.' if name else ''}localhost:{stack.port('hub')}"


def is_at(page: Page, there: str) -> None:
    told = urlsplit(page.url)
    assert f"{told.scheme}://{told.netloc}" == there, page.url


def test_at_one_address_a_page_of_a_server_is_the_user_at_the_hub(engineer: Page, stack: Sandbox) -> None:
    here = f"http://127.0.0.1:{stack.port('hub')}"
    is_at(engineer, here)

    assert engineer.evaluate(WHO_AM_I, here) == "engineer"


def test_the_links_lead_to_the_addresses(report: dict[str, Any], stack: Sandbox) -> None:
    links = report["links"]

    assert report["proof"], "a kernel was reached in a server with an address of its own"
    assert links["hub"] == f"{origin(stack)}/"
    assert links["shelf"] == f"{origin(stack, 'shelf--service')}/services/shelf/"
    assert stack("status", "--json").json["links"] == links
    assert stack("open", "spark").out.strip() == f"{origin(stack, 'ui--service')}/services/ui/spark/"


def test_the_servers_of_before_have_ended(report: dict[str, Any], stack: Sandbox) -> None:
    servers = {account["name"]: account["server"] for account in stack("users", "list", "--json").json}
    assert servers["engineer"] == ""


def test_a_user_runs_a_notebook(report: dict[str, Any], engineer: Page, stack: Sandbox) -> None:
    is_at(engineer, origin(stack, "engineer"))

    engineer.goto(f"{origin(stack, 'engineer')}/user/engineer/lab/tree/{NOTEBOOK}?reset")
    expect(engineer.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible()
    wait_for_kernel(engineer)
    run_all(engineer)

    expect(engineer.locator(".jp-OutputArea-output table.dataframe").first).to_be_visible()


def test_the_links_on_the_pages_lead_there_and_back(report: dict[str, Any], engineer: Page, stack: Sandbox) -> None:
    engineer.goto(f"{origin(stack)}/hub/home")
    engineer.get_by_role("link", name="The team's shelf").click()
    expect(engineer.get_by_role("heading", name="The team's shelf")).to_be_visible()
    is_at(engineer, origin(stack, "shelf--service"))

    engineer.get_by_role("link", name="Back to the hub").click()
    expect(engineer.get_by_text("This stack's pages")).to_be_visible()
    assert engineer.url == f"{origin(stack)}/hub/home"

    engineer.get_by_role("link", name="Workers, cores").click()
    expect(engineer.locator("body")).to_contain_text("Alive")
    is_at(engineer, origin(stack, "ui--service"))

    engineer.goto(f"{origin(stack, 'ui--service')}/services/ui/")
    engineer.get_by_role("link", name="Back to the hub").click()
    expect(engineer.get_by_text("This stack's pages")).to_be_visible()


def test_the_s3_console_still_signs_the_user_in(report: dict[str, Any], engineer: Page, stack: Sandbox) -> None:
    engineer.goto(f"{origin(stack, 'ui--service')}/services/ui/s3/browser/scratch")
    engineer.get_by_role("button", name="Acknowledge").click()

    expect(engineer.get_by_text("sandbox", exact=True)).to_be_visible()


def test_a_page_elsewhere_reads_nothing(report: dict[str, Any], engineer: Page, stack: Sandbox) -> None:
    """In the browser of the engineer, who is logged in: a script in their own server, and one at bob's address."""
    hub, server = origin(stack), f"{origin(stack, 'engineer')}/user/engineer/api/contents"
    account, shelf = f"{hub}/hub/api/users/engineer", f"{origin(stack, 'shelf--service')}/services/shelf/api/notebooks"

    assert engineer.evaluate(READ, server) == 200, "their own server lets it in"
    for foreign in (account, shelf):
        assert engineer.evaluate(READ, foreign) == "TypeError", foreign
    assert engineer.evaluate(WHO_AM_I, hub) == "TypeError"

    engineer.goto(f"{origin(stack, 'bob')}/hub/login")
    for foreign in (account, shelf, server):
        assert engineer.evaluate(READ, foreign) == "TypeError", foreign
    assert engineer.evaluate(WHO_AM_I, hub) == "TypeError"


def test_a_notebook_is_published_and_opened(
    report: dict[str, Any], engineer: Page, stack: Sandbox, tmp_path: Path
) -> None:
    name = f"look-{uuid.uuid4().hex[:8]}"
    cells = [nbformat.v4.new_markdown_cell(f"# {name}"), nbformat.v4.new_code_cell("print('seen')")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / f"{name}.ipynb")

    outcome = stack("publish", str(tmp_path / f"{name}.ipynb"), "--json", timeout=300).json

    assert outcome["verdict"] == "runs"
    assert outcome["link"] == f"{origin(stack, 'shelf--service')}/services/shelf/engineer/{name}"
    engineer.goto(f"http://127.0.0.1:{stack.port('hub')}/services/shelf/engineer/{name}")
    assert engineer.url == outcome["link"], "a link of before still leads there"
    engineer.get_by_role("link", name="Open in my server").click()
    engineer.wait_for_url("**/user/engineer/lab/tree/team/published/**", timeout=SPAWN_MS)
    is_at(engineer, origin(stack, "engineer"))


def test_doctor_walks_the_whole_way(report: dict[str, Any], stack: Sandbox) -> None:
    hops = stack("doctor", "--json", timeout=240).json["hops"]

    assert all(hop["ok"] for hop in hops), hops


def test_taken_back_everything_is_at_one_address(report: dict[str, Any], stack: Sandbox, hub_client: HubClient) -> None:
    back = stack("up", "--no-subdomains", *QUICK, timeout=400).json

    assert back["links"]["hub"] == f"http://127.0.0.1:{stack.port('hub')}/"
    hub_client.login("engineer", stack.password("engineer"))
    assert hub_client.server() is None, "the one with an address of its own has ended"
    hub_client.start_server()
    assert hub_client.lab("GET", "/contents").status_code == 200
