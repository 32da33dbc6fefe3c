"""The one question that the commands ask: yes or no, on a terminal."""

from __future__ import annotations

import sys

from spark_etl.errors import ArgumentError


def is_yes(question: str, refusal: ArgumentError, *, as_json: bool = False) -> bool:
    """Returns whether the answer is yes; anything else is no.

    Args:
        question: As it is asked.
        refusal: What is raised where nobody can be asked; names the option that asks nothing.
        as_json: Whether the output is for a program, which answers no questions.

    Raises:
        ArgumentError: There is no terminal to ask on, or the output is JSON.
    """
    if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise refusal
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
