"""What each container may do to the machine, and what can be learned from it: as little as it needs."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.engine import ASK_ONCE, Containers, addresses, client
from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox

SECRET_NAME = re.compile(r"password|secret|token", re.IGNORECASE)


@pytest.fixture
def with_server(engineer: HubClient, containers: Containers) -> Containers:
    """The stack with a user's server in it."""
    engineer.start_server()
    return containers


def test_no_container_runs_as_root(with_server: Containers) -> None:
    uids = {c.name: c.exec_run(["id", "-u"]).output.decode().strip() for c in with_server.all()}

    assert uids
    assert "0" not in uids.values(), uids


def test_no_process_has_a_capability_or_can_gain_one(with_server: Containers) -> None:
    for container in with_server.all():
        status = container.exec_run(["cat", "/proc/1/status"]).output.decode()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert int(fields["CapEff"], 16) == 0, container.name
        assert int(fields["CapBnd"], 16) == 0, container.name
        assert fields["NoNewPrivs"] == "1", container.name


def test_every_container_has_a_memory_limit_a_pids_limit_and_a_health_check(with_server: Containers) -> None:
    for container in with_server.all():
        host = container.attrs["HostConfig"]
        assert host["Memory"] > 0, container.name
        assert 0 < host["PidsLimit"] <= 4096, container.name
        assert not host["Privileged"], container.name
        assert container.attrs["Config"].get("Healthcheck"), container.name


def test_the_store_holds_less_than_what_it_collects_for(containers: Containers) -> None:
    """Over its soft limit, a Go process spends nearly all of its time collecting."""
    store = containers.one("minio")
    status = store.exec_run(["cat", "/proc/1/status"]).output.decode()
    held = int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) / 1024
    limit = int(store.exec_run(["printenv", "MINIO_MEMLIMIT"]).output.decode().strip().removesuffix("MiB"))

    assert held < 0.8 * limit, f"{held:.0f} MiB of {limit}"


def test_only_loopback_is_published(with_server: Containers) -> None:
    published = [address for container in with_server.all() for address in addresses(container)]

    assert len(published) == 2, published
    assert all(address.startswith("127.0.0.1:") for address in published), published


def test_the_docker_socket_is_in_one_container_only(with_server: Containers) -> None:
    holders = {
        container.labels.get("com.docker.compose.service", container.name)
        for container in with_server.all()
        for mount in container.attrs["Mounts"]
        if "docker.sock" in mount["Destination"] or "docker.sock" in (mount.get("Source") or "")
    }

    assert holders == {"docker-api"}


def test_only_the_hub_reaches_the_docker_api(with_server: Containers) -> None:
    probe = "import socket; socket.create_connection(('docker-api', 2375), timeout=3)"

    assert with_server.run("hub", "python3", "-c", probe).exit_code == 0
    for service in ("spark-master", "spark-worker", "spark-connect", "user-engineer"):
        assert with_server.run(service, "python3", "-c", probe, env=ASK_ONCE).exit_code != 0, service


def test_no_secret_is_in_what_docker_inspect_shows(stack: Sandbox, with_server: Containers) -> None:
    """Users' servers are the exception: DockerSpawner hands them their own keys by environment, and nobody else's."""
    secrets = json.loads((stack.state / "secrets.json").read_text())
    of_user = {"spark_connect_token", "spark_auth_secret"}
    for container in with_server.all():
        text = json.dumps(container.attrs)
        shown = {name for name, value in secrets.items() if str(value) in text}
        allowed = of_user if "-user-" in str(container.name) else set()
        assert shown <= allowed, (container.name, shown)


def test_no_secret_is_on_a_command_line(stack: Sandbox, with_server: Containers) -> None:
    secrets = json.loads((stack.state / "secrets.json").read_text())
    for container in with_server.all():
        for process in container.top(ps_args="axo pid,args")["Processes"]:
            shown = {name for name, value in secrets.items() if str(value) in " ".join(process)}
            assert not shown, (container.name, shown)


def test_no_secret_was_logged(stack: Sandbox, with_server: Containers) -> None:
    secrets = json.loads((stack.state / "secrets.json").read_text())
    passwords = {"admin password": stack.password("admin"), "engineer password": stack.password("engineer")}
    for container in with_server.all():
        log = container.logs().decode(errors="replace")
        shown = {name for name, value in {**secrets, **passwords}.items() if str(value) in log}
        assert not shown, (container.name, shown)


def test_no_secret_is_in_an_image(stack: Sandbox, with_server: Containers) -> None:
    secrets = json.loads((stack.state / "secrets.json").read_text())
    for image in {container.image.id for container in with_server.all()}:
        text = json.dumps(client().api.history(image)) + json.dumps(client().api.inspect_image(image))
        assert not {name for name, value in secrets.items() if str(value) in text}, image


def test_the_state_folder_is_its_owners_alone(stack: Sandbox) -> None:
    assert stack.state.stat().st_mode & 0o077 == 0
    for name in ("secrets.json", "accounts.json"):
        assert (stack.state / name).stat().st_mode & 0o777 == 0o600, name


def test_a_notebook_sees_no_other_secret_than_its_own(stack: Sandbox, with_server: Containers) -> None:
    seen = with_server.run("user-engineer", "sh", "-c", "env; cat /run/secrets/* 2>/dev/null; true").out

    for name in ("minio_root_password", "hub_cookie_secret", "hub_proxy_token", "hub_admin_token", "s3_identity_key"):
        assert stack.secret(name) not in seen, name
