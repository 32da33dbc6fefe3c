"""What the rows of a feature depend on: if none of it has changed, they need not be computed again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spark_etl.code.fingerprint import Fingerprints
from spark_etl.feature import ConfiguredSparkFeature
from spark_etl.runner import environment
from spark_etl.runner.inputs import ResolvedInputs, source_text
from spark_etl.runner.plan import Plan
from spark_etl.source import InputObject, Source


@dataclass(frozen=True)
class CacheKey:
    """What the rows of a feature depend on.

    Attributes:
        hash: Over all parts.
        parts: `code` (class, modules → hash, files that it names → hash), `params` (name → hash), `dates`, `sources`
            (name → what it is, a hash of its objects with their ETags, None where they have none, and the columns that
            their folders name), `upstreams`
            (alias → hash), `settings` (name → hash), `sample`, `versions` (of what computes rows, and of the libraries
            that the code imports). Values that may be secret are there as hashes only.
    """

    hash: str
    parts: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Returns it as a manifest keeps it."""
        return {"hash": self.hash, "parts": self.parts}


def cache_keys(plan: Plan, inputs: ResolvedInputs) -> dict[str, CacheKey]:
    """Returns the cache key of each feature that the plan needs, upstreams first."""
    return complete_keys(plan, inputs, {})


def complete_keys(plan: Plan, inputs: ResolvedInputs, known: Mapping[str, CacheKey]) -> dict[str, CacheKey]:
    """Returns the cache key of each feature of the plan; of those that are not computed here it is known.

    Args:
        plan: The plan.
        inputs: What its sources read.
        known: Alias → cache key, as the manifest of a checkpoint has it.
    """
    prints = Fingerprints(plan.project)
    shared = {
        "dates": str(plan.options.dates),
        "settings": _hashes(plan.config.spark),
        "sample": plan.sample.cache_key() if plan.sample else None,
    }
    versions = _versions()
    found = dict(known)
    for alias in plan.order:
        if alias in known:
            continue
        entry = plan.config.features[alias]
        parts = {
            "code": prints.of(entry.class_path),
            "params": _hashes(entry.params),
            "sources": _sources(plan, inputs, alias),
            "upstreams": {name: found[name].hash for name in plan.graph.upstreams[alias]},
            "versions": {**versions, **prints.libraries(entry.class_path)},
            **shared,
        }
        found[alias] = CacheKey(_hash(parts), parts)
    return found


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yields, in words, what of the parts of a cache key is another now; an upstream comes last, as it is no cause."""
    code_was, code_now = was.get("code", {}), now["code"]
    if code_was.get("class") != code_now["class"]:
        yield f"its class is {code_now['class']} now"
    yield from _named(code_was.get("modules", {}), code_now["modules"], "its code has changed: {}")
    text = (
        "a file that it names has changed: {}" if "files" in code_was else "a file that it names was not recorded: {}"
    )
    yield from _named(code_was.get("files", {}), code_now.get("files", {}), text)
    yield from _named(was.get("params", {}), now["params"], "another value for {}")
    if was.get("dates") != now["dates"]:
        yield f"it was made for {was.get('dates')}"
    yield from _named(was.get("sources", {}), now["sources"], "other data in source {}")
    yield from _named(was.get("settings", {}), now["settings"], "another value for {}")
    if was.get("sample") != now["sample"]:
        yield "another sample of the sources"
    yield from _other_versions(was.get("versions", {}), now["versions"])
    yield from _named(was.get("upstreams", {}), now["upstreams"], "it reads {}, which has changed")


def unpinned(key: CacheKey) -> list[str]:
    """Returns the names of sources whose content may be another at any time: nothing that reads them is reused."""
    return [name for name, source in key.parts["sources"].items() if source["objects"] is None]


def _sources(plan: Plan, inputs: ResolvedInputs, alias: str) -> dict[str, Any]:
    sources: Mapping[str, Source | ConfiguredSparkFeature] = plan.graph.features[alias].sources
    return {
        name: {
            "source": source_text(alias, name, source),
            "objects": _objects_hash(inputs.objects(alias, name)),
            **_folder_columns(source, inputs.objects(alias, name)),
        }
        for name, source in sorted(sources.items())
        if isinstance(source, Source)
    }


def _folder_columns(source: Source, objects: list[InputObject]) -> dict[str, Any]:
    """Returns the columns that folders name: earlier versions had Spark guess their types, and made other rows."""
    names = {part.partition("=")[0] for item in objects for part in item.path.split("/")[:-1] if "=" in part}
    found = sorted(names - {getattr(source, "date_col", "")})
    return {"texts of folders": found} if found and getattr(source, "schema", None) in {None, "union"} else {}


def _objects_hash(objects: list[InputObject]) -> str | None:
    if any(item.etag is None for item in objects):
        return None
    return _hash(sorted((item.path, item.bytes, item.etag) for item in objects))


def _versions() -> dict[str, str]:
    """Returns the versions of what computes rows; of Python the minor one."""
    known = environment.versions()
    jars = {f"{name}.jar": version for name, version in known.pop("jars").items()}
    return {**known, "python": ".".join(known["python"].split(".")[:2]), **jars}


def _other_versions(was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    changed = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
    if changed:
        text = (
            f"`{name}` {was.get(name, 'not recorded')}, now {now.get(name, 'not installed here')}" for name in changed
        )
        yield f"other versions: {'; '.join(text)}"


def _named(was: Mapping[str, Any], now: Mapping[str, Any], text: str) -> Iterator[str]:
    changed = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
    if changed:
        yield text.format(", ".join(f"`{name}`" for name in changed))


def _hashes(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: _hash(value) for name, value in sorted(values.items())}


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=repr).encode()).hexdigest()[:32]
