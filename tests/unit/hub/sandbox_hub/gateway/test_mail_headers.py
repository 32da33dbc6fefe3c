"""What a browser is headers of the parts of a mail."""

from __future__ import annotations

import pytest
from sandbox_hub.gateway.mail_headers import mail_headers

MAIL = "/services/ui/mail/api/email/9sK2"


@pytest.mark.parametrize(
    "part", ["", "/html", "/source", "/download", "/attachment/a.svg", "/relay", "/of-a-later-version"]
)
def test_every_part_is_in_a_sandbox_that_runs_no_script(part: str) -> None:
    headers = mail_headers(MAIL + part)

    words = [word.strip() for word in headers["Content-Security-Policy"].split(";")]
    assert words[:2] == ["sandbox", "default-src 'none'"]
    assert not [word for word in words if word.startswith(("script-src", "sandbox allow"))]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("attachment/0cc175b9.html", "0cc175b9.html"),
        ("attachment/a/b.html", "a_b.html"),
        ("attachment/../../.bashrc", "_.._.bashrc"),
        ("attachment/.html", "html"),
        ('attachment/a.html"; filename=b.exe', "a.html_ filename_b.exe"),
        ("attachment/a.txt\r\nSet-Cookie: a=b", "a.txt_Set-Cookie_ a_b"),
        ("attachment/\u202egnp.exe", "_gnp.exe"),
        ("attachment/" + "a" * 300 + ".pdf", "a" * 96 + ".pdf"),
        ("attachment/", "attachment"),
        ("attachment", "attachment"),
        ("download", "9sK2.eml"),
        ("source", "9sK2.eml"),
    ],
)
def test_a_file_is_saved_by_a_safe_name(part: str, name: str) -> None:
    assert mail_headers(f"{MAIL}/{part}")["Content-Disposition"] == f'attachment; filename="{name}"'


@pytest.mark.parametrize("part", ["", "/html"])
def test_what_is_read_is_not_saved(part: str) -> None:
    assert "Content-Disposition" not in mail_headers(MAIL + part)


@pytest.mark.parametrize("path", ["", "assets/index.js", "socket.io/"])
def test_maildevs_own_pages_are_as_they_were(path: str) -> None:
    assert mail_headers(f"/services/ui/mail/{path}") == {}
