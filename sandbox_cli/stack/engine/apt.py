"""apt, used unattended: waits for locks, asks nothing, removes nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sandbox_cli.stack.engine.host import Host

LOCK_SECONDS = 300
_LOCKED = "Could not get lock"
_INSTALL = ["-y", "-q", "--no-install-recommends", "--no-remove", "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}"]
_OPTIONS = ["-o", "Dpkg::Options::=--force-confold", "-o", "Acquire::Retries=3", "-o", "Dpkg::Use-Pty=0"]
_FORMAT = "$(REPO_URI)|$(CODENAME)|$(COMPONENT)|$(LABEL)"
KEYRING = "debian-archive-keyring"
DEBIAN_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class AptSource:
    """One package source of this machine's apt."""

    uri: str
    codename: str
    component: str
    label: str


def update(host: Host) -> None:
    """Reads the package lists anew.

    A source that doesn't answer is no reason to stop: if a package can't be had because of it, `install` says so.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        code, output = host.attempt(["apt-get", "update", "-q", *_OPTIONS])
        if code == 0 or _LOCKED not in output or time.monotonic() > deadline:
            return
        time.sleep(2)  # apt-get update itself doesn't wait for its lock


def install(host: Host, packages: list[str]) -> None:
    """Installs packages; `name/suite` takes that one package from that suite and its needs from the usual one.

    Raises:
        EngineError: apt failed, would have had to remove a package, or waited too long for its lock.
    """
    host.root(["apt-get", "install", *_INSTALL, *_OPTIONS, *packages], seconds=1800)


def sources(host: Host) -> list[AptSource]:
    """Returns the package sources that apt is configured with and has read."""
    listed = host.read(["apt-get", "indextargets", "--format", _FORMAT, "Created-By: Packages"])
    rows = [line.split("|") for line in listed.splitlines()]
    return [AptSource(*row) for row in rows if len(row) == 4 and row[0] and not row[0].startswith("cdrom:")]


def mirror(host: Host, *, label: str = "Debian") -> str | None:
    """Returns the address of the mirror this machine takes Debian packages from; None if it has none."""
    found = [source.uri for source in sources(host) if source.label == label and source.component == "main"]
    return found[0].rstrip("/") if found else None
