"""The base image without a registry: debootstrap, Debian's security updates, and out with what no container reads."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox_cli.errors import EngineError, StackError
from sandbox_cli.stack.engine import apt
from sandbox_cli.stack.engine.host import Host
from sandbox_cli.stack.images import certificates

if TYPE_CHECKING:
    from sandbox_cli.console import Stage
    from sandbox_cli.settings import Settings
    from sandbox_cli.stack.engine.connection import Engine

SUITE = "trixie"
PAGE = "docs/engine.md"
_PREFIX = "sandbox-base-"
_PARENT = "/var/tmp"  # noqa: S108  not /tmp: that is often mounted nodev, where debootstrap can't make devices
_FALLBACK_SCRIPT = "/usr/share/debootstrap/scripts/sid"
_CA = "/sandbox-ca.pem"

# As in Debian's own slim images: packages installed later bring no documentation or translations either.
_DPKG = """path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/groff/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/locale/*
path-include /usr/share/locale/locale.alias
"""
_APT = 'Acquire::Languages "none";\nAPT::AutoRemove::SuggestsImportant "false";\n'
_UPGRADE = f"""set -e
ca=''; if [ -s {_CA} ]; then ca='-o Acquire::https::CAInfo={_CA}'; fi
apt-get $ca update -q
apt-get $ca dist-upgrade -y -q --no-install-recommends
apt-get clean
"""
_STRIP = f"""set -e
rm -rf {_CA} /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old /var/cache/ldconfig/* /tmp/* /var/tmp/*
rm -rf /usr/share/man/* /usr/share/info/* /usr/share/groff/* /usr/share/lintian/* /usr/share/locale/*/
find /usr/share/doc -mindepth 1 ! -type d ! -name copyright -delete
find /usr/share/doc -mindepth 1 -depth -type d -empty -delete
find /var/log -type f -delete
rm -f /etc/hostname /etc/resolv.conf /var/lib/dbus/machine-id
: > /etc/machine-id
"""


def recipe() -> list[str]:
    """Returns everything that decides what the image holds, for its tag."""
    return [SUITE, _DPKG, _APT, _UPGRADE, _STRIP]


def make(engine: Engine, settings: Settings, stage: Stage, ref: str) -> None:
    """Makes the image and imports it into the engine as `ref`.

    Raises:
        StackError: This machine can't make it: no Linux with root, or a step failed.
        EngineError: debootstrap is missing and could not, or may not, be installed.
    """
    host = Host(settings.state_dir / "logs" / "build-base.log")
    _check(host)
    _ensure_debootstrap(host, settings, stage)
    work = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_PARENT))
    try:
        rootfs = work / "rootfs"
        stage.update("base: debootstrap (Debian 13, minimal)")
        _bootstrap(host, rootfs)
        stage.update("base: security updates")
        _configure(host, rootfs)
        stage.update("base: importing")
        _import(engine, host, rootfs, ref)
    finally:
        host.attempt(["rm", "-rf", "--one-file-system", str(work)])


def _check(host: Host) -> None:
    if host.distribution.id == "darwin" or host.root_prefix is None:
        why = "only Linux can" if host.distribution.id == "darwin" else "that needs root or sudo without a password"
        raise StackError(
            f"No image registry answers, and the base image can't be made from packages here: {why}.",
            hint=f"connect to a registry (or a mirror of one) once; see {PAGE}",
        )


def _ensure_debootstrap(host: Host, settings: Settings, stage: Stage) -> None:
    """Installs debootstrap and Debian's keys, where either is missing (Ubuntu has the one without the other)."""
    keys = Path(apt.DEBIAN_KEYS).exists()
    packages = [*([] if host.program("debootstrap") else ["debootstrap"]), *([] if keys else [apt.KEYRING])]
    if not packages:
        return
    if not host.program("apt-get"):
        raise StackError(
            f"No image registry answers, and making the base image here needs {packages[0]}.", hint=f"see {PAGE}"
        )
    names = " and ".join(packages)
    stage.line(f"No image registry answers. To make the base image from packages, {names} is installed (apt-get).")
    if not settings.assume_yes and not stage.ask("Go on?"):
        raise EngineError(f"The base image needs {names}, and installing it was refused.", hint=f"see {PAGE}")
    stage.update(f"base: installing {names}")
    apt.update(host)
    apt.install(host, packages)


def _bootstrap(host: Host, rootfs: Path) -> None:
    """On Debian from the mirror that apt uses, elsewhere from debootstrap's own default."""
    mirror = apt.mirror(host) if host.distribution.id == "debian" else None
    script = [] if Path(f"/usr/share/debootstrap/scripts/{SUITE}").exists() else [_FALLBACK_SCRIPT]
    place = [mirror or ""] if mirror or script else []
    # Without force-check-gpg it goes on unverified where the keys are missing.
    _step(host, ["debootstrap", "--variant=minbase", "--force-check-gpg", SUITE, str(rootfs), *place, *script])


def _configure(host: Host, rootfs: Path) -> None:
    host.write(str(rootfs / "etc/apt/sources.list"), _sources(host, rootfs))
    host.write(str(rootfs / "etc/apt/apt.conf.d/sandbox"), _APT)
    host.write(str(rootfs / "etc/dpkg/dpkg.cfg.d/sandbox"), _DPKG)
    host.write(f"{rootfs}{_CA}", certificates.bundle())
    _step(host, ["chroot", str(rootfs), "sh", "-c", _UPGRADE])
    _step(host, ["chroot", str(rootfs), "sh", "-c", _STRIP])


def _sources(host: Host, rootfs: Path) -> str:
    """The mirror that debootstrap used; updates and security from where this machine gets its own, if it does."""
    main = (rootfs / "etc/apt/sources.list").read_text(encoding="utf-8").split()[1].rstrip("/")
    lines = [f"deb {main} {SUITE} main", f"deb {main} {SUITE}-updates main"]
    security = apt.mirror(host, label="Debian-Security") if host.distribution.id == "debian" else None
    security = security or (f"{main}-security" if main.endswith("/debian") else None)
    return "\n".join([*lines, *([f"deb {security} {SUITE}-security main"] if security else [])]) + "\n"


def _import(engine: Engine, host: Host, rootfs: Path, ref: str) -> None:
    pack = [
        *(host.root_prefix or []),
        "tar",
        "-C",
        str(rootfs),
        "--numeric-owner",
        "--one-file-system",
        "--sort=name",
    ]
    pack += ["--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*", "-cf", "-", "."]
    change = ["--change", 'CMD ["bash"]', "--change", "LABEL sandbox.image=base"]
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as tar:
        argv = ["docker", "import", *change, "-", ref]
        done = subprocess.run(
            argv, stdin=tar.stdout, capture_output=True, text=True, env=engine.environment(), timeout=300, check=False
        )
    if done.returncode != 0 or tar.returncode != 0:
        raise StackError(
            f"Importing the base image failed with {done.returncode}: {done.stderr.strip()}",
            hint=f"the whole log: {host.log}",
        )


def _step(host: Host, argv: list[str]) -> None:
    code, output = host.attempt(argv, stop_on_interrupt=True)
    if code != 0:
        tail = "\n  ".join(output.strip().splitlines()[-12:])
        raise StackError(
            f"Making the base image failed: `{argv[0]}` ended with {code}:\n  {tail}", hint=f"the whole log: {host.log}"
        )
