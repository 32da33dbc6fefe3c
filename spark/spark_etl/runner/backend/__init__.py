"""The one seam between classic Spark and Spark Connect: what a run asks of Spark, whichever it is."""

from spark_etl.runner.backend.base import Backend, Counts
from spark_etl.runner.backend.open import check_reachable, connect_mode, open_backend, resolve_remote

__all__ = ["Backend", "Counts", "check_reachable", "connect_mode", "open_backend", "resolve_remote"]
