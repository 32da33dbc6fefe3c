"""Where the code of a run that another stack has made may run, once it is trusted.

1. In the container that `sandbox replay` starts for it: no secret of the stack, no network but a store of its own.
2. In a user's own server, which that user has asked for: with Spark in the process that has asked.
3. On the machine of whoever has the run in a local folder, as any program that they start.

So never in a driver on the cluster, and never with the keys of the stack's runner.
"""

from __future__ import annotations

import os

from spark_etl.debugging.trust import NotTrustedError, is_imported
from spark_etl.reading import Run
from spark_etl.storage import is_s3

ISOLATED = "SPARK_ETL_ISOLATED"  # `sandbox replay` sets it in that container


def refuse_shared_place(run: Run) -> None:
    """Refuses to run the code of an imported run in a place that has rights of the stack.

    Raises:
        NotTrustedError: This is none of the places where it may run.
    """
    if not is_imported(run) or not is_s3(run.path) or is_isolated() or os.environ.get("JUPYTERHUB_USER"):
        return
    raise NotTrustedError(
        f"run {run.name} was imported: its code runs in a container of its own only, not here",
        hint=f"on the machine of the stack: ./sandbox replay {run.name}",
    )


def is_isolated() -> bool:
    """Returns whether this is the container that `sandbox replay` has started for an imported run."""
    return os.environ.get(ISOLATED) == "1"
