"""The machine, the state folder or the images are not as `up` left them."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator

import pytest

from tests.support.engine import Containers, client
from tests.support.sandbox import Sandbox

pytestmark = [pytest.mark.disrupts, pytest.mark.timeout(900)]


@pytest.fixture
def taken_ports() -> Iterator[set[int]]:
    """The ports that the sandbox would like best, held by somebody else."""
    sockets = []
    for port in (8000, 9000):
        holder = socket.socket()
        try:
            holder.bind(("127.0.0.1", port))
            holder.listen()
        except OSError:
            holder.close()
            continue
        sockets.append(holder)
    yield {8000, 9000}
    for holder in sockets:
        holder.close()


def test_a_secrets_file_that_others_can_read_is_refused(stack: Sandbox) -> None:
    secrets = stack.state / "secrets.json"
    secrets.chmod(0o644)
    try:
        done = stack.try_("up", "--json")
    finally:
        secrets.chmod(0o600)

    assert done.exit_code == 2, str(done)
    assert "secrets.json" in done.err
    assert "chmod" in done.err


def test_credentials_in_the_volume_that_are_not_those_of_the_state_folder(stack: Sandbox) -> None:
    """Somebody lost the state folder: the stack's data is there, its keys are not."""
    secrets = stack.state / "secrets.json"
    kept = secrets.read_bytes()
    stack("down")
    changed = {**json.loads(kept), "minio_root_password": "somebody-elses-password"}
    secrets.write_text(json.dumps(changed))
    try:
        done = stack.try_("up", "--json", timeout=240)
    finally:
        secrets.write_bytes(kept)
        secrets.chmod(0o600)
        stack("up", "--json", timeout=240)

    # MinIO takes its root credentials from its configuration at each start, so the change may also simply hold.
    assert done.exit_code in {0, 4}, str(done)
    if done.exit_code:
        assert "secrets.json" in done.err, str(done)
        assert "reset" in done.err, str(done)


def test_a_lost_state_folder_is_told(stack: Sandbox) -> None:
    stack("down")
    aside = stack.state.with_name(f"{stack.stack}-aside")
    stack.state.rename(aside)
    try:
        done = stack.try_("up", "--json", timeout=240)
    finally:
        if stack.state.exists():
            stack.try_("down")
            shutil.rmtree(stack.state)
        aside.rename(stack.state)
        stack("up", "--json", timeout=240)

    assert done.exit_code in {0, 4}, str(done)
    if done.exit_code:
        assert "next:" in done.err, str(done)


def test_an_image_that_somebody_deleted_is_built_again(stack: Sandbox) -> None:
    image = Containers(stack.stack).one("mail").image
    tag = next(tag for tag in image.tags if tag.startswith("sandbox/mail:"))
    stack("down")
    client().images.remove(tag, force=True)

    report = stack("up", "--json", timeout=600).json

    assert client().images.get(tag)
    assert "mail" in json.dumps(report)


def test_a_full_disk_is_told_before_anything_is_built(fresh_sandbox: Sandbox) -> None:
    done = fresh_sandbox.try_("up", "--json", env={"SANDBOX_MIN_FREE_GB": "1000000"}, timeout=60)

    assert done.exit_code == 4, str(done)
    assert "disk" in done.err
    assert "1000000" in done.err
    assert not Containers(fresh_sandbox.stack).all()


def test_taken_ports_are_replaced_and_said(stack: Sandbox, taken_ports: set[int], fresh_sandbox: Sandbox) -> None:
    light = ("up", "--json", "--workers", "1", "--without", "history,mail", "--no-sample", "--no-proof")
    done = fresh_sandbox(*light, timeout=300)

    assert {fresh_sandbox.port("hub"), fresh_sandbox.port("s3")}.isdisjoint(taken_ports)
    assert "8000" in done.err, "a taken port is said aloud"
    first = fresh_sandbox.port("hub")
    fresh_sandbox("down")
    fresh_sandbox(*light, timeout=300)
    assert fresh_sandbox.port("hub") == first, "and its replacement is remembered"
