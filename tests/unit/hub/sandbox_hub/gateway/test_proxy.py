"""A request through the gateway, and its answer."""

from __future__ import annotations

import asyncio
from types import ModuleType

import aiohttp
import pytest
from sandbox_hub.gateway import mail_headers

from tests.unit.hub.conftest import errors
from tests.unit.hub.sandbox_hub.gateway.upstream import Ask, Endless, Stage, until_left


@pytest.mark.usefixtures("known")
def test_a_page_is_passed_on_without_what_it_allows_to_other_origins(ask: Ask) -> None:
    status, headers, text = ask("page/jobs", Origin="http://evil.example", Cookie="theme=dark; service-ui=secret")

    assert (status, text) == (200, "/jobs theme=dark")
    assert headers["X-Page"] == "kept"
    assert not [name for name in headers if name.lower().startswith("access-control-")]
    assert not {"Service-Worker-Allowed", "Clear-Site-Data"} & set(headers), "the origin is not its own"


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("path", ["", "page/", "mail/", "mail/api/email", "nowhere/"])
def test_no_other_origin_frames_a_page(ask: Ask, path: str) -> None:
    _, headers, _ = ask(path)

    assert headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(("path", "passes"), [("page/", True), ("spark/", False), ("spark/proxy/app-1/jobs/", False)])
def test_no_users_driver_sets_cookies(ask: Ask, path: str, passes: bool) -> None:
    _, headers, _ = ask(path)

    assert headers["X-Page"] == "kept"
    assert ("Set-Cookie" in headers) is passes


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("path", "policy", "disposition"),
    [
        ("", None, None),
        ("assets/index.js", None, None),
        ("api/email", mail_headers.NOTHING_POLICY, None),
        ("api/email/1/html", mail_headers.HTML_POLICY, None),
        ("api/email/1/attachment/a.html", mail_headers.NOTHING_POLICY, 'attachment; filename="a.html"'),
        ("%2561pi/email/1/%2561ttachment/a.html", mail_headers.NOTHING_POLICY, 'attachment; filename="a.html"'),
        (
            "nowhere/%252e%252e/api/email/1/attachment/a.html",
            mail_headers.NOTHING_POLICY,
            'attachment; filename="a.html"',
        ),
    ],
)
def test_nothing_that_was_mailed_runs(ask: Ask, path: str, policy: str | None, disposition: str | None) -> None:
    status, headers, _ = ask(f"mail/{path}")

    assert status == 200
    assert headers.get("Content-Security-Policy") == policy
    assert headers.get("Content-Disposition") == disposition
    assert headers.get("X-Content-Type-Options") == ("nosniff" if policy else None)


@pytest.mark.usefixtures("known")
def test_a_page_leads_back_and_a_mail_does_not(ask: Ask) -> None:
    for path, leads in (("page/", True), ("mail/", True), ("mail/api/email/1/html", False)):
        status, headers, text = ask(f"{path}?html=1")

        assert status == 200
        assert text.endswith("</body>")
        assert ('href="/hub/home"' in text) is leads, path
        assert int(headers.get("Content-Length", len(text))) == len(text)


@pytest.mark.usefixtures("known")
def test_a_redirect_stays_below_the_gateway(ask: Ask) -> None:
    status, headers, _ = ask("page/moved")

    assert (status, headers["Location"]) == (302, "/services/ui/page/elsewhere")


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("path", "status", "message"), [("dead/", 502, "does not answer"), ("nosuch/", 404, "no such page in this stack")]
)
def test_a_page_that_is_not_there_is_reported(ask: Ask, path: str, status: int, message: str) -> None:
    found, _, text = ask(path)

    assert found == status
    assert message in text
    assert "Back to the hub" in text


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 200), ({"Origin": "http://evil.example"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403)],
)
def test_a_change_is_taken_from_our_own_pages_only(ask: Ask, headers: dict[str, str], status: int) -> None:
    assert ask("page/kill", method="POST", **headers)[0] == status


@pytest.mark.parametrize(("method", "status"), [("GET", 302), ("POST", 403)])
def test_nobody_gets_further_than_the_login(
    gateway: ModuleType, ask: Ask, monkeypatch: pytest.MonkeyPatch, method: str, status: int
) -> None:
    monkeypatch.setattr(gateway.GatewayHandler, "get_current_user", lambda self: None)
    monkeypatch.setattr(gateway.GatewayHandler, "get_login_url", lambda self: "/hub/login")

    found, headers, text = ask("page/jobs", method=method)

    assert found == status
    assert "X-Page" not in headers
    assert "/jobs" not in text


@pytest.mark.usefixtures("known")
def test_an_answer_that_broke_off_is_not_taken_for_a_whole_one(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        ask("page/broken")

    assert "Page broke off" in caplog.text
    assert errors(caplog) == []


@pytest.mark.usefixtures("known")
def test_a_browser_that_leaves_ends_the_answer_without_a_word(
    gateway: ModuleType, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Endless, "left", False)

    async def leave() -> None:
        async with Stage(gateway) as stage:
            async with aiohttp.ClientSession() as client:
                answer = await client.get(f"http://127.0.0.1:{stage.port}/services/ui/page/endless")
                await answer.content.readexactly(1_000_000)
            await until_left(Endless)

    asyncio.run(leave())

    assert errors(caplog) == []


@pytest.mark.usefixtures("known")
def test_a_page_that_does_not_run_says_what_to_do(ask: Ask) -> None:
    status, _, text = ask("dead/")

    assert status == 502
    assert "Dead does not answer" in text
    assert "sandbox status" in text
    assert 'href="/services/ui/"' in text
