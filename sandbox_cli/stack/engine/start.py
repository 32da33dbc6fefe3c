"""Starting an installed engine: by systemd where that is process 1, else as a process that outlives the command."""

from __future__ import annotations

import time
from pathlib import Path

from docker.errors import DockerException

from sandbox_cli.errors import EngineError
from sandbox_cli.stack.engine.discovery import PAGE, SYSTEM_SOCKET, open_client
from sandbox_cli.stack.engine.host import Host

DAEMON_LOG = "/var/log/sandbox-dockerd.log"
START_SECONDS = 90
_PID_FILES = {"/var/run/docker.pid": "dockerd", "/var/run/docker/containerd/containerd.pid": "containerd"}


def describe(host: Host) -> str:
    """Returns what `start` will do, for the notice."""
    if host.systemd:
        return "start the engine, now and at every boot (systemctl enable --now docker)"
    return f"start the engine in the background (dockerd; it stays when this command ends; log: {DAEMON_LOG})"


def start(host: Host) -> None:
    """Starts the engine and waits until it answers.

    Raises:
        EngineError: It did not answer in time, or ended; with the tail of its log.
    """
    if host.systemd:
        host.root(["systemctl", "enable", "--now", "docker.service"], seconds=180)
    elif not running_processes("dockerd"):
        _remove_stale_pid_files(host)
        _launch(host)
    _wait(host)


def _launch(host: Host) -> None:
    """setsid: a session of its own, so neither Ctrl-C nor the end of this terminal reaches the daemon."""
    line = f"ulimit -n 1048576 2>/dev/null; setsid dockerd >>{DAEMON_LOG} 2>&1 </dev/null &"
    host.root(["sh", "-c", line], seconds=30)


def _remove_stale_pid_files(host: Host) -> None:
    """After a crash or a restored snapshot the number may be another program's, and dockerd refuses to start."""
    for path, name in _PID_FILES.items():
        if Path(path).exists() and not running_processes(name):
            host.root(["rm", "-f", path])


def _wait(host: Host) -> None:
    began = time.monotonic()
    while not _answers(host):
        waited = time.monotonic() - began
        ended = not host.systemd and waited > 3 and not running_processes("dockerd")
        if ended or waited > START_SECONDS:
            what = "ended at once" if ended else f"did not answer within {START_SECONDS} s"
            raise EngineError(f"The Docker engine was started but {what}:\n  {_log_tail(host)}", hint=f"see {PAGE}")
        time.sleep(0.2)


def _answers(host: Host) -> bool:
    address = f"unix://{SYSTEM_SOCKET}"
    try:
        open_client(address).close()
    except PermissionError:
        # The socket exists before the engine answers, so root has to ask; the next step gives this user access.
        return host.attempt(["docker", "--host", address, "version"], seconds=20)[0] == 0
    except (DockerException, OSError):
        return False
    return True


def _log_tail(host: Host) -> str:
    if host.systemd:
        lines = ["journalctl", "-u", "docker.service", "-n", "12", "--no-pager", "-o", "cat"]
    else:
        lines = ["tail", "-n", "12", DAEMON_LOG]
    return host.attempt(lines, seconds=30)[1].strip().replace("\n", "\n  ")


def running_processes(name: str, proc: Path = Path("/proc")) -> list[int]:
    """Returns the ids of the processes with that program name, but not those that have ended (zombies)."""
    found = []
    for entry in proc.glob("[0-9]*/stat"):
        try:
            program, _, rest = entry.read_text(encoding="utf-8").partition("(")[2].rpartition(")")
        except OSError:
            continue  # it has just ended
        if program == name and not rest.startswith(" Z"):
            found.append(int(entry.parent.name))
    return found
