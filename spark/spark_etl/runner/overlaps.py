"""Refuses outputs where something else lives: the publish root, the runs, a source of the run, another output."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import eq
from pathlib import Path
from typing import TYPE_CHECKING

from spark_etl.error_text import error_summary
from spark_etl.errors import ConfigError, NotReturnedError, PublishRefusedError, SparkEtlError
from spark_etl.feature import ConfiguredSparkFeature
from spark_etl.source import InputObject, Source
from spark_etl.sources.locations import matches_pattern
from spark_etl.storage import is_s3, normalise
from spark_etl.storage.paths import local_path, scheme_of, split_s3
from spark_etl.user_code import guard_user_code

if TYPE_CHECKING:
    from spark_etl.dates import DateRange
    from spark_etl.graph import Graph
    from spark_etl.runner.publish.ownership import Output

Place = tuple[str, ...]
HINT = "give it a folder of its own below the publish path"


def place_of(path: str) -> Place:
    """Returns a path's segments, the same for each spelling of it: `s3://` for `s3a://`, links followed, no `.`."""
    if is_s3(path):
        bucket, key = split_s3(path)
        return ("s3", bucket, *(part for part in key.split("/") if part not in {"", "."}))
    return ("file", *local_path(path).resolve().parts)


def refuse_overlaps(
    outputs: Sequence[Output],
    graph: Graph,
    needed: Iterable[str],
    dates: DateRange,
    *,
    publish: str | None,
    scratch: str,
) -> None:
    """Refuses outputs that are where something else is; nothing is looked up for that.

    Raises:
        ConfigError: Two of them are over each other.
        PublishRefusedError: One is the publish root or above it, or over the runs, or over a source.
    """
    _refuse_each_other(outputs)
    sources = list(_sources(graph, needed, dates))
    for output in outputs:
        place = place_of(output.path)
        if len(place) == len(("store", "bucket or /")) or _covers(place, publish):
            raise _refused(output, "that is the root below which outputs are published")
        if file := _file_at(output.path):
            raise _refused(output, f"{file} is a file")
        if _covers(place, scratch):
            raise _refused(output, f"the runs are kept there: {scratch}")
        for alias, name, location in sources:
            if _overlap(place, place_of(location), matches_pattern):
                raise _refused(output, f"`{alias}` reads its source `{name}` from {location}")


def refuse_inputs(outputs: Sequence[Output], inputs: Iterable[tuple[str, str, InputObject]]) -> None:
    """Refuses outputs that hold an object which the run reads: of sources that do not say where they look.

    Raises:
        PublishRefusedError: Names the first.
    """
    places = [(place_of(output.path), output) for output in outputs]
    for alias, name, item in inputs if places else ():
        if not item.path or not _is_stored(item.path):
            continue
        there = place_of(item.path)
        for place, output in places:
            if there[: len(place)] == place:
                raise _refused(output, f"`{alias}` reads its source `{name}` from there: {item.path}")


def _is_stored(path: str) -> bool:
    return is_s3(path) or scheme_of(path) in {"", "file"}


def _sources(graph: Graph, needed: Iterable[str], dates: DateRange) -> Iterator[tuple[str, str, str]]:
    for alias in needed:
        for name, source in graph.features[alias].sources.items():
            if isinstance(source, Source) and not isinstance(source, ConfiguredSparkFeature):
                for location in stored_locations(alias, name, source, dates):
                    yield alias, name, location


def stored_locations(alias: str, name: str, source: Source, dates: DateRange) -> list[str]:
    """Returns where a source looks, as far as it says so and it is a store that outputs can be in."""
    if not callable(source.locations):  # an attribute of the user's own that is called so
        return []
    try:
        with guard_user_code():
            given = source.locations(dates)
            found = [os.fspath(place) for place in ([given] if isinstance(given, str) else given)]
    except NotReturnedError as error:
        raise ConfigError(
            f"feature `{alias}`: source `{name}`: locations(): {error.message}", hint=error.hint
        ) from error
    except SparkEtlError:
        raise
    except Exception as error:
        raise ConfigError(
            f"feature `{alias}`: source `{name}`: locations(): {error_summary(error)}",
            hint="it returns the paths at which the source looks, as a list of texts",
        ) from error
    return [normalise(place) for place in found if _is_stored(place)]


def _refuse_each_other(outputs: Sequence[Output]) -> None:
    for position, output in enumerate(outputs):
        for other in outputs[:position]:
            if _overlap(place_of(output.path), place_of(other.path)):
                both = f"`{other.feature}` and `{output.feature}`"
                raise ConfigError(f"{both} are published over each other at {output.path}", hint=HINT)


def _file_at(path: str) -> Path | None:
    """Returns the local file that is where a folder would have to be; None if there is none."""
    if is_s3(path):
        return None
    folder = local_path(path)
    return next((above for above in (folder, *folder.parents) if above.is_file()), None)


def _covers(place: Place, path: str | None) -> bool:
    """Returns whether a path is a place or lies below it."""
    return path is not None and place_of(path)[: len(place)] == place


def _overlap(one: Place, other: Place, meets: Callable[[str, str], bool] = eq) -> bool:
    """Returns whether one is equal to, above or below the other, whose names may be patterns."""
    return all(map(meets, one, other))


def _refused(output: Output, why: str) -> PublishRefusedError:
    return PublishRefusedError(f"`{output.feature}` can't be published at {output.path}: {why}", hint=HINT)
