"""The processes of the hub's services: each with its environment, started again when it ends, ended with the group."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_hub import service_group
from sandbox_hub.service_group import Service, WebService, dump_services

SERVICE = """
import os, pathlib, sys, time
place = pathlib.Path(os.environ["PLACE"])
with place.open("a") as file:
    file.write(f"{os.getpid()} {os.environ.get('SANDBOX_SERVICES')} {os.environ['NAME']} {sys.argv[0]}\\n")
time.sleep(60)
"""


@pytest.fixture
def group(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Two services that note each start of theirs."""
    (tmp_path / "sleeping_service.py").write_text(SERVICE)
    places = [tmp_path / name for name in ("one", "two")]
    services = [Service("sleeping_service", {"PLACE": str(place), "NAME": place.name}) for place in places]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    quick = "from sandbox_hub import service_group as g; g._import_shared = lambda: None; g.main()"
    process = subprocess.Popen([sys.executable, "-c", quick], env={**environment, **dump_services(services)})
    yield process, tmp_path
    process.kill()
    process.wait()


def starts(file: Path, number: int) -> list[list[str]]:
    """Waits until a service has started so often, and returns what each start has noted."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        lines = [line.split(" ") for line in file.read_text().splitlines()] if file.exists() else []
        if len(lines) >= number:
            return lines
        time.sleep(0.05)
    raise AssertionError(f"{file.name} has not started {number} times")


def is_there(pid: str) -> bool:
    return Path(f"/proc/{pid}").exists()


def gone(pid: str) -> bool:
    until = time.monotonic() + 10
    while is_there(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not is_there(pid)


def test_each_has_its_own_environment_and_starts_again(group: tuple[subprocess.Popen[bytes], Path]) -> None:
    _, folder = group
    (one,), (two,) = starts(folder / "one", 1), starts(folder / "two", 1)
    assert (one[1:], two[1:]) == (["None", "one", "sleeping_service"], ["None", "two", "sleeping_service"])
    os.kill(int(one[0]), signal.SIGKILL)
    again = starts(folder / "one", 2)[-1]
    assert again[0] != one[0]
    assert is_there(two[0]), "the other goes on"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_they_end_with_the_group(group: tuple[subprocess.Popen[bytes], Path], number: signal.Signals) -> None:
    process, folder = group
    pids = [starts(folder / name, 1)[0][0] for name in ("one", "two")]
    process.send_signal(number)
    process.wait(20)
    assert all(map(gone, pids))


def test_a_web_service_is_told_what_the_hub_tells_its_own() -> None:
    service = WebService("runs", "sandbox_hub.runs.service", 8012, "s3cret", environment={"A": "b"})
    of_hub, process = service.of_hub(), service.process()
    known = process.environment
    assert known["JUPYTERHUB_API_TOKEN"] == of_hub["api_token"] != "s3cret"
    assert of_hub["url"] == known["JUPYTERHUB_SERVICE_URL"] == "http://127.0.0.1:8012"
    assert known["JUPYTERHUB_SERVICE_PREFIX"] == "/services/runs/"
    assert known["JUPYTERHUB_CLIENT_ID"] == "service-runs"
    assert known["JUPYTERHUB_OAUTH_CALLBACK_URL"] == "/services/runs/oauth_callback"
    assert json.loads(known["JUPYTERHUB_OAUTH_ACCESS_SCOPES"])[-1] == "access:services!service=runs"
    assert known["A"] == "b"
    assert of_hub["api_token"] not in repr((service, process))
    other = WebService("shelf", "x", 1, "s3cret", "http://shelf.example/services/shelf/")
    assert other.of_hub()["api_token"] != of_hub["api_token"]
    assert other.process().environment["JUPYTERHUB_PUBLIC_URL"] == "http://shelf.example/services/shelf/"


def test_what_is_shared_is_none_of_the_hubs_own_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """They read the environment of their service when they are imported."""
    probe = (
        "import sys; from sandbox_hub import service_group as g; g._import_shared();"
        "print(sorted(m for m in sys.modules if m.startswith('sandbox_hub')))"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run([sys.executable, "-c", probe], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['sandbox_hub', 'sandbox_hub.service_group']"
    assert service_group.LIST == "SANDBOX_SERVICES"
