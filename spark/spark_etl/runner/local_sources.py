"""Refuses sources that are folders of this machine where the executors are on others."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from spark_etl.errors import ConfigError
from spark_etl.printable import printable
from spark_etl.runner.backend.open import THIS_MACHINE
from spark_etl.runner.overlaps import stored_locations
from spark_etl.source import Source
from spark_etl.storage import is_s3
from spark_etl.storage.paths import local_path

if TYPE_CHECKING:
    from spark_etl.dates import DateRange
    from spark_etl.graph import Graph
    from spark_etl.runner.options import Options

SHARED = "SPARK_ETL_SHARED_FOLDERS"
HINT = (
    "put it into the store and read it as s3a://…; a small table can lie beside the code and be read by the driver: "
    "spark.createDataFrame(pandas.read_csv(Path(__file__).with_name(…))). --local reads it as it is; folders that all "
    f"machines share are named in {SHARED}"
)


def refuse_local_sources(graph: Graph, needed: Iterable[str], dates: DateRange, options: Options) -> None:
    """Refuses sources that only the driver's machine could read.

    Raises:
        ConfigError: Names the first, with the file.
    """
    where = _executors_elsewhere(options)
    if where is None:
        return
    shared = [Path(folder).resolve() for folder in os.environ.get(SHARED, "").split(":") if folder]
    for alias, name, location in _local_sources(graph, needed, dates):
        path = local_path(location)
        if any(path.resolve().is_relative_to(folder) for folder in shared):
            continue
        shown = printable(repr(graph.features[alias].sources[name]), one_line=True)
        raise ConfigError(
            f"feature `{alias}`: its source `{name}`, {shown}, is on the driver's disk: the executors of {where} can't "
            "read it",
            hint=HINT,
        )


def configured_master(environment: dict[str, str]) -> str:
    """Returns the master that a classic session will have, found without Spark; `local` where nothing names another."""
    words = shlex.split(environment.get("PYSPARK_SUBMIT_ARGS", ""))
    given = [after for word, after in pairwise(words) if word == "--master"]
    return given[-1] if given else _default_master(environment) or environment.get("MASTER") or "local"


def _executors_elsewhere(options: Options) -> str | None:
    """Returns the cluster whose executors run on other machines; None where they are on this one."""
    if options.local:
        return None
    if options.remote:
        server = urlsplit(options.remote)
        return None if server.hostname in THIS_MACHINE else server.netloc
    if "PYSPARK_GATEWAY_PORT" in os.environ:  # spark-submit has started the JVM, which knows
        from spark_etl.sessions.classic import running_spark

        master = (running_spark().conf or {}).get("spark.master", "local")
    else:
        master = configured_master(dict(os.environ))
    return None if master.startswith("local") else master


def _default_master(environment: dict[str, str]) -> str | None:
    home = environment.get("SPARK_HOME")
    folder = environment.get("SPARK_CONF_DIR") or (f"{home}/conf" if home else None)
    try:
        lines = (Path(folder) / "spark-defaults.conf").read_text(encoding="utf-8").splitlines() if folder else []
    except OSError:
        return None
    pairs = (line.replace("=", " ", 1).split() for line in lines if line.strip().startswith("spark.master"))
    return next((pair[1] for pair in pairs if len(pair) > 1 and pair[0] == "spark.master"), None)


def _local_sources(graph: Graph, needed: Iterable[str], dates: DateRange) -> Iterator[tuple[str, str, str]]:
    """Yields the sources below local folders that executors read; one of the user's own may be read by the driver."""
    for alias in needed:
        for name, source in graph.features[alias].sources.items():
            if isinstance(source, Source) and type(source).read.__module__.startswith("spark_etl."):
                for location in stored_locations(alias, name, source, dates):
                    if not is_s3(location):
                        yield alias, name, location
