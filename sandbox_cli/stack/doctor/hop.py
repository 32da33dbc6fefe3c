"""One hop of the way, and what was found there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sandbox_cli.errors import SandboxError

State = Literal["ok", "broken", "stopped", "skipped"]


@dataclass(frozen=True)
class Hop:
    """What was found at one hop.

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
        """Whether the hop is well."""
        return self.state == "ok"

    def json(self) -> dict[str, Any]:
        """Returns the hop as a JSON object."""
        return {**asdict(self), "ok": self.ok}


class NotWell(Exception):  # noqa: N818 - a finding, not an error
    """Raised by a check that found something."""

    def __init__(self, cause: str, fix: str, *, state: State = "broken") -> None:
        super().__init__(cause)
        self.cause, self.fix, self.state = cause, fix, state


@dataclass(frozen=True)
class Check:
    """How a hop is looked at.

    Attributes:
        look: Returns what it saw; raises NotWell or a SandboxError.
        needs: Codes of the hops without which it can't be looked at.
    """

    code: str
    name: str
    look: Callable[[], str]
    needs: tuple[str, ...] = ()

    def go(self, before: dict[str, Hop]) -> Hop:
        """Looks, unless something it needs was not well."""
        missing = [before[code] for code in self.needs if not before[code].ok]
        if missing:
            first = missing[0]
            root = first.cause if first.state == "skipped" else f"{first.code} {first.name} is {first.state}"
            return Hop(self.code, self.name, "skipped", cause=root, fix=first.fix)
        try:
            return Hop(self.code, self.name, "ok", seen=self.look())
        except NotWell as found:
            return Hop(self.code, self.name, found.state, cause=found.cause, fix=found.fix)
        except SandboxError as error:
            return Hop(self.code, self.name, "broken", cause=error.message, fix=error.hint or "sandbox logs")
