from __future__ import annotations

import pytest
from spark_etl.sessions.lost import explain_lost, explain_store_gone
from spark_etl.storage.s3 import S3Storage


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[RESPONSE_ALREADY_RECEIVED] … INVALID_HANDLE.SESSION_NOT_FOUND", "was restarted"),
        ("[INVALID_HANDLE.SESSION_CHANGED] The handle 1f is invalid. SQLSTATE: HY000", "was restarted"),
        ("status = StatusCode.UNAVAILABLE details = failed to connect to all addresses", "does not answer any more"),
    ],
)
def test_a_lost_session_is_a_sentence_with_the_next_step(text: str, expected: str) -> None:
    lost = explain_lost(RuntimeError(text), "spark-connect:15002")
    assert lost is not None
    assert lost.message.startswith("the Spark Connect server at spark-connect:15002 ")
    assert expected in lost.message
    assert lost._render_traceback_() == [f"SessionLostError: {lost.message}", f"next: {lost.hint}"], "all a cell shows"
    assert "spark()" in str(lost.hint)


@pytest.mark.parametrize(("answers", "gone"), [(False, True), (True, False)])
def test_a_store_that_is_gone_is_a_sentence_too(monkeypatch: pytest.MonkeyPatch, answers: bool, gone: bool) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://minio:9000")
    monkeypatch.setattr(S3Storage, "answers", lambda _store: answers)
    aborted = RuntimeError("Job aborted: … java.net.UnknownHostException: getFileStatus on s3a://scratch/x: …")
    error = explain_store_gone(aborted)
    assert (error is not None) is gone
    assert error is None or error.message == "the S3 store at http://minio:9000 does not answer any more"
    assert explain_store_gone(ValueError("[UNRESOLVED_COLUMN]")) is None


def test_any_other_error_stays_what_it_is() -> None:
    assert explain_lost(ValueError("[UNRESOLVED_COLUMN.WITH_SUGGESTION] `amout`"), "spark-connect:15002") is None
