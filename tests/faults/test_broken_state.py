"""The machine, the state folder or the images are not as `up` left them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.engine import Containers, client
from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox

pytestmark = [pytest.mark.disrupts, pytest.mark.timeout(900)]


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


@dataclass(frozen=True)
class Restored:
    """What there was before the losses, and what the `up` after them reported."""

    runs: list[str]
    password: str
    root_password: str
    image: str
    report: dict[str, Any]


@pytest.fixture(scope="module")
def restored_stack(stack: Sandbox) -> Restored:
    """The stack after its state folder and one of its images were lost while it was down."""
    image = Containers(stack.stack).one("mail").image
    tag = next(tag for tag in image.tags if tag.startswith("sandbox/mail:"))
    before = runs_of(stack), stack.password("engineer"), stack.secret("minio_root_password")
    aside = stack.state.with_name(f"{stack.stack}-aside")
    stack("down")
    stack.state.rename(aside)
    client().images.remove(tag, force=True)
    try:
        report = stack("up", "--json", timeout=600).json
        shutil.copy(aside / "up.json", stack.state)
    finally:
        shutil.rmtree(aside)
    return Restored(*before, tag, report)


def runs_of(stack: Sandbox) -> list[str]:
    """Returns the ids of all runs, read with the state folder's credentials."""
    return [run["run_id"] for run in stack("runs", "list", "--json").json]


def test_a_lost_state_folder_costs_the_passwords_and_nothing_else(stack: Sandbox, restored_stack: Restored) -> None:
    """MinIO takes root's password at each start, and the S3 users in its volume do not depend on it."""
    assert restored_stack.report["smoke_test"], "a server, its kernel, an executor and a checkpoint, with new secrets"
    assert stack.secret("minio_root_password") != restored_stack.root_password
    assert runs_of(stack) == restored_stack.runs
    assert stack.password("engineer") != restored_stack.password
    with HubClient(stack.port("hub")) as browser:
        browser.login("engineer", stack.password("engineer"))


def test_an_image_that_somebody_deleted_is_built_again(restored_stack: Restored) -> None:
    assert client().images.get(restored_stack.image)
    assert restored_stack.report["images"]["mail"]["built"]


def test_a_full_disk_is_reported_before_anything_is_built(fresh_sandbox: Sandbox) -> None:
    done = fresh_sandbox.try_("up", "--json", env={"SANDBOX_MIN_FREE_GB": "1000000"}, timeout=60)

    assert done.exit_code == 4, str(done)
    assert "disk" in done.err
    assert "1000000" in done.err
    assert not Containers(fresh_sandbox.stack).all()
