"""What is kept of a red test: the bundles of its runs, with the command that opens each on a laptop."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from spark_etl.reading import Run

from sandbox_cli.testing.stack import SandboxStack

LONGEST = 80
NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass
class Artifacts:
    """The bundles of a test session.

    Attributes:
        folder: Where they lie.
        base: What the folder is shown relative to.
        kept: Run → its bundle: of several red tests with one run, the first has kept it.
    """

    folder: Path
    base: Path
    kept: dict[str, Path] = field(default_factory=dict)

    def keep(self, stack: SandboxStack, test: str, before: int) -> list[str]:
        """Keeps the runs that a test has made, or else the last one that was there, and returns what to say of them.

        Args:
            stack: The stack that has them.
            test: The test's name.
            before: How many runs there were when it began.
        """
        return [line for run in stack.made[before:] or stack.made[-1:] for line in self._keep(stack, test, run)]

    def _keep(self, stack: SandboxStack, test: str, run: Run) -> list[str]:
        file = self.kept.get(run.id)
        if file is None:
            file = self.folder / f"{_file_name(test)}-{run.id}.bundle"
            file.parent.mkdir(parents=True, exist_ok=True)
            done = stack.command.run("export", run.name, str(file), "--yes-unmasked", "--allow-missing")
            if done.code:
                return [f"run {run.name} was not kept: {done.err.strip()[-500:]}"]
            self.kept[run.id] = file
        shown = file.relative_to(self.base) if file.is_relative_to(self.base) else file
        return [
            f"run {run.name} of {run.team}/{run.pipeline}, {run.status}, is kept: {shown}",
            "Nothing in it is masked. On a laptop with a sandbox:",
            f"  sandbox import {shlex.quote(str(shown))} && sandbox {_look(run)}",
        ]


def _look(run: Run) -> str:
    """Returns the command that looks at a run: the feature that it has failed at, or all of it."""
    return f"debug {run.id}" if run.error and run.error.feature else f"runs show {run.id}"


def _file_name(test: str) -> str:
    return NOT_IN_A_NAME.sub("-", test).strip("-.")[-LONGEST:].strip("-.") or "test"
