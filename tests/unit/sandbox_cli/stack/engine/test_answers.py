"""Containers that end while the engine is asked about them are no error, whatever the engine says of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import requests
from docker.errors import APIError, NotFound
from minio.error import MinioAdminException
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError

from sandbox_cli.app import run_command
from sandbox_cli.commands import status as command
from sandbox_cli.errors import EngineError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import services, status
from sandbox_cli.stack.engine import answers


def refusal(code: int) -> APIError:
    response = requests.Response()
    response.status_code = code
    return APIError("no", response=response, explanation="no")


EMPTY = requests.exceptions.JSONDecodeError("Expecting value", "", 0)
VANISHED = [NotFound("no", response=refusal(404).response), refusal(404), refusal(409), EMPTY]


class Engine:
    """An engine that lists two containers, one of which has ended by the time that more is asked."""

    def __init__(self, error: Exception, *, failures: int = 0) -> None:
        self.error, self.failures = error, failures
        self.client: Any = SimpleNamespace(api=self, containers=self)

    def containers(self, **_: Any) -> list[dict[str, Any]]:
        if self.failures:
            self.failures -= 1
            raise self.error
        labels = {services.SERVICE: "hub", services.PROJECT: "demo"}
        gone = {"Id": "gone", "Names": ["/demo-user-ada"], "State": "running", "Status": "Up", "Labels": labels}
        return [{**gone, "Id": "here", "Names": ["/demo-hub-1"]}, gone, {"Names": ["/x"]}]

    def stats(self, name: str, **_: Any) -> dict[str, Any]:
        return self._of(name, {"memory_stats": {"usage": 5_000_000}})

    def get(self, name: str) -> Any:
        return self._of(name, SimpleNamespace(attrs={"State": {"StartedAt": "2024-02-29T10:11:12.5Z"}}))

    def _of(self, name: str, found: Any) -> Any:
        if name == "gone":
            raise self.error
        return found


def an_engine(error: Exception, *, failures: int = 0) -> Any:
    return Engine(error, failures=failures)


@pytest.mark.parametrize("error", VANISHED)
def test_status_goes_on_beside_a_container_that_ends(error: Exception) -> None:
    session: Any = SimpleNamespace(
        engine=an_engine(error), settings=Settings(stack="demo"), ports={}, links=dict, runs=None
    )
    found = status.report(session)
    rows = {row["name"]: (row["memory_bytes"], row["started"]) for row in [*found["services"], *found["servers"]]}
    assert rows["hub"] == (5_000_000, "2024-02-29T10:11:12Z")
    assert rows["user:ada"] == (0, None)
    assert rows["minio"] == (None, None)
    assert found["memory_bytes"] == 5_000_000


@pytest.mark.parametrize("error", VANISHED)
def test_a_list_that_was_disturbed_is_asked_for_again(error: Exception) -> None:
    engine = an_engine(error, failures=2)
    assert [raw["Id"] for raw in answers.listed(engine, "x")] == ["here", "gone"]
    with pytest.raises(EngineError, match="does not list"):
        answers.listed(an_engine(error, failures=9), "x")


def test_another_failure_of_the_engine_is_one() -> None:
    with pytest.raises(APIError):
        answers.stats(an_engine(refusal(500)), "gone")


@pytest.mark.parametrize(
    ("error", "who", "code", "hint"),
    [
        (refusal(500), "The Docker engine", 3, "sandbox doctor"),
        (requests.ConnectionError("connection aborted\x1b[2J"), "The Docker engine", 3, "sandbox doctor"),
        (EMPTY, "The Docker engine", 3, "sandbox doctor"),
        (MaxRetryError(HTTPConnectionPool("minio"), "/\x1b[2J"), "MinIO", 4, "sandbox logs minio"),
        (MinioAdminException("503", "away"), "MinIO", 4, "sandbox logs minio"),
    ],
)
def test_what_fails_in_the_middle_is_shown_in_a_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    who: str,
    code: int,
    hint: str,
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.delenv("SANDBOX_STACK", raising=False)
    monkeypatch.setattr(command.session, "attach", fail)
    assert run_command(["status"]) == code
    shown = capsys.readouterr().err
    assert shown.startswith(f"error: {who} did not finish this command: ")
    assert shown.endswith(f"next: {hint}\n")
    assert "\x1b" not in shown
