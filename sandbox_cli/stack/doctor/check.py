"""One check, and its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sandbox_cli.errors import SandboxError

State = Literal["ok", "broken", "stopped", "skipped"]


@dataclass(frozen=True)
class CheckResult:
    """What a check found.

    Attributes:
        code: `D01`…; stable, to be searched for.
        state: `broken` does not work, `stopped` is merely not running, `skipped` could not be reached.
        seen: What was seen, where it is well.
        cause: Why it is not.
        fix: The next command.
    """

    code: str
    name: str
    state: State
    seen: str = ""
    cause: str = ""
    fix: str = ""

    @property
    def ok(self) -> bool:
        """Whether what was checked is well."""
        return self.state == "ok"

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as a JSON object."""
        return {**asdict(self), "ok": self.ok}


class CheckFailed(Exception):  # noqa: N818 - a finding, not an error
    """Raised by a check that found something wrong."""

    def __init__(self, cause: str, fix: str, *, state: State = "broken") -> None:
        super().__init__(cause)
        self.cause, self.fix, self.state = cause, fix, state


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        inspect: Returns what it saw; raises CheckFailed or a SandboxError.
        needs: Codes of the checks that must have passed before this one makes sense.
    """

    code: str
    name: str
    inspect: Callable[[], str]
    needs: tuple[str, ...] = ()

    def run(self, results: Mapping[str, CheckResult]) -> CheckResult:
        """Returns the result; `skipped` if a check that it needs has not passed.

        Args:
            results: Those of the checks before it, by code.
        """
        missing = [results[code] for code in self.needs if not results[code].ok]
        if missing:
            first = missing[0]
            root = first.cause if first.state == "skipped" else f"{first.code} {first.name} is {first.state}"
            return CheckResult(self.code, self.name, "skipped", cause=root, fix=first.fix)
        try:
            return CheckResult(self.code, self.name, "ok", seen=self.inspect())
        except CheckFailed as failure:
            return CheckResult(self.code, self.name, failure.state, cause=failure.cause, fix=failure.fix)
        except SandboxError as error:
            return CheckResult(self.code, self.name, "broken", cause=error.message, fix=error.hint or "sandbox logs")
