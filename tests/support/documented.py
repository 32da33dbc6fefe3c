"""The commands that the guides show, and which of them the tests have run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PLACES = {"path/to/": "tests/fixtures/outside_project/"}
# What a test may add to a documented line: it reads the answer, asks nobody, or keeps out of another test's way.
FLAGS = {"--json", "--yes", "--no-sample", "--no-proof"}
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


def record(stack: str, argv: tuple[str, ...]) -> None:
    """Takes down that the command ended well with these arguments, on this stack."""
    _ran.append((stack, argv))


def has_run(command: str, stack: str) -> bool:
    """Tells whether a documented `./sandbox …` was run as it stands.

    Args:
        command: The line, also with `SANDBOX_STACK=second` before it: then a stack other than `stack` has run it.
        stack: The stack that the tests share.
    """
    words = shlex.split(command)
    second = words[0].startswith("SANDBOX_STACK=")
    wanted = words[words.index("./sandbox") + 1 :]
    mine = [argv for where, argv in _ran if (where != stack) == second or argv[0] in ANYWHERE]
    return any(_bare(argv, wanted, second=second) == _bare(tuple(wanted), wanted, second=second) for argv in mine)


def _bare(argv: tuple[str, ...], wanted: list[str], *, second: bool) -> list[str]:
    """Returns the arguments without what a test may have added, and without flags that change no more than the form."""
    kept, skip = [], False
    for word in argv:
        valued = word in VALUES or (second and word in SECOND)
        if not skip and word not in FLAGS and (not valued or word in wanted):
            kept.append(word)
        skip = not skip and valued and word not in wanted
    return kept
