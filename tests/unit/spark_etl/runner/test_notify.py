from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from spark_etl.dates import DateRange
from spark_etl.errors import ConfigError, FeatureError, SparkEtlError
from spark_etl.runner.notify import mail_outcome, mail_refusal
from spark_etl.runner.options import Options
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.run import Outcome
from spark_etl.storage import normalise
from spark_etl.store import CodeRecord, ErrorRecord, Status, StoredRun

from tests.support.runs import run_writer
from tests.support.smtp import MailBox, serving

RUN = "20240229T101112Z-7f3a2c"
DAY = DateRange(date(2024, 2, 29), date(2024, 2, 29))


@pytest.fixture(autouse=True)
def mails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Taken]:
    """What a mail server took."""
    for name in ("USER", "SECURITY", "FROM"):
        monkeypatch.delenv(f"SMTP_{name}", raising=False)
    with serving(MailBox(tmp_path)) as box:
        monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("SMTP_PORT", str(box.port))
        yield Taken(box)


class Taken(Sequence[EmailMessage]):
    """The mails of a box, as they come."""

    def __init__(self, box: MailBox) -> None:
        self._box = box

    def __len__(self) -> int:
        return len(self._box.mails)

    def __getitem__(self, position: Any) -> Any:
        return [mail.message for mail in self._box.mails][position]


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(
        "team", Path("c.yaml"), Path(), None, None, normalise(str(tmp_path)), DAY, (), notify="ada@example.com"
    )


def outcome(options: Options, status: Status, error: SparkEtlError | None = None) -> Outcome:
    run = StoredRun.at(options.scratch, "team", "revenue", RUN)
    return Outcome(run_writer(run), status, 1.0, error)


def earlier(options: Options, run_id: str, status: str, *, kind: str = "run") -> None:
    run = StoredRun.at(options.scratch, "team", "revenue", run_id)
    run.write_document(run.new_document(status=status, kind=kind))


def test_a_failure_is_reported_with_feature_reason_and_how_to_look(
    options: Options, mails: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_SCRATCH", options.scratch)
    error = FeatureError("discounts", "ValueError: no rate for CHF", frames='  File "features/d.py", line 3, in rate\n')
    mail_outcome(options, "revenue", outcome(options, "failed", error), Progress())
    (mail,) = mails
    assert mail["To"] == "ada@example.com"
    assert mail["Subject"] == "[team] revenue failed: discounts (2024-02-29)"
    text = mail.get_content()
    look = (f"sandbox runs show {RUN}", f'run = runs["{RUN}"]', "run.failure")
    for part in ("no rate for CHF", 'File "features/d.py", line 3', *look):
        assert part in text
    assert "debug" not in text, "it has kept no code"


def test_a_failure_has_the_link_that_opens_it(options: Options, mails: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_ETL_HUB", "http://127.0.0.1:8000")
    monkeypatch.setenv("SPARK_ETL_PROGRAM", "./sandbox")
    known = {"code": CodeRecord("ab"), "error": ErrorRecord("x", feature="discounts")}
    record = run_writer(StoredRun.at("s3a://scratch", "team", "revenue", RUN), known)
    mail_outcome(options, "revenue", Outcome(record, "failed", 1.0, FeatureError("discounts", "x")), Progress())
    text = mails[0].get_content().splitlines()
    assert f"    http://127.0.0.1:8000/hub/user-redirect/sandbox/debug/open?run={RUN}" in text
    assert f"    ./sandbox debug {RUN}" in text


@pytest.mark.parametrize(
    ("before", "mailed"),
    [
        ([], False),
        (["failed"], True),
        (["succeeded"], False),
        (["failed", "succeeded"], False),
        (["succeeded", "failed"], True),
        (["failed", "interrupted"], True),
        (["failed", "running"], True),
        (["failed", "succeeded replay"], True),
        (["succeeded", "failed replay"], False),
    ],
)
def test_only_the_first_success_after_a_failure_is_mailed(
    options: Options, mails: Taken, before: list[str], mailed: bool
) -> None:
    for number, status in enumerate(before):
        state, _, kind = status.partition(" ")
        earlier(options, f"20240228T00000{number}Z-000000", state, kind=kind or "run")
    earlier(options, "20240301T000000Z-000000", "failed")
    mail_outcome(options, "revenue", outcome(options, "succeeded"), Progress())
    assert [mail["Subject"] for mail in mails] == (["[team] revenue works again (2024-02-29)"] if mailed else [])


def test_a_refused_config_is_reported_too(options: Options, mails: Taken) -> None:
    mail_refusal(options, ConfigError("unknown key `clas`\nin x"), Progress())
    assert "unknown key `clas`" in mails[0].get_content()


def test_an_interruption_is_nobodys_news(options: Options, mails: Taken) -> None:
    mail_outcome(options, "revenue", outcome(options, "interrupted"), Progress())
    assert not mails


def test_without_an_address_no_mail_is_sent(options: Options, mails: Taken) -> None:
    nobody = Options("team", Path("c.yaml"), Path(), None, None, options.scratch, DAY, ())
    mail_outcome(nobody, "revenue", outcome(nobody, "failed", ConfigError("x")), Progress())
    assert not mails


def test_a_mail_server_that_is_down_only_warns(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PORT", "1")
    stream = io.StringIO()
    mail_outcome(options, "revenue", outcome(options, "failed", ConfigError("x")), Progress(stream=stream))
    assert stream.getvalue().startswith("warning: no mail to ada@example.com: ")
