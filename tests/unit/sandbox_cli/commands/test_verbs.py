"""A verb is listed without its module, and imports only what it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox_cli import program
from sandbox_cli.commands.group import WHOLE
from sandbox_cli.commands.verbs import VERBS, load

ROOT = Path(__file__).resolve().parents[4]
LISTED = [name for name, (_, summary) in VERBS.items() if summary]
OLD_NAMES = {"publish", "unpublish"}
# What is imported late, and what belongs to other verbs.
READERS = {"duckdb", "pyarrow", "pyspark", "spark_etl.compare", "spark_etl.config", "spark_etl.store.bundle"}
CLIENTS = {"httpx", "minio", "websockets"}
OTHERS = {"sandbox_cli.commands.data", "sandbox_cli.commands.known_values", "sandbox_cli.stack.private.replay"}
LATE = READERS | CLIENTS | OTHERS
ENGINE = {"docker", "requests", "urllib3", "sandbox_cli.stack.session", "sandbox_cli.stack.images"}
STORE = {"spark_etl.reading", "spark_etl.store"}
TYPERS = {"pydantic"}  # for the value of an option


def imported(line: str, **environment: str) -> set[str]:
    """Returns the modules that a new process has when it ends with this command line."""
    code = (
        "import atexit, sys; names = lambda: print(*sys.modules, file=sys.stderr); atexit.register(names);"
        f"from sandbox_cli.app import run_command; sys.exit(run_command({line.split()}))"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}/spark:{ROOT}", **environment}
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout
    return set(done.stderr.split())


@pytest.mark.parametrize(
    ("line", "late"),
    [
        ("--version", LATE | ENGINE | STORE | TYPERS),
        ("--help", LATE | ENGINE | STORE | TYPERS),
        ("down --help", LATE),
        ("logs --help", LATE | STORE),
        ("new --help", LATE | ENGINE | STORE),
        ("runs list --help", LATE),
        ("run --help", LATE - {"spark_etl.config"}),
    ],
)
def test_a_verb_imports_only_what_it_needs(line: str, late: set[str]) -> None:
    found = imported(line)
    assert "sandbox_cli.app" in found
    assert sorted(found & late) == []


@pytest.mark.parametrize(
    ("typed", "late"),
    [("st", LATE | ENGINE | STORE), ("logs --ta", LATE | STORE), ("runs list --li", LATE)],
)
def test_a_tab_imports_no_more(typed: str, late: set[str]) -> None:
    words = f"sandbox {typed}"
    found = imported("", _SANDBOX_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(words.count(" ")))
    assert sorted(found & late) == []


def test_the_list_of_verbs_is_what_finds_commands_in_messages() -> None:
    assert set(LISTED) == set(program.VERBS)
    assert set(VERBS) - set(LISTED) == OLD_NAMES


@pytest.mark.parametrize("name", VERBS)
def test_what_is_listed_of_a_verb_is_what_its_module_says(name: str) -> None:
    summary, command = VERBS[name][1], load(name)
    assert command.name == name
    assert command.get_short_help_str(WHOLE)
    assert command.hidden is (name in OLD_NAMES)
    assert name in OLD_NAMES or command.get_short_help_str(WHOLE) == summary
