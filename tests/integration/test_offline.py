"""Once the images are there, `up` needs no network at all."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support import logs, offline
from tests.support.engine import client
from tests.support.sandbox import ROOT, Sandbox


@pytest.mark.disrupts
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has network namespaces to cut the network in")
def test_up_with_the_network_cut(stack: Sandbox) -> None:
    assert offline.possible(), "this user may not make a network namespace: run as root, or allow user namespaces"
    ports = [stack.port("hub"), stack.port("s3")]
    stack("down")
    started = logs.now()

    with tempfile.TemporaryDirectory() as folder, offline.host_side(Path(folder), ports):
        argv = offline.command(Path(folder), ports, [sys.executable, "-m", "sandbox_cli.app", "up", "--json"])
        done = subprocess.run(argv, cwd=ROOT, env=stack.env(), capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stderr[-5000:]
    events = client().events(since=int(started.timestamp()), until=int(logs.now().timestamp()), decode=True)
    assert not [event for event in events if event.get("Type") == "image" and event["Action"] == "pull"]
