"""One mail when a run fails, and one when the next succeeds again. A mail server that is down never fails a run."""

from __future__ import annotations

import os
import smtplib
import socket
from email.message import EmailMessage

from spark_etl.runner.progress import Progress

SMTP_SECONDS = 10


def send(to: str, subject: str, text: str, progress: Progress) -> bool:
    """Sends a mail through `SMTP_HOST` and `SMTP_PORT`; tells whether it went out, and warns if not."""
    host, port = os.environ.get("SMTP_HOST"), os.environ.get("SMTP_PORT") or "25"
    if not host:
        progress.warn(f"{to} is not told: SMTP_HOST is not set")
        return False
    try:
        with smtplib.SMTP(host, int(port), timeout=SMTP_SECONDS) as server:
            server.send_message(_message(to, subject, text))
    except (OSError, ValueError, smtplib.SMTPException) as error:
        progress.warn(f"{to} is not told: the mail server {host}:{port} says {type(error).__name__}: {error}")
        return False
    return True


def _message(to: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = os.environ.get("SMTP_FROM") or f"spark-etl@{socket.gethostname()}"
    message["To"] = to
    message["Subject"] = " ".join(subject.split())
    message.set_content(text)
    return message


def failure_text(
    *, pipeline: str, dates: str, run: str | None, reason: str, frames: str = "", hint: str | None = None
) -> str:
    """Returns the body: what failed, why, and how to look into it."""
    lines = [f"{pipeline} failed for {dates}.", "", reason]
    if frames:
        lines += ["", frames.rstrip()]
    if hint:
        lines += ["", f"Next: {hint}"]
    if run:
        run_id = run.rsplit("/", 1)[-1]
        lines += ["", f"Run: {run}", "Look at what it computed until then, in a notebook:", "", *opening_lines(run_id)]
    return "\n".join(lines) + "\n"


def recovery_text(*, pipeline: str, dates: str, run: str, failed_run: str) -> str:
    """Returns the body: what works again."""
    return f"{pipeline} succeeded for {dates}, after {failed_run} had failed.\n\nRun: {run}\n"


def opening_lines(run_id: str) -> list[str]:
    """Returns the Python that opens a run."""
    return ["    from spark_etl import runs", f'    run = runs["{run_id}"]']
