"""A hop is looked at only when it can be reached, and tells why not otherwise."""

from __future__ import annotations

import pytest

from sandbox_cli.errors import StackError
from sandbox_cli.stack.doctor.hop import Check, Hop, NotWell


def never() -> str:
    pytest.fail("looked at what can't be reached")


def finds(error: Exception) -> Check:
    def look() -> str:
        raise error

    return Check("D11", "hub", look)


def test_what_was_seen_is_told() -> None:
    hop = Check("D11", "hub", lambda: "healthy").go({})
    assert hop == Hop("D11", "hub", "ok", seen="healthy")
    assert hop.json() == {
        "code": "D11", "name": "hub", "state": "ok", "seen": "healthy", "cause": "", "fix": "", "ok": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "hop"),
    [
        (NotWell("it is sick", "sandbox logs"), Hop("D11", "hub", "broken", cause="it is sick", fix="sandbox logs")),
        (
            NotWell("it is off", "sandbox up", state="stopped"),
            Hop("D11", "hub", "stopped", cause="it is off", fix="sandbox up"),
        ),
        (StackError("no answer", hint="sandbox x"), Hop("D11", "hub", "broken", cause="no answer", fix="sandbox x")),
        (StackError("no answer"), Hop("D11", "hub", "broken", cause="no answer", fix="sandbox logs")),
    ],
)
def test_what_is_wrong_is_told_with_a_fix(error: Exception, hop: Hop) -> None:
    assert finds(error).go({}) == hop
    assert not hop.ok


def test_a_bug_of_ours_is_no_finding() -> None:
    with pytest.raises(ZeroDivisionError):
        finds(ZeroDivisionError()).go({})


def test_what_lies_behind_a_hop_that_is_not_well_is_skipped_and_names_the_first() -> None:
    well, sick = Hop("D02", "disk", "ok"), Hop("D11", "hub", "stopped", cause="hub is stopped", fix="sandbox up")
    before = {hop.code: hop for hop in (well, sick)}

    before["D21"] = Check("D21", "spawn", never, needs=("D02", "D11")).go(before)
    before["D22"] = Check("D22", "kernel", never, needs=("D21",)).go(before)

    assert before["D21"] == Hop("D21", "spawn", "skipped", cause="D11 hub is stopped", fix="sandbox up")
    assert before["D22"] == Hop("D22", "kernel", "skipped", cause="D11 hub is stopped", fix="sandbox up")
