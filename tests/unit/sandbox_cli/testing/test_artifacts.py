"""What is kept of a red test."""

from __future__ import annotations

from tests.unit.sandbox_cli.testing.conftest import OtherRepository

RUN = """
from types import SimpleNamespace as Of
import pytest

def made(stack, run_id, failed=None):
    error = Of(feature=failed) if failed else None
    stack.made.append(Of(id=run_id, name=run_id, team="pytest", pipeline="shop", status="failed", error=error))

@pytest.fixture(scope="session")
def shared(sandbox):
    made(sandbox, "shared-1")
"""


def test_the_runs_of_a_red_test_are_kept_with_the_command_that_opens_them(repository: OtherRepository) -> None:
    tests = (
        "def test_red(sandbox):\n    made(sandbox, 'a-1', failed='net')\n    made(sandbox, 'a-2')\n    assert False\n"
    )
    code, out = repository.run(tests=RUN + tests)
    assert code == 1
    file = "build/sandbox/test_it.py-test_red-a-1.bundle"
    assert (repository.folder / file).read_text() == "a bundle"
    assert f"run a-1 of pytest/shop, failed, is kept: {file}" in out
    assert f"  sandbox import {file} && sandbox debug a-1\n" in out
    assert "&& sandbox runs show a-2\n" in out
    assert f"export a-1 {repository.folder / file} --yes-unmasked --allow-missing" in repository.calls()[2]


def test_a_red_test_of_a_shared_run_keeps_it_once(repository: OtherRepository) -> None:
    tests = "def test_a(shared, sandbox): assert False\ndef test_b(shared, sandbox): assert False\n"
    code, out = repository.run(tests=RUN + tests)
    assert (code, repository.verbs().count("export")) == (1, 1)
    assert out.count("sandbox import build/sandbox/test_it.py-test_a-shared-1.bundle") == 2


def test_a_green_test_and_one_without_the_stack_keep_nothing(repository: OtherRepository) -> None:
    tests = "def test_a(shared, sandbox): pass\ndef test_b(): assert False\n"
    assert repository.run(tests=RUN + tests)[0] == 1
    assert "export" not in repository.verbs()


def test_a_run_that_can_not_be_kept_is_said(repository: OtherRepository) -> None:
    (repository.folder / "no-export").touch()
    code, out = repository.run(tests=RUN + "def test_a(shared, sandbox): assert False\n")
    assert code == 1
    assert "run shared-1 was not kept: error: no export today" in out
