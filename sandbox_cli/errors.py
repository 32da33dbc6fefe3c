"""Every error the command can end with, and the exit code it becomes.

    SandboxError            1   the answer is no: unhealthy, different, not reproduced
    ├── UsageError          2   wrong usage or bad configuration, found before anything expensive starts
    ├── EngineError         3   no usable Docker engine
    ├── StackError          4   the stack is not up, or did not become healthy
    └── PipelineError       5   the stack works, the pipeline on it failed

`sandbox_cli.app` is the only place where one of them becomes an exit code; 130 (interrupted) is its alone.
"""

from __future__ import annotations


class SandboxError(Exception):
    """Base of all errors that are shown to the user without a traceback.

    Args:
        message: Names the culprit and, where there are any, the alternatives.
        hint: The next command or the page to read.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SandboxError):
    """Raised for a wrong option or a bad configuration file."""

    exit_code = 2


class EngineError(SandboxError):
    """Raised when no Docker engine with Compose v2 answers and none may or can be installed."""

    exit_code = 3


class StackError(SandboxError):
    """Raised when a service is missing, stopped or did not become healthy in time."""

    exit_code = 4


class PipelineError(SandboxError):
    """Raised when the driver of a pipeline ended with an error of the pipeline's own."""

    exit_code = 5
