"""`up` dies at its stages; the next `up` carries on from whatever it left."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.support.engine import Containers
from tests.support.sandbox import Sandbox

LIGHT = ("up", "--workers", "1", "--without", "history,mail")
pytestmark = [pytest.mark.disrupts, pytest.mark.timeout(1200)]


def kill_at(sandbox: Sandbox, stage: str, *, how: signal.Signals, after: float) -> tuple[int, str]:
    """Starts `up`, sends it a signal `after` seconds into a stage, and returns how it ended and what it said."""
    lines = []
    with sandbox.running(*LIGHT) as process:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line)
            if line.startswith(f"[{stage}] …"):
                time.sleep(after)
                os.killpg(process.pid, how)
                break
        else:
            raise AssertionError(f"`up` never came to stage {stage}:\n{''.join(lines)}")
        rest = process.communicate(timeout=60)[1]
    return process.returncode, "".join(lines) + rest


def test_up_carries_on_after_being_interrupted_at_each_stage_that_starts_something(fresh_sandbox: Sandbox) -> None:
    code, shown = kill_at(fresh_sandbox, "stack", how=signal.SIGINT, after=1.5)
    assert code == 130, f"Ctrl-C: {shown}"
    assert "Traceback" not in shown
    for stage in ("stack", "provision", "sample", "smoke test"):
        kill_at(fresh_sandbox, stage, how=signal.SIGKILL, after=0.7)

    done = fresh_sandbox(*LIGHT, "--json", timeout=600)

    assert done.json["smoke_test"]["checkpoint"], "a server, its kernel, an executor, and a checkpoint of the sample"
    assert fresh_sandbox("status", "--json").json["services"], done
    left = [str(container.name) for container in Containers(fresh_sandbox.stack).all()]
    assert not [name for name in left if "-driver-" in name], left
