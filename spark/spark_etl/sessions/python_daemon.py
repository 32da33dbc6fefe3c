"""Spark's daemon of Python workers (`spark.python.daemon.module`), in which every exception can be told.

Where the text of an exception can't be encoded, as with a lone surrogate, `pyspark.util.handle_worker_exception` sends
the first half of its answer; then the worker and the JVM wait for each other for ever.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from spark_etl.printable import printable

FORMATS = ("format_exc", "format_exception", "format_exception_only")


def encodable_traceback() -> Any:
    """Returns what stands for the module `traceback`: its texts are safe to encode."""
    return SimpleNamespace(**{**vars(traceback), **{name: _printable(getattr(traceback, name)) for name in FORMATS}})


def _printable(format_text: Callable[..., str | Iterable[str]]) -> Callable[..., str]:
    return lambda *arguments: printable("".join(format_text(*arguments)))


def main() -> None:
    """Runs the daemon, of which workers are forked."""
    from pyspark import daemon, util

    util.traceback = encodable_traceback()
    daemon.manager()


if __name__ == "__main__":
    main()
