"""MinIO is stopped: the hub and `doctor` name the cause and the next command."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator

import pytest

from tests.support.engine import Containers
from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox, until

pytestmark = [
    pytest.mark.disrupts,
    pytest.mark.waive("spark peers gone", "store gone", "no server without a store"),
]
CAUSE = "The S3 store doesn't answer"


@pytest.fixture(scope="module")
def engineer(stack: Sandbox) -> Iterator[HubClient]:
    """The engineer, whose server was stopped before the store was; once it is back, a server starts again."""
    with HubClient(stack.port("hub")) as client:
        client.login("engineer", stack.password("engineer"))
        client.stop_server()
        try:
            Containers(stack.stack).one("minio").stop(timeout=10)
            yield client
        finally:
            stack.restore()
        client.start_server()


def test_a_user_is_shown_why_no_server_starts(engineer: HubClient) -> None:
    page = engineer.http.get("/hub/spawn")
    # If the store is slow to be missed, the browser waits there.
    waited = until(
        lambda: (late := engineer.http.get("/hub/spawn-pending/engineer")).status_code != 200 and late,
        within=60,
        what="the page that tells of the failed start",
    )
    answer = engineer.api("POST", "/users/engineer/server")

    assert page.url.path == "/hub/spawn-pending/engineer" or page.status_code == 503, page.text
    assert (waited.status_code, answer.status_code) == (503, 503), f"{waited.text}\n{answer.text}"
    for message in (html.unescape(waited.text), answer.json()["message"]):
        assert CAUSE in message
        assert "`./sandbox doctor`" in message


def test_doctor_tells_a_stopped_hop_from_a_broken_one(stack: Sandbox, engineer: HubClient) -> None:
    report = stack("doctor", "--json", code=1, timeout=240).json

    bad = [check for check in report["checks"] if not check["ok"]]
    assert bad
    assert all(check["cause"] and check["fix"] for check in bad), bad
    assert any("minio" in json.dumps(check) and "stopped" in json.dumps(check) for check in bad), bad
    assert any(CAUSE in check["cause"] for check in bad), "why the hub starts no server"
