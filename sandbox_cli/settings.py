"""The settings of a command: the stack's name, where its state is, and the options of `up`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox_cli import program
from sandbox_cli.errors import UsageError
from sandbox_cli.program import DEFAULT_STACK, ROOT

STACK_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
EXTRAS = ("history", "mail")
PARTS = ("connect", "hub")  # of the stack itself: without them, it is a store and a Spark cluster, as tests need it
LOCALHOST = "localhost"
# A name, not an address: no subdomain is below 192.0.2.7.
PROXY = re.compile(r"https://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9](:[1-9][0-9]{0,4})?")


@dataclass(frozen=True)
class Settings:
    """One stack and how to treat it.

    Attributes:
        stack: Name of the stack; also the compose project's.
        state_home: Folder with one state folder per stack.
        root: The checkout.
        workers: Spark workers to run; None keeps the number of the last `up` (2 at first).
        offline: Never use the network.
        assume_yes: Answer every question with yes.
        without: Services to leave out, of `EXTRAS` and `PARTS`.
        subdomains: Host below which each user has an address: `localhost`, the URL of a team's proxy, empty for none;
            None keeps what the last `up` had (none at first).
        requested_ports: Published ports requested by option, by name (`hub`, `s3`).
        wait_for_lock: Wait for another `up` of the same stack instead of refusing.
    """

    stack: str = DEFAULT_STACK
    state_home: Path = field(default_factory=lambda: state_home(os.environ))
    root: Path = ROOT
    workers: int | None = None
    offline: bool = False
    assume_yes: bool = False
    without: tuple[str, ...] = ()
    subdomains: str | None = None
    requested_ports: Mapping[str, int] = field(default_factory=dict)
    wait_for_lock: bool = True

    @property
    def state_dir(self) -> Path:
        """The stack's state folder: secrets, accounts, ports, logs."""
        return self.state_home / self.stack

    @property
    def program(self) -> str:
        """The command as it is typed for this stack."""
        return program.prefix(self.stack)

    @property
    def profiles(self) -> list[str]:
        """Compose profiles of the optional services that are wanted."""
        return [name for name in EXTRAS if name not in self.without]


def state_home(environment: Mapping[str, str]) -> Path:
    """Returns the folder all stacks' state lies in: `SANDBOX_STATE_DIR`, else below the XDG state folder."""
    if chosen := environment.get("SANDBOX_STATE_DIR"):
        return Path(chosen).expanduser().absolute()
    base = environment.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser().absolute() / "sandbox"


def checked_stack(name: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """Returns the stack's name.

    Raises:
        UsageError: It can't be one.
    """
    stack = name or environment.get("SANDBOX_STACK") or DEFAULT_STACK
    if not STACK_NAME.fullmatch(stack):
        raise UsageError(
            f"`{stack}` can't be a stack's name: 2 to 31 lower-case letters, digits and `-`, a letter first.",
            hint="sandbox --stack my-stack status",
        )
    return stack


def checked_extras(text: str) -> tuple[str, ...]:
    """Returns the services of `--without history,mail`.

    Raises:
        UsageError: One of them can't be left out.
    """
    names = [name for name in re.split(r"[,\s]+", text) if name]
    for name in names:
        if name not in EXTRAS + PARTS:
            known = ", ".join(EXTRAS + PARTS)
            raise UsageError(f"The stack can't be without `{name}`. It can be without: {known}.")
    if "hub" in names:
        names.append("connect")  # whose keys to S3 the hub makes
    return tuple(dict.fromkeys(names))


def checked_subdomains(wanted: bool | None, below: str | None) -> str | None:
    """Returns what `--subdomains`, `--no-subdomains` and `--subdomains-of URL` say together; None if nothing.

    Raises:
        UsageError: They contradict each other, or there can be no subdomains of that URL.
    """
    if below is None:
        return None if wanted is None else LOCALHOST if wanted else ""
    if wanted is False:
        raise UsageError("Either --no-subdomains or --subdomains-of, not both.", hint="sandbox up --no-subdomains")
    url = below.removesuffix("/").lower()
    if not PROXY.fullmatch(url):
        raise UsageError(
            f"There can be no subdomains of `{below}`: it must be https:// and a host's name, without a path.",
            hint="sandbox up --subdomains-of https://sandbox.example.com",
        )
    return url
