"""Our own pages by axe, by day and by night: whoever can't see them, or has no mouse, gets what everybody gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from tornado.template import Loader

from tests.browser.axe import violations
from tests.browser.conftest import CONTEXT_OPTIONS
from tests.browser.lab import fill_in_login
from tests.support.engine import Containers
from tests.support.sandbox import ROOT, Sandbox, until

PAGES = {
    "home": "/hub/home",
    "ui": "/services/ui/",
    "ui-unknown": "/services/ui/nothing/",
    "runs": "/services/runs/",
    "runs-no-hits": "/services/runs/?q=nothing-has-this-name",
    "runs-unknown": "/services/runs/nothing",
    "shelf": "/services/shelf/",
    "shelf-no-hits": "/services/shelf/?q=nothing-has-this-name",
    "shelf-unknown": "/services/shelf/nobody/nothing",
    "nowhere": "/hub/nothing-is-here",
}
SHELF_PAGES = ROOT / "hub" / "sandbox_hub" / "shelf" / "pages"
READ = {"feature": "orders_clean", "run": "20240229T101112Z-7f3a2c", "rows": 1000}


@pytest.fixture(scope="module", params=["light", "dark"])
def stranger(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page of a browser that nobody has logged in with, and that wants light or dark pages."""
    # The shelf allows no script on its pages; axe is one.
    context = browser.new_context(**CONTEXT_OPTIONS, bypass_csp=True, color_scheme=request.param)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


@pytest.fixture(scope="module")
def visitor(stranger: Page, stack: Sandbox) -> Page:
    """The same, of the engineer; their server is left as it is."""
    stranger.goto(f"{address(stack)}/hub/login?next=/hub/home")
    fill_in_login(stranger, "engineer", stack.password("engineer"))
    stranger.wait_for_url("**/hub/home")
    return stranger


@pytest.fixture(scope="module")
def shared_page(stack: Sandbox) -> str:
    """The address of a notebook's page on the shelf."""
    link: str = stack("share", "notebooks/02_reading_a_checkpoint.ipynb", "--json").json["link"]
    return link


def address(stack: Sandbox) -> str:
    return f"http://127.0.0.1:{stack.port('hub')}"


def check(page: Page, picture: Path) -> None:
    """Fails with what axe finds on the page that is shown."""
    page.screenshot(path=picture, full_page=True)
    found = violations(page)
    assert not found, f"{page.url}\n" + "\n".join(found)


@pytest.fixture
def picture(request: pytest.FixtureRequest, screenshots: Path) -> Path:
    """Where the page's picture goes."""
    name = request.node.name.removeprefix("test_").replace("[", "-").rstrip("]")
    return screenshots / f"axe-{name}.png"


def test_the_login(stranger: Page, stack: Sandbox, picture: Path) -> None:
    stranger.goto(f"{address(stack)}/hub/login")

    check(stranger, picture)


def test_a_login_that_is_refused(stranger: Page, stack: Sandbox, picture: Path) -> None:
    stranger.goto(f"{address(stack)}/hub/login")
    fill_in_login(stranger, "nobody-here", "not a password")
    stranger.wait_for_load_state()
    assert stranger.locator(".login_error").is_visible()

    check(stranger, picture)


@pytest.mark.parametrize("name", PAGES)
def test_a_page(visitor: Page, stack: Sandbox, picture: Path, name: str) -> None:
    visitor.goto(address(stack) + PAGES[name])

    check(visitor, picture)


def test_a_shared_notebook(visitor: Page, shared_page: str, picture: Path) -> None:
    visitor.goto(shared_page)
    visitor.get_by_text("Python packages").click()
    visitor.locator("iframe").scroll_into_view_if_needed()  # it is loaded then, and checked with the page

    check(visitor, picture)


@pytest.mark.parametrize("name", ["withdraw", "v1/cells"])
def test_a_page_of_a_shared_notebook(visitor: Page, shared_page: str, picture: Path, name: str) -> None:
    visitor.goto(f"{shared_page}/{name}")
    assert visitor.get_by_role("link", name="Home").is_visible()

    check(visitor, picture.with_name(picture.name.replace("/", "-")))


def test_at_480_pixels_the_evidence_is_in_view(visitor: Page, stack: Sandbox, shared_page: str) -> None:
    visitor.set_viewport_size({"width": 480, "height": 800})
    try:
        for path, evidence in ((f"{address(stack)}/services/shelf/", "runs, not pinned"), (shared_page, "unchanged")):
            visitor.goto(path)
            box = visitor.get_by_text(evidence, exact=True).locator("visible=true").last.bounding_box()
            assert box, path
            assert box["x"] >= 0, path
            assert box["x"] + box["width"] <= 480, path
            assert visitor.evaluate("() => document.documentElement.scrollWidth") <= 480, path
    finally:
        visitor.set_viewport_size(CONTEXT_OPTIONS["viewport"])  # type: ignore[arg-type]


def test_a_notebook_that_does_not_reproduce(stranger: Page, picture: Path) -> None:
    stranger.set_content(bad_news())

    check(stranger, picture)


def bad_news() -> str:
    """Returns a notebook's page with everything on it that can be wrong."""
    # Of the hub's own code, like the template.
    from sandbox_hub.header import header  # noqa: PLC0415
    from sandbox_hub.shelf.store import Record  # noqa: PLC0415
    from sandbox_hub.shelf.verdicts import NATURE, VERDICTS, tone  # noqa: PLC0415

    reads = [{**READ, "path": state} for state in ("gone", "changed")]
    record = Record(
        *("ada", "late_orders", 2, "Late orders", "2024-03-01T08:09:10+00:00", "late_orders.ipynb", "0" * 64),
        *("sha256:0123456789abcdef", "does not reproduce", 12.5),
        reads=reads,
        packages={"pandas": "2.3.3"},
        why=["code cell 2 (`orders.head()`) has another output"],
        diff="-  1\n+  2",
    )
    page: bytes = (
        Loader(str(SHELF_PAGES))
        .load("notebook.html")
        .generate(
            record=record,
            versions=[record],
            states={state: state for state in ("gone", "changed")},
            problem="The object store does not answer.",
            is_intact=False,
            page_link=lambda record, version=False: "#",
            open_link=lambda record: "#",
            prefix="#",
            header=header("shelf"),
            tone=tone,
            verdicts=VERDICTS,
            nature=NATURE,
            sandbox="",
            is_author=True,
        )
    )
    return page.decode()


@pytest.fixture(scope="module")
def stopped_mail(stack: Sandbox) -> Iterator[None]:
    """The mailbox is stopped, once for all colours."""
    containers = Containers(stack.stack)
    mail = containers.one("mail")
    mail.stop(timeout=10)
    try:
        yield
    finally:
        mail.start()
    until(lambda: healthy(containers), within=60, what="the mailbox is back")


@pytest.mark.disrupts
@pytest.mark.usefixtures("stopped_mail")
def test_a_page_that_does_not_answer(visitor: Page, stack: Sandbox, picture: Path) -> None:
    visitor.goto(f"{address(stack)}/services/ui/mail/")
    assert "does not answer" in visitor.title()

    check(visitor, picture)


def healthy(containers: Containers) -> bool:
    state = containers.one("mail").attrs["State"]
    return bool(state["Health"]["Status"] == "healthy")
