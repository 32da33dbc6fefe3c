"""What `make test` does with its parts, with tiny ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.run.part import Part, all_parts, fast_parts
from tests.run.runner import Result, Runner
from tests.run.summary import read_tests, summary

ROOT = Path(__file__).resolve().parents[2]
REPORT = """<?xml version="1.0"?><testsuites><testsuite>
<testcase file="tests/integration/test_hub.py" name="test_slow[a]" time="7.5"/>
<testcase file="tests/browser/test_journey.py" name="test_it" time="90.25"/>
<testcase file="tests/faults/test_bad_input.py" name="test_quick" time="0.01">
<failure message="assert 3 ==&#10;  4">…</failure></testcase>
</testsuite></testsuites>"""
# Runs two parts until a signal comes; the first one cleans up before it ends.
RUN = """
import sys
from pathlib import Path
from tests.run.__main__ import write
from tests.run.part import Part
from tests.run.runner import Runner

CLEANS = '''
import signal, sys, time
def end(*_):
    print("cleaned up", flush=True)
    sys.exit(2)
signal.signal(signal.SIGTERM, end)
print("started", flush=True)
time.sleep(60)
'''
parts = [Part("a", [sys.executable, "-c", CLEANS]), Part("b", ["sleep", "61.5"]), Part("c", ["true"], after=("a",))]
runner = Runner(parts, Path(sys.argv[1]), write)
print([result.outcome for result in runner.run()])
sys.exit(runner.code)
"""


def shell(name: str, script: str, after: tuple[str, ...] = ()) -> Part:
    return Part(name, ["sh", "-c", script], after)


def run(parts: Sequence[Part], folder: Path) -> tuple[Runner, list[Result], str]:
    written: list[bytes] = []
    runner = Runner(parts, folder, written.append)
    return runner, runner.run(), b"".join(written).decode(errors="replace")


def outcomes(results: Sequence[Result]) -> dict[str, str]:
    return {result.part.name: result.outcome for result in results}


def test_output_is_in_the_order_of_the_parts_though_they_run_side_by_side(tmp_path: Path) -> None:
    slow = shell("slow", f"until [ -e {tmp_path}/quick ]; do sleep 0.02; done; echo slow")
    quick = shell("quick", f"echo quick; touch {tmp_path}/quick")

    runner, results, written = run([slow, quick], tmp_path)

    assert written.splitlines() == ["── slow", "slow", "── quick", "quick"]
    assert outcomes(results) == {"slow": "passed", "quick": "passed"}
    assert runner.code == 0


def test_a_part_waits_for_those_before_it(tmp_path: Path) -> None:
    first = shell("first", f"sleep 0.2; touch {tmp_path}/done")

    _, results, _ = run([first, shell("second", f"test -e {tmp_path}/done", after=("first",))], tmp_path)

    assert outcomes(results) == {"first": "passed", "second": "passed"}


def test_output_is_passed_on_as_it_came(tmp_path: Path) -> None:
    script = r"head -c 300000 /dev/zero; printf '\377 no end of line'; echo error >&2; printf last"

    written: list[bytes] = []
    Runner([shell("loud", script)], tmp_path, written.append).run()

    assert b"".join(written) == "── loud\n".encode() + b"\0" * 300_000 + b"\xff no end of lineerror\nlast"


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -KILL $$", 137)])
def test_the_first_failure_ends_the_others_and_is_reported(tmp_path: Path, script: str, code: int) -> None:
    long = shell("long", f"echo $$ > {tmp_path}/pid; sleep 60 & echo $! > {tmp_path}/child; wait")
    until = f"until [ -s {tmp_path}/child ]; do sleep 0.02; done; echo bad; {script}"
    parts = [long, shell("bad", until), shell("shown", "sleep 60"), shell("next", "true", after=("bad",))]

    runner, results, written = run(parts, tmp_path)

    assert runner.code == code
    assert outcomes(results) == {"long": "stopped", "bad": "failed", "shown": "stopped", "next": "not run"}
    assert written.endswith("── bad\nbad\n")
    for file in ("pid", "child"):
        assert ended(int((tmp_path / file).read_text()))


def ended(process: int) -> bool:
    """Returns whether a process is gone within seconds: a killed one may have nobody to wait for it at once."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        done = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
        if done.stdout.strip()[:1] in {"", "Z"}:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_the_parts_clean_up(tmp_path: Path, number: int, code: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", RUN, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    lines = [process.stdout.readline(), process.stdout.readline()]
    process.send_signal(number)
    lines += process.communicate(timeout=60)[0].splitlines()

    assert process.returncode == code
    assert lines[1] == "started\n"
    assert lines[2:] == [
        f"{signal.Signals(number).name}: the parts clean up; once more ends them at once",
        "cleaned up",
        "── b",
        "['stopped', 'stopped', 'not run']",
    ]


def test_a_second_signal_waits_for_nothing(tmp_path: Path) -> None:
    deaf = f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 0.1; done"
    signals = f"kill -INT {os.getpid()}; kill -TERM {os.getpid()}"
    tell = f"trap '' TERM; until [ -s {tmp_path}/pid ]; do sleep 0.02; done; {signals}"
    began = time.monotonic()

    runner, results, _ = run([shell("deaf", deaf), shell("tell", tell)], tmp_path)

    assert runner.code in {130, 143}
    assert results[0].outcome == "stopped"
    assert time.monotonic() - began < 30
    assert ended(int((tmp_path / "pid").read_text()))


def test_the_summary_has_parts_groups_of_tests_and_the_slowest(tmp_path: Path) -> None:
    report = tmp_path / "stack.xml"
    report.write_text(REPORT)
    log = tmp_path / "stack.log"
    stack = Result(Part("stack", ["false"], report=report), "failed", 1, 100.04, log)

    shown = summary([Result(Part("lint", ["true"]), "passed", 0, 1.0, log), stack], 100.5, slowest=2)

    assert shown.splitlines() == [
        "part              seconds",
        "lint                  1.0  passed",
        "stack               100.0  failed",
        "  integration         7.5",
        "  browser            90.2",
        "  faults              0.0",
        "all                 100.5",
        "",
        "the 2 slowest tests",
        "    90.25  tests/browser/test_journey.py::test_it",
        "     7.50  tests/integration/test_hub.py::test_slow[a]",
        "",
        "1 failed in stack",
        "  tests/faults/test_bad_input.py::test_quick",
        "    assert 3 == 4",
        f"stack failed with exit code 1; its output is in {log}",
    ]


@pytest.mark.parametrize("text", [None, "", "<testsuites><testsuite>"])
def test_a_report_that_was_never_finished_lists_no_tests(tmp_path: Path, text: str | None) -> None:
    report = tmp_path / "unit.xml"
    if text is not None:
        report.write_text(text)

    assert read_tests(report) == []


def test_a_real_report_is_understood(tmp_path: Path) -> None:
    part = fast_parts(tmp_path, ["--collect-only"])[-1]
    (tmp_path / "test_one.py").write_text("def test_one(): pass\n")
    options = [word for word in part.command[4:] if word not in {"tests/unit", "--collect-only"}]

    subprocess.run([*part.command[:4], "test_one.py", *options], cwd=tmp_path, check=True, capture_output=True)

    assert [test.name for test in read_tests(part.report)] == ["test_one.py::test_one"]


def test_the_stack_waits_for_the_images_and_the_images_for_nothing(tmp_path: Path) -> None:
    parts = {part.name: part for part in all_parts(tmp_path, [])}

    assert list(parts) == ["lint", "types", "arrows", "unit", "images", "spark", "beside", "stack"]
    assert parts["spark"].after == ("images",)
    assert parts["beside"].after == ("unit", "spark")
    assert parts["stack"].after == ("images",)
    assert not parts["images"].after
    assert not parts["unit"].after
