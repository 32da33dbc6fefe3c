"""Whether features, computed again, have the rows of the run: by the same versions, and values of its config."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spark_etl.debugging.origin import Origin
from spark_etl.errors import SparkEtlError
from spark_etl.runner.resume.cache_key import CacheKey, differences

PARTS = ("params", "settings", "versions")
SAME = {"code": {"class": "", "modules": {}}, "dates": "", "sample": None, "sources": {}, "upstreams": {}}


class EnvironmentChangedError(SparkEtlError):
    """Raised when a feature, computed with other versions or values than in the run, may have other rows.

    Args:
        message: Names the features, and what is another.
        features: Their aliases.
    """

    exit_code = 2

    def __init__(self, message: str, features: Iterable[str]) -> None:
        super().__init__(message)
        self.features = frozenset(features)


def refuse_other_environment(origin: Origin, keys: Mapping[str, CacheKey], computed: Iterable[str]) -> None:
    """Refuses to compute features again that would have other rows for another reason than their run's.

    Args:
        origin: The run.
        keys: What the rows of each feature would depend on.
        computed: The features that would be computed.

    Raises:
        EnvironmentChangedError: A library has another version, or a variable of the config another value; or Spark has
            said that the feature gives other rows each time.
    """
    changed = {alias: why for alias in computed if (why := _changed(origin, alias, keys[alias]))}
    if changed:
        lines = "\n  ".join(f"`{alias}`: {why}" for alias, why in changed.items())
        raise EnvironmentChangedError(f"it would not be as in run {origin.run.name}\n  {lines}", changed)


def _changed(origin: Origin, alias: str, key: CacheKey) -> str:
    """Returns what is another now, in words; what the run has not recorded is taken to be the same."""
    if origin.run.features[alias].deterministic is False:
        return "it gives other rows each time it is computed"
    was = origin.recorded_parts(alias)
    parts = {name: (was[name], key.parts[name]) for name in PARTS if name in was}
    then, now = ({name: pair[side] for name, pair in parts.items()} for side in (0, 1))
    same = {**SAME, **{name: {} for name in PARTS if name not in was}}
    return "; ".join(differences({**then, **same}, {**now, **same}))
