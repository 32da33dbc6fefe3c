"""The commands that the guides show, and which of them the tests have run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PLACES = {"path/to/": "tests/fixtures/outside_project/"}
# What a test may add to a documented line, by verb: questions and output differ then, not what is done.
FLAGS = {
    "up": {"--json", "--no-sample", "--no-smoke-test"},  # every run of the tests begins with an `up` without them
    "down": {"--json"},
    "reset": {"--json", "--yes"},
    "users": {"--yes"},
}
VALUES = {"--team-name", "--notify-email"}
SECOND = {"--workers", "--without"}  # a second stack may be a light one
ANYWHERE = {"reset"}  # it ends the stack that it is run on
_ran: list[tuple[str, tuple[str, ...]]] = []


def commands(page: Path) -> list[str]:
    """Returns the command lines of a page, continuation lines joined, comments dropped."""
    blocks = "\n".join(FENCE.findall(page.read_text())).replace("\\\n", " ")
    for shown, there in PLACES.items():
        blocks = blocks.replace(shown, there)
    lines = [shlex.split(line, comments=True) for line in blocks.splitlines()]
    return [" ".join(words) for words in lines if words]


def make(*argv: str) -> str:
    """Returns what make prints when a user calls it, also when the tests were called by make themselves."""
    inherited = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "ARGS"}
    env = {name: value for name, value in os.environ.items() if name not in inherited}
    return subprocess.run(["make", *argv], cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout


def record(stack: str, argv: tuple[str, ...]) -> None:
    """Records a command that ended with 0 on a stack, by its arguments."""
    _ran.append((stack, argv))


def has_run(command: str, stack: str) -> bool:
    """Returns whether a documented `./sandbox …` was run as it stands.

    Args:
        command: The line, also with `SANDBOX_STACK=second` before it: then a stack other than `stack` has run it.
        stack: The stack that the tests share.
    """
    words = shlex.split(command)
    assert "./sandbox" in words, f"`{command}` is neither the command nor one of make's aliases"
    second = words[0].startswith("SANDBOX_STACK=")
    wanted = words[words.index("./sandbox") + 1 :]
    candidates = [argv for where, argv in _ran if (where != stack) == second or argv[0] in ANYWHERE]
    line = _comparable(tuple(wanted), wanted, second=second)
    return any(_comparable(argv, wanted, second=second) == line for argv in candidates)


def _comparable(argv: tuple[str, ...], wanted: list[str], *, second: bool) -> list[str]:
    """Returns the arguments without what a test may have added, and without flags that change no more than the form."""
    remaining, skip, flags = [], False, FLAGS.get(argv[0], set())
    for word in argv:
        valued = word in VALUES or (second and word in SECOND)
        if not skip and word not in flags and (not valued or word in wanted):
            remaining.append(word)
        skip = not skip and valued and word not in wanted
    return remaining
