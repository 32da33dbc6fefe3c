"""Finds a Chromium, or installs Debian's the way the engine is installed: as root or with passwordless sudo."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
PLACES = (
    "/usr/lib/chromium/chromium",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
BY_HAND = (
    "no Chromium found, and it can be installed here only by hand. Debian: `sudo apt-get install chromium`; "
    "Ubuntu, Fedora, macOS: install Google Chrome or Chromium, or name one by SANDBOX_CHROMIUM=/path/to/chrome"
)


def find() -> str | None:
    """Returns the path of a Chromium or Chrome, None when there is none."""
    named = os.environ.get("SANDBOX_CHROMIUM")
    if named:
        return named
    for name in NAMES:
        found = shutil.which(name)
        if found and not Path(found).resolve().is_relative_to("/snap"):
            return found
    return next((place for place in PLACES if Path(place).exists()), None)


def install() -> str:
    """Installs Debian's Chromium and returns its path; fails with how to do it by hand."""
    as_root = root_prefix()
    if not is_debian() or as_root is None:
        raise AssertionError(BY_HAND)
    with (Path(tempfile.gettempdir()) / "sandbox-test-chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another part of the tests may need it, too
        return find() or _install(as_root)


def _install(as_root: Sequence[str]) -> str:
    print("installing Debian's chromium, which the browser journey needs …")
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]):
        done = subprocess.run(
            [*as_root, *environment, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:]}\n{BY_HAND}"
    found = find()
    assert found, BY_HAND
    return found


def is_debian() -> bool:
    """Returns whether this is Debian itself: Ubuntu's package is an empty one that wants snap."""
    return platform.system() == "Linux" and platform.freedesktop_os_release().get("ID") == "debian"


def root_prefix() -> list[str] | None:
    """Returns what to put before a command that needs root; None when it can't be had without a question."""
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    done = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n"] if done.returncode == 0 else None


def flags() -> list[str]:
    """Returns the switches for a machine without a screen, and without calls to anywhere but the stack."""
    switches = [
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-sync",
        "--metrics-recording-only",
        "--no-first-run",
        "--no-default-browser-check",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost , EXCLUDE *.localhost",
    ]
    return [*switches, "--no-sandbox"] if os.geteuid() == 0 else switches
