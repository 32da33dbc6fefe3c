"""A stack that version 0.1.0 made and stopped, put back under another name."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

from tests.support.engine import COMPOSE_PROJECT, client
from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox

SAMPLE = Path(__file__).parents[1] / "samples" / "version_0_1_0"
OF_COMPOSE = {"s3-data", "hub-data", "team"}
STACK = "test-00010000"  # its name in the hub's database: as long as that of any test stack, which takes its place
SUCCEEDED, FAILED = "20261130T150521Z-d65cc5", "20261130T150605Z-e8be55"


def put_back(sandbox: Sandbox, image: str) -> None:
    """Makes the volumes and the state folder of the sample, as if this stack had been made by it.

    Args:
        sandbox: A stack of which there is nothing yet.
        image: Any image that exists: a container of it is made, and never started, to fill the volumes.
    """
    shutil.copytree(SAMPLE / "state", sandbox.state, dirs_exist_ok=True, ignore=shutil.ignore_patterns("ports.json"))
    for path in sandbox.state.glob("*.json"):
        path.chmod(0o600)
    for file in sorted((SAMPLE / "volumes").glob("*.tar.gz")):
        content = gzip.decompress(file.read_bytes()).replace(STACK.encode(), sandbox.stack.encode())
        _fill(sandbox.stack, file.name.removesuffix(".tar.gz"), content, image)


def _fill(stack: str, name: str, content: bytes, image: str) -> None:
    labels = {"sandbox.stack": stack}
    if name in OF_COMPOSE:
        labels = {COMPOSE_PROJECT: stack, "com.docker.compose.volume": name}
    is_home = name.startswith("home-")
    volume = f"{stack}-{name}" if is_home else f"{stack}_{name}"
    if is_home:
        labels["sandbox.user"] = name.removeprefix("home-")
    client().volumes.create(volume, labels=labels)
    filler = client().containers.create(image, ["true"], entrypoint="", volumes=[f"{volume}:/volume"], labels=labels)
    try:
        assert filler.put_archive("/", content)  # whose first entry is the volume itself
    finally:
        filler.remove(v=True)  # its image declares a volume


def has_all_of_it(sandbox: Sandbox) -> None:
    """Fails unless runs, checkpoints, accounts, homes and the shelf are what the sample had."""
    listed = sandbox("runs", "list", "--team", "sandbox", "--pipeline", "shop", "--json").json
    assert [(run["run_id"], run["status"]) for run in listed] == [(FAILED, "failed"), (SUCCEEDED, "succeeded")]
    assert "KeyError: 'JPY'" in sandbox("runs", "show", FAILED).out
    assert "whole, 2 checkpoints" in sandbox("runs", "verify", SUCCEEDED).out
    plan = sandbox("gc", "--dry-run", "--keep-last", "0", "--older-than", "0d", "--json").json["plan"]
    assert [(run["name"], run["by"]) for run in plan["runs"] if not run["goes"]] == [(SUCCEEDED, ["engineer/rates/v1"])]
    for name in ("ada", "engineer"):
        with HubClient(sandbox.port("hub")) as user:
            user.login(name, sandbox.password(name)).start_server()
            note = user.lab("GET", "/contents/work/note.txt").json()["content"]
            assert note == f"of {name}"
            page = user.http.get("/services/shelf/engineer/rates")
            assert page.status_code == 200
            assert SUCCEEDED in page.text
