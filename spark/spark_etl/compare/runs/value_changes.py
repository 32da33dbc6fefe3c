"""Parameters, dates, settings, sample and versions that are others in the two runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spark_etl.compare.runs.own_changes import cut, listed, mapping, other_names
from spark_etl.compare.runs.result import Cause
from spark_etl.compare.runs.side import Side
from spark_etl.compare.runs.values import MISSING, other_values, shown, variables

Parts = Mapping[str, Any]
ZONE = "spark.sql.session.timeZone"


def parameter_changes(alias: str, a: Side, b: Side, parts: tuple[Parts, Parts]) -> Iterator[Cause]:
    """Yields the cause that parameters of a feature's class are others."""
    written = [mapping(mapping(mapping(side.document.config).get("features")).get(alias)) for side in (a, b)]
    values = [mapping(entry.get("params")) for entry in written]
    lines = list(_lines(*values, *(_part(each, "params") for each in parts)))
    if lines:
        yield Cause("parameter", listed(lines, separator="; "), tuple(cut(lines)) if len(lines) > 1 else ())


def setting_changes(a: Side, b: Side, parts: tuple[Parts, Parts]) -> Iterator[Cause]:
    """Yields the cause that Spark's settings in the config are others; the time zone of the session by itself."""
    values = [mapping(mapping(side.document.config).get("spark")) for side in (a, b)]
    hashes = [_part(each, "settings") for each in parts]
    lines = list(_lines(*values, *hashes))
    zone = [f"the session's time zone, {line}" for line in lines if line.startswith(f"`{ZONE}`")]
    lines = [*zone, *(line for line in lines if not line.startswith(f"`{ZONE}`"))]
    if lines:
        yield Cause("setting", listed(lines, separator="; "), tuple(cut(lines)) if len(lines) > 1 else ())


def _lines(
    a: Mapping[str, Any], b: Mapping[str, Any], hashes_a: Mapping[str, Any] | None, hashes_b: Mapping[str, Any] | None
) -> Iterator[str]:
    """Yields a line for each value that is another: by the hashes where both are recorded, else as it is written."""
    known = hashes_a is not None and hashes_b is not None
    names = other_names(hashes_a or {}, hashes_b or {}) if known else other_names(a, b)
    for name in names:
        one, other = a.get(name, MISSING), b.get(name, MISSING)
        lines = [] if one is MISSING and other is MISSING else list(other_values(name, one, other))
        yield from lines or [_by_variable(name, one)]


def _by_variable(name: str, value: Any) -> str:
    found = [] if value is MISSING else variables(value)
    if not found:
        return f"`{name}`: another value"
    named = listed(f"${{{each}}}" for each in found)
    return f"`{name}`: {shown(name, value)} in both, and {named} had another value, which is not recorded"


def date_changes(a: Side, b: Side, parts: tuple[Parts, Parts]) -> Iterator[Cause]:
    """Yields the cause that the runs are about other days."""
    known = [str(each.get("dates") or "") for each in parts]
    dates = known if all(known) else [side.document.dates for side in (a, b)]
    if all(dates) and dates[0] != dates[1]:
        yield Cause("dates", f"A is for {dates[0]}, B for {dates[1]}")


def sample_changes(a: Side, b: Side, parts: tuple[Parts, Parts]) -> Iterator[Cause]:
    """Yields the cause that the runs have seen other rows of their sources."""
    known = all("sample" in each for each in parts)
    one, other = ([each.get("sample") for each in parts]) if known else (a.document.sample, b.document.sample)
    if one != other:
        texts = [shown("sample", side.document.sample) if side.document.sample else "all rows" for side in (a, b)]
        same = "other keys of the sources" if texts[0] == texts[1] else f"A has seen {texts[0]}, B {texts[1]}"
        yield Cause("sample", same)


def version_changes(a: Side, b: Side, parts: tuple[Parts, Parts]) -> Iterator[Cause]:
    """Yields the cause that what computes the rows is of another version: Spark, Python, Java, jars, libraries."""
    known = [_part(each, "versions") for each in parts]
    if known[0] is None or known[1] is None:
        known = [_recorded_versions(side) for side in (a, b)]
    lines = list(_version_lines(known[0], known[1])) if known[0] and known[1] else []
    one, other = (_session_versions(side) for side in (a, b))
    lines += _version_lines(*({name: each[name] for name in one.keys() & other.keys()} for each in (one, other)))
    lines = list(dict.fromkeys(lines))
    if lines:
        yield Cause("version", listed(lines, separator="; "), tuple(cut(lines)) if len(lines) > 1 else ())


def _version_lines(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    for name in other_names(a, b):
        one, other = a.get(name, "not there"), b.get(name, "not there")
        yield f"{name} {one} in A, {other} in B"


def _recorded_versions(side: Side) -> dict[str, Any]:
    known = dict(mapping(side.document.versions))
    jars = {f"{name}.jar": version for name, version in mapping(known.pop("jars", {})).items()}
    return {**known, **jars}


def _session_versions(side: Side) -> dict[str, Any]:
    """Returns the versions that the session has said, as far as it knows them."""
    spark = mapping(side.document.spark)
    return {title: spark[name] for name, title in (("version", "Spark"), ("java", "Java")) if spark.get(name)}


def _part(parts: Parts, name: str) -> Mapping[str, Any] | None:
    return mapping(parts[name]) if name in parts else None


def run_changes(a: Side, b: Side) -> Iterator[str]:
    """Yields what is another in the two runs as a whole, a line each."""
    causes = [*date_changes(a, b, ({}, {})), *sample_changes(a, b, ({}, {})), *version_changes(a, b, ({}, {}))]
    causes += setting_changes(a, b, ({}, {}))
    yield from (f"{cause.kind}: {cause.text}" for cause in causes)
    requirements = [side.document.requirements for side in (a, b)]
    if requirements[0] != requirements[1]:
        one, other = (
            {line.partition("==")[0]: line.partition("==")[2] for line in known or []} for known in requirements
        )
        yield f"requirements: {listed(_version_lines(one, other), separator='; ')}"
    commits = [_commit(side) for side in (a, b)]
    if commits[0] != commits[1]:
        yield f"git: {commits[0]} in A, {commits[1]} in B"
    sessions = [side.document.session for side in (a, b)]
    if all(sessions) and sessions[0] != sessions[1]:
        yield f"session: {sessions[0]} in A, {sessions[1]} in B"


def _commit(side: Side) -> str:
    git = mapping(side.document.git)
    commit = str(git.get("commit") or "")[:12]
    return f"{commit} with changes" if commit and git.get("dirty") else commit or "no commit"
