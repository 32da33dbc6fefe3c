"""The stack of a test session: started once, and gone at the end, however that comes."""

from __future__ import annotations

import re
import signal
import subprocess

import pytest

from tests.support.sandbox import until
from tests.unit.sandbox_cli.testing.conftest import OtherRepository

TWO = "def test_one(sandbox): pass\ndef test_two(sandbox): assert sandbox.name.startswith('pytest-')\n"
SLOW = "import time\ndef test_slow(sandbox): time.sleep(60)\n"


def test_one_stack_for_all_tests_with_the_settings_of_the_ini(repository: OtherRepository) -> None:
    code, out = repository.run(tests=TWO)
    assert code == 0, out
    up, is_up, reset = repository.calls()
    name = up.split()[0]
    assert re.fullmatch(r"pytest-[0-9a-f]{8}", name)
    assert re.fullmatch(
        rf"{name} up --workers 3 --hub-port \d+ --s3-port \d+ --no-smoke-test --without history --no-sample", up
    )
    assert (is_up, reset) == (f"{name} is up", f"{name} reset --yes")
    assert repository.left() == []


def test_nothing_is_started_for_tests_that_do_not_use_it(repository: OtherRepository) -> None:
    code, out = repository.run(tests="def test_alone(): pass\n")
    assert (code, repository.calls(), repository.left()) == (0, [], []), out


@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n", "1")])
def test_tests_that_do_not_use_it_are_left_alone(repository: OtherRepository, options: tuple[str, ...]) -> None:
    """Nothing is looked at: no checkout, no settings, no stack of a killed session; SIGTERM stays what it was."""
    (repository.folder / "pytest.ini").write_text("[pytest]\nsandbox_services = hubb\nsandbox_workers = 0\n")
    repository.stacks.mkdir(parents=True)
    (repository.stacks / "pytest-0123abcd.lock").touch()
    (repository.folder / "conftest.py").write_text(
        "import signal\n"
        "def pytest_sessionfinish(): assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, 'taken over'\n"
    )
    code, out = repository.run(*options, tests="def test_alone(): pass\n", SANDBOX_HOME="/nowhere")
    assert (code, repository.calls(), repository.left()) == (0, [], ["pytest-0123abcd.lock"]), out


def test_no_state_folder_is_made_for_workers_of_xdist_that_do_not_use_it(repository: OtherRepository) -> None:
    code, out = repository.run("-p", "xdist", "-n", "1", tests="def test_alone(): pass\n")
    assert code == 0, out
    assert not (repository.folder / "state").exists()


def test_a_stack_is_removed_though_the_worker_that_started_it_crashed(repository: OtherRepository) -> None:
    tests = "import os\ndef test_crash(sandbox): os._exit(3)\n"
    code, out = repository.run("-p", "xdist", "-n", "1", "--max-worker-restart", "0", tests=tests)
    assert code == 1, out
    assert repository.verbs() == ["up", "is", "reset"]
    assert repository.left() == []


def test_ctrl_c_while_a_worker_of_xdist_starts_the_stack_removes_it(repository: OtherRepository) -> None:
    process = repository.start("-p", "xdist", "-n", "1", tests=SLOW, UP_SECONDS="60")
    until(repository.left, within=60, what="it has a state folder")
    until(lambda: "up" in repository.verbs(), within=60, what="the stack is starting")
    end(process, signal.SIGINT)
    assert repository.verbs()[-1] == "reset"
    assert repository.left() == []


def test_one_stack_for_all_processes_of_xdist(repository: OtherRepository) -> None:
    tests = TWO + "import pytest\n@pytest.mark.parametrize('n', range(6))\ndef test_more(sandbox, n): pass\n"
    code, out = repository.run("-p", "xdist", "-n", "2", tests=tests)
    assert code == 0, out
    assert repository.verbs() == ["up", "is", "reset"]
    assert repository.left() == []


def test_the_stack_of_a_killed_session_is_removed_by_the_next_one(repository: OtherRepository) -> None:
    process = repository.start(tests=SLOW)
    until(lambda: "is" in repository.verbs(), within=60, what="the stack is up")
    process.kill()
    process.communicate(timeout=60)
    dead = repository.calls()[0].split()[0]
    assert dead in repository.left()

    code, out = repository.run(tests=TWO)

    assert code == 0, out
    assert repository.calls()[2] == f"{dead} reset --yes"
    assert repository.verbs()[3:] == ["up", "is", "reset"]
    assert repository.left() == []


def test_the_stack_of_a_session_at_work_is_left_alone(repository: OtherRepository) -> None:
    process = repository.start(tests=SLOW)
    until(lambda: "is" in repository.verbs(), within=60, what="the stack is up")
    name = repository.calls()[0].split()[0]
    try:
        assert repository.run(tests=TWO)[0] == 0
        assert f"{name} reset --yes" not in repository.calls()
    finally:
        end(process, signal.SIGINT)
    assert repository.left() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_session_with_its_stack(repository: OtherRepository, number: signal.Signals) -> None:
    process = repository.start(tests=SLOW)
    until(lambda: "is" in repository.verbs(), within=60, what="the stack is up")
    end(process, number)
    assert repository.verbs() == ["up", "is", "reset"]
    assert repository.left() == []


def test_a_signal_ends_a_stack_that_is_starting(repository: OtherRepository) -> None:
    process = repository.start(tests=SLOW, UP_SECONDS="60")
    until(lambda: "up" in repository.verbs(), within=60, what="the stack is starting")
    until(repository.left, within=60, what="it has a state folder")
    end(process, signal.SIGINT)
    assert repository.verbs() == ["up", "interrupted", "reset"]
    assert repository.left() == []


def test_a_stack_that_does_not_come_up_says_why_and_is_removed(repository: OtherRepository) -> None:
    (repository.folder / "no-up").touch()
    code, out = repository.run(tests=TWO)
    assert code == 1
    assert "ended with exit code 1:" in out
    assert "error: no up today" in out
    assert repository.left() == []


def test_a_stack_that_can_not_be_removed_is_removed_by_the_next_session(repository: OtherRepository) -> None:
    (repository.folder / "no-reset").touch()
    code, out = repository.run(tests=TWO)
    assert code == 4
    assert "was not removed. The next one tries it again" in out
    assert "2 passed" in out
    (repository.folder / "no-reset").unlink()
    assert repository.run(tests=TWO)[0] == 0
    assert repository.left() == []


def test_what_a_slow_start_says_is_shown_as_it_comes(repository: OtherRepository) -> None:
    (repository.folder / "conftest.py").write_text("import sandbox_cli.testing.session as it\nit.QUIET_SECONDS = 0\n")
    code, out = repository.run("-v", tests=TWO)
    assert code == 0, out
    assert "sandbox: [engine] …\n" in out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sandbox_services = jupyter", "unknown service `jupyter`. Known: history, mail, connect, hub"),
        ("sandbox_workers = many", "sandbox_workers is 'many', but must be a number from 1"),
    ],
)
def test_wrong_settings_are_refused_before_anything_starts(
    repository: OtherRepository, line: str, message: str
) -> None:
    (repository.folder / "pytest.ini").write_text(f"[pytest]\n{line}\n")
    code, out = repository.run(tests=TWO)
    assert (code, repository.calls(), repository.left()) == (1, [], [])
    assert message in out
    assert "Traceback" not in out
    assert len(out.splitlines()) < 40


def test_a_checkout_that_is_none_is_named(repository: OtherRepository) -> None:
    code, out = repository.run(tests=TWO, SANDBOX_HOME="/nowhere")
    assert code == 1
    assert "SANDBOX_HOME=/nowhere is no checkout of the sandbox" in out
    assert "next: export SANDBOX_HOME=/path/to/the/checkout" in out
    assert "checkout.py" not in out


def end(process: subprocess.Popen[str], number: signal.Signals) -> None:
    process.send_signal(number)
    out = process.communicate(timeout=60)[0]
    assert process.returncode == 2, out
