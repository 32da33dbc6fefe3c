"""`up` dies at its stages; the next `up` carries on from whatever it left."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from sandbox_cli.console import Console
from sandbox_cli.settings import Settings
from sandbox_cli.stack.engine import connection
from sandbox_cli.stack.session import Session
from tests.support.engine import Containers, client
from tests.support.sandbox import HOME_LIMIT, Sandbox

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


def leave_unjoined(sandbox: Sandbox, service: str) -> None:
    """Leaves a service as a kill does in the moment between its container and the network with its published port."""
    for container in Containers(sandbox.stack).of(service):
        container.remove(force=True)
    settings = Settings(stack=sandbox.stack, state_home=sandbox.state_home)
    compose = Session(connection.connect(Console(), settings), settings).compose
    environment = {**compose.environment(), **sandbox.environment, "SANDBOX_HOME_LIMIT": HOME_LIMIT}
    subprocess.run(compose.argv("create", "--no-build", service), env=environment, check=True)
    client().networks.get(f"{sandbox.stack}_edge").disconnect(f"{sandbox.stack}-{service}-1")


def test_up_carries_on_after_being_interrupted_at_each_stage_that_starts_something(fresh_sandbox: Sandbox) -> None:
    code, shown = kill_at(fresh_sandbox, "stack", how=signal.SIGINT, after=1.5)
    assert code == 130, f"Ctrl-C: {shown}"
    assert "Traceback" not in shown
    for stage in ("stack", "provision"):
        kill_at(fresh_sandbox, stage, how=signal.SIGKILL, after=0.7)
    leave_unjoined(fresh_sandbox, "hub")
    for stage in ("sample", "smoke test"):
        kill_at(fresh_sandbox, stage, how=signal.SIGKILL, after=0.7)

    done = fresh_sandbox(*LIGHT, "--json", timeout=600)

    assert done.json["smoke_test"]["checkpoint"], "a server, its kernel, an executor, and a checkpoint of the sample"
    assert fresh_sandbox("status", "--json").json["services"], done
    left = [str(container.name) for container in Containers(fresh_sandbox.stack).all()]
    assert not [name for name in left if "-driver-" in name], left
