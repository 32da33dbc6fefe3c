"""How the command was started, so that what it recommends can be typed as it is printed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

NAME = DEFAULT_STACK = "sandbox"
ROOT = Path(__file__).resolve().parent.parent
LAUNCHED = "SANDBOX_PROGRAM"  # what was typed, as the launcher at the checkout's root says
VERBS = (
    "up",
    "down",
    "status",
    "logs",
    "doctor",
    "open",
    "reset",
    "users",
    "run",
    "runs",
    "plan",
    "new",
    "images",
    "data",
    "debug",
    "replay",
    "diff",
    "export",
    "import",
    "trust",
    "gc",
    "learn",
    "share",
    "unshare",
)
# A command as messages write it. `sandbox` alone is the thing, not the command; another's may be of another stack.
COMMAND = re.compile(rf"(?<![\w./-])(?<!another `)(?<![Tt]he )(?:\./)?{NAME}(?= (?:--\w|(?:{'|'.join(VERBS)})\b))")
# What the readers of runs and the runner recommend, who are mostly in a notebook or called by a job → the same here.
ELSEWHERE = (
    (re.compile(r"\bruns\.list\(\)"), "sandbox runs list"),
    (re.compile(r"\bruns\.list\(([^()]+)\)"), r"sandbox runs list \1"),
    (re.compile(r"""\bruns\.diff\(["']([\w./:-]+)["'], ["']([\w./:-]+)["']\)"""), r"sandbox diff \1 \2"),
    (re.compile(r"\bruns\.latest\(\)"), "sandbox runs show latest"),
    (re.compile(r"""\bruns\[["']([\w./:-]+)["']\](?:\.\w+)?"""), r"sandbox runs show \1"),
    (re.compile(r"""\b(since|status|team|pipeline|limit)=["']?([\w:.-]+)["']?"""), r"--\1 \2"),
    (re.compile(r"\bspark-etl plan(?= |$)"), "sandbox plan"),
    (re.compile(r"\b(?:spark-etl run|spark_etl_runner\.py)(?= |$)"), "sandbox run"),
)


def program(environment: Mapping[str, str] = os.environ, argv: Sequence[str] = sys.argv) -> str:
    """Returns what one types to start this command again: `sandbox` if that is found, else a path, quoted.

    Args:
        environment: Of this process.
        argv: Its command line.
    """
    first = Path(argv[0]) if argv else Path()
    typed = environment.get(LAUNCHED) or (argv[0] if first.name == NAME else "")
    if not typed and first.parent == Path(__file__).parent:  # python -m sandbox_cli
        return f"./{NAME}" if Path.cwd() == ROOT else shlex.quote(str(ROOT / NAME))
    if not typed:
        return NAME
    found = shutil.which(NAME, path=environment.get("PATH"))
    if found and Path(found).resolve() == Path(typed).resolve():
        return NAME
    return shlex.quote(typed if "/" in typed else f"./{typed}")  # `sh sandbox` names a file of this folder


def as_typed(text: str, prefix: str) -> str:
    """Returns a message whose commands begin with what is typed here.

    Args:
        text: With commands such as `sandbox up`.
        prefix: The program, and what it needs to mean the same stack.
    """
    shown = COMMAND.sub(lambda _: prefix, text)
    named = re.search(r" --stack \S+$", prefix)
    return shown.replace(named[0] * 2, named[0]) if named else shown  # a driver has said it already


def for_terminal(hint: str) -> str:
    """Returns a hint of `spark_etl` with the commands that do here what it says of a notebook or of its own runner."""
    for pattern, command in ELSEWHERE:
        hint = pattern.sub(command, hint)
    return hint


def prefix(stack: str, environment: Mapping[str, str] = os.environ) -> str:
    """Returns the beginning of a command that means this stack, whatever the environment of the next one says."""
    usual = environment.get("SANDBOX_STACK") or DEFAULT_STACK
    is_usual = stack in ("", DEFAULT_STACK) and usual == DEFAULT_STACK
    return program(environment) if is_usual or not stack else f"{program(environment)} --stack {stack}"
