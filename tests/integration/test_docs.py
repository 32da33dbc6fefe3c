"""Every command in a `sh` block of the README and the guides is run, here or by the test named in `ELSEWHERE`."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support.sandbox import ROOT, Sandbox

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")

# What can't be run on the stack that the other tests use: who runs it, and where.
ELSEWHERE = {
    r"make (up|test|bench|test-fast|test-unit|lint|types|arrows)": "tests/unit/test_makefile.py",
    r"make test-(stack|integration|browser|faults|matrix)": "tests/unit/test_makefile.py",
    r"SANDBOX_STACK=second ./sandbox .*": "tests/integration/test_two_stacks.py",
    r"./sandbox up --(no-)?subdomains": "tests/browser/test_subdomains.py",
    r"./sandbox reset.*": "tests/integration/test_two_stacks.py",
    r"./sandbox run .* --(resume|sample|keys) .*": "tests/integration/test_second_look.py",
    r"./sandbox run .*": "tests/integration/test_run_command.py",
    r"./sandbox down": "tests/integration/test_history.py",
}


def commands(page: Path) -> list[str]:
    """Returns the command lines of a page, continuation lines joined, comments dropped."""
    blocks = "\n".join(FENCE.findall(page.read_text())).replace("\\\n", " ")
    return [
        " ".join(shlex.split(line, comments=True)) for line in blocks.splitlines() if shlex.split(line, comments=True)
    ]


def documented() -> list[str]:
    """Returns every command once, in the order in which a reader meets them: an account is added, then removed."""
    return list(dict.fromkeys(command for page in PAGES for command in commands(page)))


def elsewhere(command: str) -> str | None:
    return next((place for pattern, place in ELSEWHERE.items() if re.fullmatch(pattern, command)), None)


@pytest.mark.parametrize("command", [c for c in documented() if elsewhere(c) is None])
@pytest.mark.disrupts
def test_a_documented_command_works(stack: Sandbox, command: str) -> None:
    program, *arguments = shlex.split(command)
    assert program == "./sandbox", f"`{command}` is neither run here nor named in ELSEWHERE"

    done = subprocess.run(
        [str(ROOT / program), *arguments],
        cwd=ROOT,
        env=stack.env(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


@pytest.mark.parametrize("command", [c for c in documented() if elsewhere(c)])
def test_what_is_run_elsewhere_is_run_there(command: str) -> None:
    place = elsewhere(command)

    assert place
    assert (ROOT / place).exists()


def test_the_example_of_a_project_is_one_that_is_run(outside_project: Path) -> None:
    page = (ROOT / "docs" / "write-a-feature.md").read_text()

    missing = [file.name for file in outside_project.iterdir() if file.is_file() and file.read_text() not in page]

    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]

    assert not missing
