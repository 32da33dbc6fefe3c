"""`_inputs.json`: what each feature of a run read, and what its rows depend on; written before anything is computed.

Sources are named by what they are and read, so that what many features read is stored once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spark_etl import bounded_json
from spark_etl.errors import DamagedError
from spark_etl.store.checks import is_count, is_text

FORMAT = 1
# Of some million objects: 200 bytes each.
LARGEST = 256 << 20


@dataclass(frozen=True)
class ObjectRecord:
    """An object that a source read.

    Attributes:
        path: Where it lies.
        bytes: Its size; None where that is not known.
        etag: Changes whenever its content does; None where that is not known.
    """

    path: str
    bytes: int | None
    etag: str | None


@dataclass(frozen=True)
class SourceRecord:
    """What a source of a feature is and read.

    Attributes:
        source: What it is, as its `repr` says.
        objects: What it read; none of a source that can't tell.
    """

    source: str
    objects: tuple[ObjectRecord, ...] = ()


@dataclass(frozen=True)
class FeatureInputs:
    """What one feature read, and what its rows depend on.

    Attributes:
        sources: Name → what was read: a source's record, or the alias of the feature upstream.
        cache_key: Hash and parts; see `spark_etl.runner.resume.cache_key`.
    """

    sources: Mapping[str, SourceRecord | str] = field(default_factory=dict)
    cache_key: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunInputs:
    """What the features of a run read.

    Attributes:
        features: Alias → its inputs, of every feature that the run needed.
    """

    features: Mapping[str, FeatureInputs]


def dump_inputs(inputs: RunInputs) -> bytes:
    """Returns the inputs of a run as they are stored."""
    sources: dict[str, dict[str, Any]] = {}
    features = {}
    for alias, known in inputs.features.items():
        names: dict[str, dict[str, str]] = {}
        for name, read in known.sources.items():
            if isinstance(read, str):
                names[name] = {"feature": read}
            else:
                stored = {
                    "source": read.source,
                    "objects": [[each.path, each.bytes, each.etag] for each in read.objects],
                }
                key = hashlib.sha256(json.dumps(stored).encode()).hexdigest()[:16]
                sources[key], names[name] = stored, {"source": key}
        features[alias] = {"sources": names, "cache_key": dict(known.cache_key)}
    return json.dumps({"format": FORMAT, "sources": sources, "features": features}, default=str).encode()


def parse_inputs(content: bytes, path: str, *, largest: int = LARGEST) -> RunInputs:
    """Returns the stored inputs of a run.

    Raises:
        DamagedError: They can't be read, or are of a newer format.
    """
    found = bounded_json.parse(
        content, path, largest=largest, in_objects=4 * largest, in_memory=4 * largest, finite=False
    )
    try:
        if int(found["format"]) > FORMAT:
            raise DamagedError(f"{path} is of a newer format than this spark_etl can read", hint="update spark_etl")
        sources = {key: _source(known) for key, known in found["sources"].items()}
        return RunInputs({alias: _feature(known, sources) for alias, known in found["features"].items()})
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise DamagedError(f"{path} is damaged: {type(error).__name__}: {error}") from error


def _source(known: Mapping[str, Any]) -> SourceRecord:
    return SourceRecord(_text(known["source"]), tuple(_object(item) for item in known["objects"]))


def _object(item: Sequence[Any]) -> ObjectRecord:
    path, size, etag = item
    if not (size is None or is_count(size)) or not (etag is None or is_text(etag)):
        raise ValueError("an object has an invalid value")
    return ObjectRecord(_text(path), size, etag)


def _text(value: Any) -> str:
    if not is_text(value):
        raise ValueError("something is no text that should be one")
    return str(value)


def _feature(known: Mapping[str, Any], sources: Mapping[str, SourceRecord]) -> FeatureInputs:
    read = {
        name: _text(one["feature"]) if "feature" in one else sources[one["source"]]
        for name, one in known["sources"].items()
    }
    return FeatureInputs(read, dict(known["cache_key"]))
