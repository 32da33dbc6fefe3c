from pathlib import Path

import pytest

from sandbox_cli.errors import EngineError
from sandbox_cli.stack.engine import start
from tests.unit.sandbox_cli.stack.fake_host import FakeHost


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What the engine's socket says, one after the other; the last for good."""
    answers = [True]
    monkeypatch.setattr(start, "_answers", lambda host: answers.pop(0) if len(answers) > 1 else answers[0])
    monkeypatch.setattr(start, "running_processes", lambda name: [])
    monkeypatch.setattr(start.time, "sleep", lambda seconds: None)
    return answers


def test_systemd_starts_it_where_it_rules(answers) -> None:
    host = FakeHost(systemd=True)
    start.start(host)
    assert host.ran == ["systemctl enable --now docker.service"]


def test_elsewhere_it_is_a_process_of_its_own_with_a_log(answers) -> None:
    host = FakeHost()
    answers[:] = [False, False, True]
    start.start(host)
    (launched,) = [line for line in host.ran if "dockerd" in line]
    assert "setsid dockerd >>/var/log/sandbox-dockerd.log 2>&1 </dev/null &" in launched


def test_one_that_is_just_starting_is_waited_for(answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "running_processes", lambda name: [42])
    host = FakeHost()
    answers[:] = [False, True]
    start.start(host)
    assert host.ran == []


def test_a_pid_file_of_a_crashed_engine_is_removed(answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = tmp_path / "docker.pid"
    stale.write_text("1")
    monkeypatch.setattr(start, "_PID_FILES", {str(stale): "dockerd"})
    host = FakeHost()
    start.start(host)
    assert host.ran[0] == f"rm -f {stale}"


def test_one_that_ends_at_once_shows_its_log(answers, monkeypatch: pytest.MonkeyPatch) -> None:
    answers[:] = [False]
    seconds = iter(range(8))  # long before the 90 seconds are over
    monkeypatch.setattr(start.time, "monotonic", lambda: next(seconds))
    host = FakeHost()
    host.codes = {"tail -n": [(0, "failed to start daemon: no iptables")]}
    with pytest.raises(EngineError, match=r"ended at once:\n  failed to start daemon: no iptables"):
        start.start(host)


def test_one_that_never_answers_is_given_up(answers, monkeypatch: pytest.MonkeyPatch) -> None:
    answers[:] = [False]
    monkeypatch.setattr(start, "running_processes", lambda name: [42])
    seconds = iter(range(0, 1000, 10))
    monkeypatch.setattr(start.time, "monotonic", lambda: next(seconds))
    with pytest.raises(EngineError, match="did not answer within 90 s"):
        start.start(FakeHost())


@pytest.mark.parametrize(
    ("stat", "running"), [("7 (dockerd) S 1", True), ("7 (dockerd) Z 1", False), ("7 (do (ck) erd) S 1", False)]
)
def test_a_zombie_is_not_running(tmp_path: Path, stat: str, running: bool) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7/stat").write_text(stat)
    assert start.running_processes("dockerd", tmp_path) == ([7] if running else [])
