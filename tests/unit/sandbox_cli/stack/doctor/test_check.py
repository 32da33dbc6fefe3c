"""A check runs only when those that it needs have passed, and names the first that has not."""

from __future__ import annotations

import pytest

from sandbox_cli.errors import StackError
from sandbox_cli.stack.doctor.check import Check, CheckFailed, CheckResult


def never() -> str:
    pytest.fail("inspected what can't be reached")


def raises(error: Exception) -> Check:
    def inspect() -> str:
        raise error

    return Check("D11", "hub", inspect)


def hub(state: str, cause: str, fix: str) -> CheckResult:
    return CheckResult("D11", "hub", state, cause=cause, fix=fix)  # type: ignore[arg-type]


def test_a_check_that_passes_has_what_was_seen() -> None:
    result = Check("D11", "hub", lambda: "healthy").run({})
    assert result == CheckResult("D11", "hub", "ok", seen="healthy")
    assert result.to_dict() == {
        "code": "D11", "name": "hub", "state": "ok", "seen": "healthy", "cause": "", "fix": "", "ok": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (CheckFailed("it is sick", "sandbox logs"), hub("broken", "it is sick", "sandbox logs")),
        (CheckFailed("it is off", "sandbox up", state="stopped"), hub("stopped", "it is off", "sandbox up")),
        (StackError("no answer", hint="sandbox x"), hub("broken", "no answer", "sandbox x")),
        (StackError("no answer"), hub("broken", "no answer", "sandbox logs")),
    ],
)
def test_a_check_that_fails_has_a_cause_and_a_fix(error: Exception, result: CheckResult) -> None:
    assert raises(error).run({}) == result
    assert not result.ok


def test_a_bug_is_no_result() -> None:
    with pytest.raises(ZeroDivisionError):
        raises(ZeroDivisionError()).run({})


def test_what_needs_a_failed_check_is_skipped_and_names_the_first() -> None:
    disk, stopped = CheckResult("D02", "disk", "ok"), hub("stopped", "hub is stopped", "sandbox up")
    results = {result.code: result for result in (disk, stopped)}

    results["D21"] = Check("D21", "spawn", never, needs=("D02", "D11")).run(results)
    results["D22"] = Check("D22", "kernel", never, needs=("D21",)).run(results)

    assert results["D21"] == CheckResult("D21", "spawn", "skipped", cause="D11 hub is stopped", fix="sandbox up")
    assert results["D22"] == CheckResult("D22", "kernel", "skipped", cause="D11 hub is stopped", fix="sandbox up")
