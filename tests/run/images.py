"""Builds the images that the stack's tests need: python -m tests.run.images FOLDER, which its logs go below."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from sandbox_cli.console import Console
from sandbox_cli.errors import SandboxError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import up


def main(folder: str) -> int:
    """Returns the exit code of `sandbox up` for the same failure; 130 when it was interrupted."""
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell's background job ignores the second one
        signal.signal(number, signal.default_int_handler)
    console = Console(plain=True)
    try:
        up.prepare(console, Settings(stack="images", state_home=Path(folder).absolute()))
    except SandboxError as error:
        console.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
