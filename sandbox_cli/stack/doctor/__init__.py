"""`doctor`: the way a user goes, hop by hop, each with a code, a cause and a fix."""

from sandbox_cli.stack.doctor.examine import examine

__all__ = ["examine"]
