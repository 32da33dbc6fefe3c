"""Every command in a `sh` block of the README and the guides is run: by the tests before these, or here."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support import documented
from tests.support.documented import PAGES, ROOT
from tests.support.sandbox import Sandbox

LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
OTHER_STACK = "SANDBOX_STACK=second"


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def as_alias(command: str) -> str:
    """Returns what `make` would run of the `sandbox` command; itself if it is none of its aliases."""
    if not command.startswith("make "):
        return command
    line = documented.make("-n", *command.split()[1:]).strip()
    return line if line.startswith("./sandbox ") else command


@pytest.mark.last
@pytest.mark.parametrize("page", [page for page in PAGES if documented.commands(page)], ids=page_id)
@pytest.mark.waive("hub away", "spark peers gone")
def test_the_commands_of_a_page_work(stack: Sandbox, request: pytest.FixtureRequest, page: Path) -> None:
    """What no test has run before is run here, in the order of the page, with what the page does by the same verb."""
    # What make runs besides are these tests themselves: tests/unit/test_makefile.py.
    shown = [command for command in map(as_alias, documented.commands(page)) if not command.startswith("make ")]
    missing = {verb(command) for command in shown if not documented.has_run(command, stack.stack)}
    for command in shown:
        if verb(command) in missing:
            other = command.startswith(OTHER_STACK) or verb(command) == "reset"  # never of the stack that all share
            run(request.getfixturevalue("fresh_sandbox") if other else stack, command)


def verb(command: str) -> str:
    """Returns what is done, to which stack: `users`, `SANDBOX_STACK=second up`."""
    before, _, after = command.partition("./sandbox ")
    return before + after.split()[0]


def run(sandbox: Sandbox, command: str) -> None:
    program, *arguments = shlex.split(command.removeprefix(OTHER_STACK))
    if arguments == ["reset"]:
        arguments.append("--yes")
    print(f"no test has run this before: {command}")
    done = subprocess.run(
        [str(ROOT / program), *arguments],
        cwd=ROOT,
        env=sandbox.env(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    documented.record(sandbox.stack, tuple(arguments))


def test_the_example_of_a_project_is_one_that_is_run(outside_project: Path) -> None:
    page = (ROOT / "docs" / "write-a-feature.md").read_text()

    missing = [file.name for file in outside_project.iterdir() if file.is_file() and file.read_text() not in page]

    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]

    assert not missing
