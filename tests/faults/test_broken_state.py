"""The machine, the state folder or the images are not as `up` left them."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator

import pytest

from tests.support.engine import Containers, client
from tests.support.hub import HubClient
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
    """MinIO takes root's password at each start, and the identities in its volume do not hang on it."""
    secrets, runs = stack.state / "secrets.json", runs_of(stack)
    kept = secrets.read_bytes()
    stack("down")
    secrets.write_text(json.dumps({**json.loads(kept), "minio_root_password": "somebody-elses-password"}))
    try:
        stack("up", "--json", timeout=240)
        assert runs_of(stack) == runs
    finally:
        secrets.write_bytes(kept)
        stack("up", "--json", timeout=240)


def test_a_lost_state_folder_costs_the_passwords_and_nothing_else(stack: Sandbox) -> None:
    runs, password, aside = runs_of(stack), stack.password("engineer"), stack.state.with_name(f"{stack.stack}-aside")
    stack("down")
    stack.state.rename(aside)
    try:
        stack("up", "--json", timeout=240)
        shutil.copy(aside / "up.json", stack.state)
    finally:
        shutil.rmtree(aside)

    assert runs_of(stack) == runs
    assert stack.password("engineer") != password
    with HubClient(stack.port("hub")) as browser:
        browser.login("engineer", stack.password("engineer"))


def runs_of(stack: Sandbox) -> list[str]:
    """Returns the ids of all runs, read with the state folder's credentials."""
    return [run["run_id"] for run in stack("runs", "list", "--json").json]


def test_an_image_that_somebody_deleted_is_built_again(stack: Sandbox) -> None:
    image = Containers(stack.stack).one("mail").image
    tag = next(tag for tag in image.tags if tag.startswith("sandbox/mail:"))
    stack("down")
    client().images.remove(tag, force=True)

    report = stack("up", "--json", timeout=600).json

    assert client().images.get(tag)
    assert report["images"]["mail"]["built"]


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
