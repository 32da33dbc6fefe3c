"""`doctor`: the stack checked end to end, each check with a code, a cause and a fix; and the smoke test of `up`."""

from sandbox_cli.stack.doctor.run_checks import CHECK_NAMES, run_checks

__all__ = ["CHECK_NAMES", "run_checks"]
