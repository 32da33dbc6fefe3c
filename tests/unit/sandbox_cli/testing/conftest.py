"""A test session of another repository, with a checkout whose command only writes down what it is called with."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

COMMAND = f"""#!{sys.executable}
import os, pathlib, shutil, sys, time
home, stack = pathlib.Path(os.environ["SANDBOX_STATE_DIR"]), os.environ["SANDBOX_STACK"]
def note(text):
    with open(os.environ["CALLS"], "a") as file:
        file.write(f"{{stack}} {{text}}\\n")
verb = sys.argv[1]
note(" ".join(sys.argv[1:]))
if (pathlib.Path(os.environ["CALLS"]).parent / f"no-{{verb}}").exists():
    sys.exit(f"error: no {{verb}} today")
try:
    if verb == "up":
        print("[engine] …", file=sys.stderr)
        (home / stack).mkdir()
        time.sleep(float(os.environ.get("UP_SECONDS", "0")))
        note("is up")
    if verb == "export":
        pathlib.Path(sys.argv[3]).write_text("a bundle")
    if verb == "reset":
        shutil.rmtree(home / stack, ignore_errors=True)
except KeyboardInterrupt:
    note("interrupted")
    sys.exit(130)
"""
PLUGINS = ("sandbox_cli.pytest_plugin", "spark_etl.testing.plugin")
ROOT = Path(__file__).resolve().parents[4]


@dataclass(frozen=True)
class OtherRepository:
    """A repository whose tests use the plugin."""

    folder: Path

    @property
    def stacks(self) -> Path:
        """Where the state folders of its stacks are."""
        return self.folder / "state" / "sandbox" / ".pytest"

    def calls(self) -> list[str]:
        """Returns what the command was called with: the stack, and the arguments."""
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def verbs(self) -> list[str]:
        """Returns the verbs of these calls."""
        return [call.split()[1] for call in self.calls()]

    def left(self) -> list[str]:
        """Returns what is left of stacks."""
        return sorted(path.name for path in self.stacks.iterdir()) if self.stacks.exists() else []

    def start(self, *options: str, tests: str, **env: str) -> subprocess.Popen[str]:
        """Starts pytest over some tests."""
        (self.folder / "test_it.py").write_text(tests)
        paths = os.pathsep.join([str(ROOT), str(ROOT / "spark")])
        own = {
            "CALLS": str(self.folder / "calls"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": paths,
            "SANDBOX_HOME": str(self.folder / "checkout"),
            "XDG_STATE_HOME": str(self.folder / "state"),
        }
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("SANDBOX_", "PYTEST_"))
        }
        plugins = [word for name in PLUGINS for word in ("-p", name)]
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *plugins, "-p", "no:cacheprovider", "test_it.py", *options],
            cwd=self.folder,
            env={**environment, **own, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *options: str, tests: str, **env: str) -> tuple[int, str]:
        """Runs pytest over some tests, and returns its exit code and what it said."""
        process = self.start(*options, tests=tests, **env)
        out = process.communicate(timeout=120)[0]
        return process.returncode, out


@pytest.fixture
def repository(tmp_path: Path) -> OtherRepository:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "compose.yaml").touch()
    (checkout / "sandbox").write_text(COMMAND)
    (checkout / "sandbox").chmod(0o755)
    (tmp_path / "pytest.ini").write_text("[pytest]\nsandbox_workers = 3\nsandbox_services = connect mail\n")
    return OtherRepository(tmp_path)
