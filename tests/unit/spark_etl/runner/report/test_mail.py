from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from spark_etl.errors import ArgumentError
from spark_etl.runner.report.mail import MailServer, failure_text, parse_addresses, recovery_text, send
from spark_etl.runner.report.progress import Progress

from tests.support.smtp import MailBox, self_signed, serving

Open = Callable[..., MailBox]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST", "PORT", "USER", "PASSWORD", "PASSWORD_FILE", "SECURITY", "FROM"):
        monkeypatch.delenv(f"SMTP_{name}", raising=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls") / "mail.pem")


@pytest.fixture
def mail_server(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a server and sets where it is; it is trusted unless asked otherwise."""
    with ExitStack() as stack:

        def opened(*, trusted: bool = True, **known: Any) -> MailBox:
            box = stack.enter_context(serving(MailBox(certificate, **known)))
            monkeypatch.setenv("SMTP_HOST", "localhost")
            monkeypatch.setenv("SMTP_PORT", str(box.port))
            if trusted:
                monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            return box

        yield opened


def sent(to: str = "ada@example.com", subject: str = "[team] revenue failed") -> str:
    """Sends a mail and returns the warnings; empty if it went out."""
    stream = io.StringIO()
    went_out = send(to, subject, "why: no rate for CHF → €\n.\n", Progress(stream=stream))
    assert went_out is not ("no mail to " in stream.getvalue() and "recipient" not in stream.getvalue())
    return stream.getvalue()


def test_a_mail_has_one_envelope_for_all_and_says_that_a_machine_wrote_it(mail_server: Open) -> None:
    box = mail_server()
    assert sent("ada@example.com, bob@example.com") == ""
    (mail,) = box.mails
    assert mail.to == ["ada@example.com", "bob@example.com"]
    assert mail.message["To"] == "ada@example.com, bob@example.com"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["Date"]
    assert mail.message["Message-ID"].startswith("<")
    assert "no rate for CHF → €\n.\n" in mail.message.get_content().replace("\r\n", "\n").replace("..", ".")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_login_is_encrypted(mail_server: Open, monkeypatch: pytest.MonkeyPatch, security: str) -> None:
    box = mail_server(security=security, logins={"runner": "s3cret"})
    monkeypatch.setenv("SMTP_SECURITY", security)
    monkeypatch.setenv("SMTP_USER", "runner")
    monkeypatch.setenv("SMTP_PASSWORD", "s3cret")
    monkeypatch.setenv("SMTP_FROM", "Revenue <revenue@example.com>")
    assert sent() == ""
    (mail,) = box.mails
    assert (mail.user, mail.encrypted) == ("runner", True)
    assert mail.message["From"] == "Revenue <revenue@example.com>"


def test_a_password_can_be_in_a_file(mail_server: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    box = mail_server(security="starttls", logins={"runner": "s3cret"})
    (tmp_path / "password").write_text("s3cret\n")
    monkeypatch.setenv("SMTP_USER", "runner")
    monkeypatch.setenv("SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    assert sent() == ""
    assert box.mails[0].user == "runner"


@pytest.mark.parametrize(
    ("server", "settings", "expected"),
    [
        ({"logins": {"runner": "s3cret"}}, {"SMTP_USER": "runner"}, "STARTTLS extension not supported"),
        ({}, {"SMTP_USER": "runner", "SMTP_SECURITY": "none"}, "would send the password in clear"),
        ({"security": "starttls", "trusted": False}, {"SMTP_SECURITY": "starttls"}, "CERTIFICATE_VERIFY_FAILED"),
        ({"security": "tls", "trusted": False}, {"SMTP_SECURITY": "tls"}, "CERTIFICATE_VERIFY_FAILED"),
        ({"security": "starttls", "logins": {"runner": "other"}}, {"SMTP_USER": "runner"}, "535"),
        ({}, {"SMTP_SECURITY": "ssl"}, "SMTP_SECURITY is 'ssl', not one of none, starttls, tls"),
        ({}, {"SMTP_PORT": "smtp"}, "SMTP_PORT 'smtp' is no port"),
        ({}, {"SMTP_PASSWORD_FILE": "/nowhere", "SMTP_USER": "runner"}, "/nowhere"),
        ({}, {"SMTP_FROM": "a@x\nBcc: eve@example.com"}, "no mail to "),
    ],
)
def test_what_is_not_safe_or_wrong_is_not_sent_but_warned_of(
    mail_server: Open, monkeypatch: pytest.MonkeyPatch, server: dict[str, Any], settings: dict[str, str], expected: str
) -> None:
    box = mail_server(**server)
    monkeypatch.setenv("SMTP_PASSWORD", "s3cret")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    warned = sent()
    assert expected in warned
    assert "s3cret" not in warned
    assert box.mails == []
    assert not any(line.startswith("AUTH") for line in box.received) or "535" in expected


def test_the_ports_of_submission_are_encrypted_without_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_HOST", "mail")
    found = {}
    for port in ("25", "465", "587", "1025"):
        monkeypatch.setenv("SMTP_PORT", port)
        server = MailServer.from_environment()
        assert server is not None
        found[port] = server.security
    assert found == {"25": "none", "465": "tls", "587": "starttls", "1025": "none"}


def test_a_password_is_not_in_what_is_printed_of_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "s3cret" not in repr(MailServer("mail", 25, "tls", "a@x", "runner", "s3cret"))


def test_no_header_can_be_put_into_the_subject(mail_server: Open) -> None:
    box = mail_server()
    assert sent(subject="failed\r\nBcc: eve@example.com\x0b\x00") == ""
    assert box.mails[0].message["Bcc"] is None
    assert box.mails[0].message["Subject"] == "failed Bcc: eve@example.com"
    assert box.mails[0].to == ["ada@example.com"]


def test_one_refused_recipient_does_not_keep_the_other_from_its_mail(mail_server: Open) -> None:
    box = mail_server(refuses="gone@example.com")
    assert "no mail to gone@example.com" in sent("ada@example.com, gone@example.com")
    assert box.mails[0].to == ["ada@example.com"]


def test_a_server_that_is_not_there_only_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "SMTP_HOST is not set" in sent()
    monkeypatch.setenv("SMTP_HOST", "localhost")
    monkeypatch.setenv("SMTP_PORT", "1")
    assert "the mail server localhost:1 says ConnectionRefusedError" in sent()


def test_a_server_that_never_ends_is_left(mail_server: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("SMTP_PORT", str(silent.getsockname()[1]))
        monkeypatch.setattr("spark_etl.runner.report.mail.TOTAL_SECONDS", 0.2)
        assert "nothing final within" in sent()


@pytest.mark.parametrize("given", ["a@x.org, b@y", ["a@x.org,", "b@y"], ["a@x.org,b@y", "a@x.org"], "a@x.org;b@y"])
def test_addresses_are_taken_however_the_shell_has_split_them(given: Any) -> None:
    assert parse_addresses(given) == ("a@x.org", "b@y")


@pytest.mark.parametrize("given", ["ada", "ada@", "@x", "a@x\nBcc:b@y", "a@b@c", "Ada <a@x>", "a@x..y", "", ",", "ü@x"])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(ArgumentError, match="--notify-email"):
        parse_addresses(given)


def test_a_mail_links_to_the_hub_and_has_the_command_that_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"pipeline": "revenue", "dates": "2024-02-29", "run": "s3a://scratch/t/revenue/R1"}
    plain = failure_text(**known, reason="it broke")
    assert "    ./sandbox runs show R1\n" in plain
    assert "http" not in plain

    monkeypatch.setenv("SPARK_ETL_HUB", "http://127.0.0.1:8000/")
    monkeypatch.setenv("SPARK_ETL_PROGRAM", "./sandbox --stack demo")
    assert "a fix" not in plain
    hint, replay = "in the sandbox: ./sandbox status", "./sandbox replay R1 --code /shop"
    debug = "http://127.0.0.1:8000/hub/user-redirect/sandbox/debug/open?run=R1", "./sandbox --stack demo debug R1"
    text = failure_text(**known, reason="it broke", hint=hint, debug=debug, replay=replay)
    page = "http://127.0.0.1:8000/services/runs/R1"
    assert (
        f"Run: {known['run']}\n      {page}\n\nOpen the feature that failed in a notebook, with what it had read:\n\n"
        in text
    )
    assert f"\n    {debug[0]}\n    {debug[1]}\n\nLook at it in a terminal:\n" in text
    assert "Open the feature" not in failure_text(**known, reason="it broke", debug=("", ""))
    assert f"whether a fix holds, on the rows that it failed on:\n\n    {replay}\n" in text
    assert "    ./sandbox --stack demo runs show R1\n" in text
    assert "Next: in the sandbox: ./sandbox --stack demo status\n" in text
    assert "    http://127.0.0.1:8000/hub/user-redirect/lab/tree/notebooks\n" in text
    assert f"{page}\n" in recovery_text(**known, failed_run="R0")
