"""The checkout whose command, images and compose.yaml a test session uses."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox_cli.errors import UsageError
from sandbox_cli.program import NAME, ROOT

HOME = "SANDBOX_HOME"
MARK = "compose.yaml"


def checkout(environment: Mapping[str, str] = os.environ, installed_from: Path = ROOT) -> Path:
    """Returns the checkout: the folder that SANDBOX_HOME names, else the one that this package is imported from.

    Args:
        environment: Of this process.
        installed_from: The folder that this package lies in.

    Raises:
        UsageError: SANDBOX_HOME names none, or is not set though the package was copied out of its checkout.
    """
    named = environment.get(HOME)
    folder = Path(named).expanduser().absolute() if named else installed_from
    if (folder / MARK).is_file() and (folder / NAME).is_file():
        return folder
    if named:
        raise UsageError(
            f"{HOME}={named} is no checkout of the sandbox: there is no {folder / MARK}.",
            hint=f"export {HOME}=/path/to/the/checkout",
        )
    raise UsageError(
        f"The sandbox's checkout is not known: this package was installed into {installed_from}, without it.",
        hint=f"export {HOME}=/path/to/the/checkout\nor install it where it is: pip install -e 'CHECKOUT[pytest]'",
    )


def command(folder: Path, installed_from: Path = ROOT) -> list[str]:
    """Returns the command of a checkout as an argument list.

    From the checkout that this package is imported from, it is this Python's. Any other one has an environment of its
    own, which its launcher makes from a lock file with hashes.
    """
    if folder == installed_from:
        return [sys.executable, "-P", "-m", "sandbox_cli.app"]
    return [str(folder / NAME)]
