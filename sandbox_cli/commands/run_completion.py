"""What a shell offers at TAB in `sandbox run`, whose options are mostly the runner's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from spark_etl.command_line import run_options

from sandbox_cli.commands.completion import finder, offered

FEATURES_FOLLOW = "--checkpoint"
OWN_OPTIONS = ("--requirements", "--help")


def offered_in_run(config: str, resumed: str, words: Sequence[str], incomplete: str) -> list[str]:
    """Returns what can follow in `sandbox run CONFIG …`: options, features after `--checkpoint`, runs after `--resume`.

    Args:
        config: The config, if the line has one.
        resumed: The run that is resumed, if the line has one.
        words: The runner's own words so far.
        incomplete: What is typed of the next one.
    """
    if config.startswith("-"):  # Typer takes the first of the runner's options for it, where the line has none
        config, words = "", [config, *words]
    if incomplete.startswith("-"):
        names = (word for option in run_options() for word in re.findall(r"--[\w-]+", option.replace("[no-]", "")))
        return offered(lambda: dict.fromkeys([*OWN_OPTIONS, *names]), incomplete)
    option = next((word for word in reversed(words) if word.startswith("--")), "")
    if option == FEATURES_FOLLOW:
        find, (before, comma, rest) = finder("features"), incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for name in offered(lambda: find(config, resumed), rest)]
    return []
