"""This machine as an installer sees it: which system, how to act as root, what was run and what it printed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sandbox_cli.errors import EngineError
from sandbox_cli.stack.engine.discovery import PAGE

_QUIET = {
    "DEBIAN_FRONTEND": "noninteractive",
    "NEEDRESTART_SUSPEND": "1",
    "APT_LISTCHANGES_FRONTEND": "none",
    "LC_ALL": "C.UTF-8",
}
_PROXY = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Distribution:
    """The operating system's name and major version, e.g. `debian` 12; version 0 is an unreleased one."""

    id: str
    version: int
    name: str


class Host:
    """Runs commands as root and writes what they print to a log file."""

    def __init__(self, log: Path) -> None:
        self.log = log

    @cached_property
    def distribution(self) -> Distribution:
        """What /etc/os-release says."""
        return read_os_release(Path("/etc/os-release"))

    @cached_property
    def root_prefix(self) -> list[str] | None:
        """What to put before a command so that it runs as root without asking; None where that can't be done."""
        if os.geteuid() == 0:
            return []
        if shutil.which("sudo") is None:
            return None
        done = subprocess.run(["sudo", "-n", "true"], capture_output=True, timeout=20, check=False)
        keep = ",".join([*_QUIET, *_PROXY, "PATH"])
        return ["sudo", "-n", f"--preserve-env={keep}"] if done.returncode == 0 else None

    @property
    def systemd(self) -> bool:
        """Whether systemd is process 1."""
        return Path("/run/systemd/system").is_dir()

    def program(self, name: str) -> str | None:
        """Returns the path of a program, also of one that only root has on its PATH."""
        return shutil.which(name) or shutil.which(name, path=_SYSTEM_PATH)

    def packages(self, *names: str) -> set[str]:
        """Returns which of the packages are installed."""
        status = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names]
        done = subprocess.run(status, capture_output=True, text=True, timeout=60, check=False)
        return {line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")}

    def read(self, argv: list[str]) -> str:
        """Runs a command that changes nothing, as the current user, and returns its stdout; empty when it fails."""
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        return done.stdout if done.returncode == 0 else ""

    def root(self, argv: list[str], *, content: str | None = None, seconds: float = 900) -> None:
        """Runs a command as root; its output goes to the log.

        Raises:
            EngineError: It failed or took too long; with the tail of what it printed.
        """
        code, output = self.attempt(argv, content=content, seconds=seconds)
        if code != 0:
            tail = "\n  ".join(output.strip().splitlines()[-8:])
            raise EngineError(f"`{' '.join(argv)}` ended with {code}:\n  {tail}", hint=f"{self.log}; {PAGE}")

    def attempt(
        self, argv: list[str], *, content: str | None = None, seconds: float = 900, stop_on_interrupt: bool = False
    ) -> tuple[int, str]:
        """Like `root`, but returns the exit code (124: took too long) and the output instead of raising.

        Ctrl-C leaves the command to finish, since an apt that is killed leaves a broken machine behind, unless
        `stop_on_interrupt`.
        """
        if self.root_prefix is None:
            raise EngineError(f"`{argv[0]}` needs root, and `sudo` would ask for a password.", hint=f"see {PAGE}")
        # `timeout` and not Python's own: it runs as root itself, so it may stop what sudo started; and it leaves this
        # process group, so Ctrl-C reaches only this process.
        limited = [*self.root_prefix, "timeout", "--kill-after=15", str(seconds), *argv]
        process = subprocess.Popen(
            limited,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=root_environment(os.environ),
        )
        try:
            output, _ = process.communicate(content or "")
        except KeyboardInterrupt:
            if stop_on_interrupt:
                self.attempt(["kill", "-TERM", str(process.pid)], seconds=10)
                process.wait(30)
            raise
        self._record(argv, process.returncode, output)
        return process.returncode, output

    def write(self, path: str, content: str) -> None:
        """Writes a system file, readable by all."""
        self.root(["mkdir", "-p", str(Path(path).parent)])
        self.root(["sh", "-c", 'cat >"$0"', path], content=content)
        self.root(["chmod", "0644", path])

    def _record(self, argv: list[str], code: int, output: str) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(argv)}\n{output.rstrip()}\n[{code}]\n")


def root_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment for a command run as root: no dialogs, every system directory on the PATH."""
    path = environ.get("PATH", "")
    return {**environ, **_QUIET, "PATH": f"{path}:{_SYSTEM_PATH}" if path else _SYSTEM_PATH}


def read_os_release(path: Path) -> Distribution:
    """Reads an os-release file; anything that is not Linux is its platform's name."""
    if not path.exists():
        return Distribution(sys.platform, 0, sys.platform)
    pairs = [line.partition("=") for line in path.read_text(encoding="utf-8").splitlines() if "=" in line]
    values = {key: value.strip().strip("\"'") for key, _, value in pairs}
    major = values.get("VERSION_ID", "").partition(".")[0]
    name = values.get("PRETTY_NAME") or values.get("ID", "Linux")
    return Distribution(values.get("ID", "linux"), int(major) if major.isdigit() else 0, name)
