"""Which pages there are, and what their addresses are to a browser."""

from __future__ import annotations

from types import ModuleType

import pytest
from sandbox_hub.gateway import upstreams


@pytest.mark.parametrize(
    ("name", "path", "query", "url"),
    [
        ("spark", "/", "", "http://spark-master:8080/"),
        ("spark", "", "", "http://spark-master:8080/"),
        ("spark", "/proxy/app-1/jobs/", "id=1&x=%2F", "http://spark-master:8080/proxy/app-1/jobs/?id=1&x=%2F"),
        ("spark", "//evil.example/", "", "http://spark-master:8080//evil.example/"),
        ("spark", "/@evil.example", "", "http://spark-master:8080/@evil.example"),
        ("s3", "/api/v1/login", "", "http://minio:9001/api/v1/login"),
        ("mail", "/", "", "http://mail:1080/services/ui/mail/"),
        ("mail", "/email", "a=b", "http://mail:1080/services/ui/mail/email?a=b"),
    ],
)
def test_a_path_stays_with_its_upstream(gateway: ModuleType, name: str, path: str, query: str, url: str) -> None:
    assert upstreams.upstream_url(upstreams.UPSTREAMS[name], name, path, query) == url


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("/jobs/", "/services/ui/spark/jobs/"),
        ("http://spark-master:8080/jobs/?a=b#c", "/services/ui/spark/jobs/?a=b#c"),
        ("/services/ui/spark/jobs/", "/services/ui/spark/jobs/"),
        ("jobs/", "jobs/"),
        ("http://elsewhere.example/jobs/", "http://elsewhere.example/jobs/"),
        ("//elsewhere.example/jobs/", "//elsewhere.example/jobs/"),
        ("https://spark-master:8080/jobs/", "https://spark-master:8080/jobs/"),
    ],
)
def test_a_redirect_is_passed_on_as_the_browser_must_see_it(gateway: ModuleType, value: str, seen: str) -> None:
    assert upstreams.rewrite_location(value, upstreams.UPSTREAMS["spark"], "spark") == seen


@pytest.mark.parametrize(
    ("links", "names"),
    [(None, ["spark", "history", "s3", "mail"]), ("spark,s3", ["spark", "s3"]), ("mail,nosuch", ["mail"]), ("", [])],
)
def test_only_the_pages_of_this_stack_are_shown(
    gateway: ModuleType, monkeypatch: pytest.MonkeyPatch, links: str | None, names: list[str]
) -> None:
    monkeypatch.delenv("SANDBOX_UI_LINKS", raising=False)
    if links is not None:
        monkeypatch.setenv("SANDBOX_UI_LINKS", links)
    assert list(upstreams.enabled_upstreams()) == names
