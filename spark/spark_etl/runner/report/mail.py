"""The mails of a run. An SMTP server that is down never fails a run, nor delays it for long."""

from __future__ import annotations

import os
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from pathlib import Path

from spark_etl.error_text import error_line, error_text
from spark_etl.errors import ArgumentError
from spark_etl.printable import printable
from spark_etl.reading.commands import hub_address, run_page
from spark_etl.runner.launcher import as_typed, program
from spark_etl.runner.report.progress import Progress
from spark_etl.store import run_name

SMTP_SECONDS = 10
TOTAL_SECONDS = 30.0
LONGEST_TEXT = 100_000
BREAKS = re.compile("[\x00-\x20\x7f]+")  # a header is one line
SECURITIES = ("none", "starttls", "tls")
ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)


@dataclass(frozen=True)
class MailServer:
    """How mail leaves this machine.

    Attributes:
        security: `tls` from the first byte, `starttls` before anything else is sent, or `none`.
        user: Who logs in; None without a login.
        sender: What `From:` says.
    """

    host: str
    port: int
    security: str
    sender: str
    user: str | None = None
    password: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls) -> MailServer | None:
        """Returns the server that SMTP_HOST names; None if it names none.

        `SMTP_SECURITY` is, if not set, tls on port 465, starttls on port 587 and wherever SMTP_USER logs in.

        Raises:
            ValueError: The settings contradict each other; a password would go over the wire in clear.
        """
        host, user = os.environ.get("SMTP_HOST"), os.environ.get("SMTP_USER") or None
        if not host:
            return None
        port = _port(os.environ.get("SMTP_PORT") or "25")
        usual = "tls" if port == 465 else "starttls" if port == 587 or user else "none"
        security = (os.environ.get("SMTP_SECURITY") or usual).lower()
        if security not in SECURITIES:
            raise ValueError(f"SMTP_SECURITY is {security!r}, not one of {', '.join(SECURITIES)}")
        if user and security == "none":
            raise ValueError("SMTP_USER with SMTP_SECURITY=none would send the password in clear")
        sender = os.environ.get("SMTP_FROM") or f"spark-etl@{socket.gethostname()}"
        return cls(host, port, security, sender, user, _password() if user else "")

    def deliver(self, message: EmailMessage, to: Sequence[str]) -> dict[str, tuple[int, bytes]]:
        """Hands a message over, and returns the recipients that were refused while others were taken.

        Raises:
            OSError: The server does not answer, or its certificate is not trusted.
            smtplib.SMTPException: It refuses.
        """
        with self._connect() as server:
            if self.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if self.user:
                server.login(self.user, self.password)
            return server.send_message(message, to_addrs=list(to))

    def _connect(self) -> smtplib.SMTP:
        name = socket.gethostname()  # smtplib would look it up, which takes long where no name server answers
        if self.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, name, timeout=SMTP_SECONDS, context=context)
        return smtplib.SMTP(self.host, self.port, name, timeout=SMTP_SECONDS)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ValueError(f"SMTP_PORT {text!r} is no port")
    return int(text)


def _password() -> str:
    file = os.environ.get("SMTP_PASSWORD_FILE")
    return Path(file).read_text().rstrip("\r\n") if file else os.environ.get("SMTP_PASSWORD", "")


def parse_addresses(given: str | Sequence[str]) -> tuple[str, ...]:
    """Returns the addresses of `a@x, b@y`, however the shell has split them, each once.

    Raises:
        ArgumentError: One is no address, or there is none.
    """
    values = [given] if isinstance(given, str) else given
    parts = (part.strip() for value in values for part in re.split(r"[,; ]", value))
    addresses = tuple(dict.fromkeys(part for part in parts if part))
    for address in addresses:
        if not ADDRESS.fullmatch(address) or ".." in address:
            raise ArgumentError(
                f"--notify-email {address!r} is no mail address", hint="write it as `--notify-email ada@example.com`"
            )
    if not addresses:
        raise ArgumentError("--notify-email names no address", hint="write it as `--notify-email ada@example.com`")
    return addresses


def send(to: str | Sequence[str], subject: str, text: str, progress: Progress) -> bool:
    """Sends one mail to all; returns whether it went out, and warns if not."""
    names = to if isinstance(to, str) else ", ".join(to)
    try:
        addresses = parse_addresses(to)
        server = MailServer.from_environment()
        if server is None:
            raise ValueError("SMTP_HOST is not set")  # noqa: TRY301 - warned of like the others
        message = _message(server.sender, addresses, subject, text)
    except (ArgumentError, ValueError, OSError) as error:
        progress.warn(f"no mail to {names}: {error_text(error)}")
        return False
    reason = _deliver(server, message, addresses, progress)
    if reason:
        progress.warn(f"no mail to {names}: the mail server {server.host}:{server.port} says {reason}")
    return not reason


def _deliver(server: MailServer, message: EmailMessage, to: Sequence[str], progress: Progress) -> str | None:
    """Hands a mail over; returns why that failed. A server that answers slowly does not delay the run for long."""
    reasons: list[str] = [f"nothing final within {TOTAL_SECONDS:.0f}s"]

    def deliver() -> None:
        try:
            for address, (code, _) in server.deliver(message, to).items():
                progress.warn(f"no mail to {address}: the mail server refuses this recipient ({code})")
            reasons.clear()
        except Exception as error:  # noqa: BLE001 - whatever a mail server does, the run goes on
            reasons[:] = [error_line(error)]

    thread = threading.Thread(target=deliver, name="mail", daemon=True)
    thread.start()
    thread.join(TOTAL_SECONDS)
    return reasons[0] if reasons else None


def _message(sender: str, to: Sequence[str], subject: str, text: str) -> EmailMessage:
    """Returns the mail; a header is one line whatever is in it, or `email` raises."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Subject"] = printable(" ".join(BREAKS.split(subject)).strip(), one_line=True)
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid("spark-etl", socket.gethostname())
    message["Auto-Submitted"] = "auto-generated"
    shown = printable(text)
    message.set_content(shown if len(shown) <= LONGEST_TEXT else f"{shown[:LONGEST_TEXT]}\n…\n")
    return message


def failure_text(
    *,
    pipeline: str,
    dates: str,
    run: str | None,
    reason: str,
    frames: str = "",
    hint: str | None = None,
    debug: Sequence[str] = (),
    replay: str = "",
) -> str:
    """Returns the mail of a failure: what failed, why, where in the project, and the commands that open it.

    Args:
        pipeline: What failed.
        dates: For which days.
        run: Its folder; None where it was refused.
        reason: Why.
        frames: The project's own.
        hint: What to do next.
        debug: The page and the command that open the feature in a notebook; empty ones are left out.
        replay: The command that computes the feature again; empty where none failed.
    """
    lines = [f"{pipeline} failed for {dates}.", "", reason]
    if frames:
        lines += ["", "Where, in the project:", "", frames.rstrip()]
    if hint:
        lines += ["", f"Next: {as_typed(hint)}"]
    return "\n".join([*lines, *(_ways_in(run, debug, replay) if run else [])]) + "\n"


def _ways_in(run: str, debug: Sequence[str], replay: str) -> Iterator[str]:
    """Yields the lines that say how to look at a run."""
    name, command = run_name(run), program() or "./sandbox"
    yield from ("", f"Run: {run}", *([f"      {page}"] if (page := run_page(run)) else []))
    if opening := [f"    {each}" for each in debug if each]:
        yield from ("", "Open the feature that failed in a notebook, with what it had read:", "", *opening)
    yield from ("", "Look at it in a terminal:", "", f"    {command} runs show {name}")
    if hub := hub_address():
        yield from ("", "In your own server on the hub:", "", f"    {hub}/hub/user-redirect/lab/tree/notebooks")
    yield from ("", "In a notebook there, with what it computed until then:", "")
    yield from ("    from spark_etl import runs", f'    run = runs["{name}"]', "    run.failure")
    if replay:
        yield from ("", "To see whether a fix holds, on the rows that it failed on:", "", f"    {replay}")


def recovery_text(*, pipeline: str, dates: str, run: str, failed_run: str) -> str:
    """Returns the mail of the first success after a failure."""
    lines = [f"{pipeline} succeeded for {dates}, after {failed_run} had failed.", "", f"Run: {run}"]
    return "\n".join([*lines, *([f"      {page}"] if (page := run_page(run)) else [])]) + "\n"
