import threading
import time
from pathlib import Path

import pytest

from sandbox_cli.errors import StackError
from sandbox_cli.stack.images import build
from sandbox_cli.stack.images.build import Builds, Job, Network, command, environment
from sandbox_cli.stack.images.context import Recipe
from sandbox_cli.stack.images.progress import BuildProgress


class Silent:
    live = False

    def update(self, detail: str) -> None: ...

    def line(self, detail: str) -> None: ...


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub/Dockerfile").write_text("FROM scratch")
    return Job(
        Recipe("hub", "base", "hub"), "sandbox/hub:1", "sandbox/base:1", tmp_path, tmp_path / "logs/build-hub.log"
    )


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a `docker` on the PATH that does what a test has set."""

    def become(script: str) -> None:
        path = tmp_path / "bin/docker"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return become


@pytest.fixture
def builds(tmp_path: Path) -> Builds:
    return Builds(environment({"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}), Network({}, []), BuildProgress(Silent()))


def test_a_build_gets_its_context_and_keeps_its_log(docker, builds: Builds, job: Job) -> None:
    docker("tar -t; echo; echo BUILDKIT=$DOCKER_BUILDKIT")
    builds.run(job)
    assert job.log.read_text() == "Dockerfile\n\nBUILDKIT=1\n"


def test_a_failure_names_image_exit_code_last_lines_and_log(docker, builds: Builds, job: Job) -> None:
    docker("cat >/dev/null; for n in $(seq 40); do echo line $n; done; exit 7")
    with pytest.raises(StackError) as caught:
        builds.run(job)
    assert "`hub` failed with exit code 7" in caught.value.message
    assert "line 40" in caught.value.message
    assert "line 20\n" not in caught.value.message
    assert str(job.log) in str(caught.value.hint)


def test_stop_ends_a_build_and_what_it_started(docker, builds: Builds, job: Job, tmp_path: Path) -> None:
    docker(f"cat >/dev/null; sleep 60 & echo $! > {tmp_path}/child; wait")
    thread = threading.Thread(target=builds.run, args=[job])
    thread.start()
    child = tmp_path / "child"
    until(lambda: child.exists() and child.read_text().strip())
    builds.stop()
    thread.join(5)
    assert not thread.is_alive()
    state = Path(f"/proc/{child.read_text().strip()}/stat")
    until(lambda: not state.exists() or ") Z" in state.read_text())


def test_nothing_begins_after_stop(docker, builds: Builds, job: Job) -> None:
    docker("echo began")
    builds.stop()
    with pytest.raises(StackError, match="stopped"):
        builds.run(job)


def test_a_build_that_hangs_is_ended(docker, builds: Builds, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "SILENT_SECONDS", 0)
    docker("cat >/dev/null; sleep 60")
    failure: list[StackError] = []

    def run() -> None:
        try:
            builds.run(job)
        except StackError as error:
            failure.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: builds._running)
    builds.stop_silent()
    thread.join(5)
    assert "printed nothing for" in failure[0].message


def test_no_value_of_the_network_is_in_the_command_line(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:word@proxy:3128")
    argv = " ".join(command(job, Network.prepare(tmp_path / "build")))
    assert "word" not in argv
    assert f"id=proxy,src={tmp_path}/build/proxy" in argv
    assert (tmp_path / "build/proxy").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "build").stat().st_mode & 0o777 == 0o700


def test_a_plain_proxy_is_passed_by_name(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    argv = command(job, Network.prepare(tmp_path / "build"))
    assert argv[argv.index("HTTPS_PROXY") - 1] == "--build-arg"
    assert not (tmp_path / "build/proxy").exists()


def test_a_builder_of_the_users_own_is_not_used() -> None:
    assert environment({"BUILDX_BUILDER": "mine"})["BUILDX_BUILDER"] == "default"


def until(true) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
