"""`run.json`: what a run is, as types, with versioned reading and writing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar, get_args

from spark_etl import bounded_json
from spark_etl.dates import format_dates
from spark_etl.errors import DamagedError
from spark_etl.store.checks import check_run
from spark_etl.store.records import CodeRecord, ErrorRecord, FeatureRecord, OutputRecord, ReplayRecord

# 1: until options, session, kind and user were recorded. 2: with them.
FORMAT = 2
LARGEST = 16 << 20
T = TypeVar("T", "RunDocument", "FeatureRecord", "OutputRecord", "ReplayRecord", "CodeRecord")
Status = Literal["running", "succeeded", "failed", "interrupted"]
# `imported` and `adopted` are runs that another stack, or none of ours, has made.
Kind = Literal["run", "replay", "imported", "adopted"]
DAMAGED = "damaged"
KINDS: tuple[Kind, ...] = get_args(Kind)
ADOPTED: Kind = "adopted"
REPLAY: Kind = "replay"
IMPORTED: Kind = "imported"
RECORDED_STATUSES: tuple[Status, ...] = ("running", "succeeded", "failed", "interrupted")
RENAMED = {"class_path": "class"}
# Of a feature, also while they are not known; all else is left out until it is.
ALWAYS = {"state", "seconds", "rows"}


@dataclass
class RunDocument:
    """What a run is.

    Attributes:
        kind: `run`, `replay`, `adopted`: made of files that another program wrote, or `imported` from a bundle.
        replay: What a replay is about; None of any other run.
        started: When, in UTC; None if that is not known.
        ended: When, in UTC; None while it goes on.
        start_date: First day it is about.
        end_date: Last day it is about.
        checkpoints: The features that were to be kept.
        sample: Which rows of the sources it has seen; None: all.
        resumed: The id of the run whose checkpoints it reuses where they hold.
        command: As it was typed, for people.
        options: The same, name → value, for programs; None in format 1.
        session: How it reached Spark: `classic`, `connect` or `local`; None in format 1.
        requirements: Lines of the packages that it was given besides the image's; None: none, or format 1.
        packages: Name of the folder that these are installed in; None where there is none.
        config: The feature config as it was written.
        config_text: The same as YAML, where JSON can't say all of it: it has dates.
        code: What it has kept of the project; None of runs of earlier versions.
        git: Commit of the project, and whether there were changes on top; None without git.
        by: User and host.
        versions: Of Python, libraries and jars.
        spark: What the session said of itself; None if there was none.
        graph: Feature → the features that it reads.
        order: The features, upstreams first.
        not_run: The features of the config that nothing asked for reads: neither computed nor planned.
        outputs: What it publishes.
        features: Feature → what is known of it.
        error: What it failed with.
        trace: Timings, as OTLP/JSON.
        adopted: Feature → where its files lie, of a run that was adopted.
        imported: Where an imported run comes from: `from`, its path there; `bundle`, the SHA-256 of the file; `at` and
            `by`, when and by whom it was imported; `kind`, what it was there; `sample`, None where it is all rows, else
            `fraction` or the number of `keys`.
        more: Keys that this version doesn't know.
    """

    run_id: str
    path: str
    team: str
    pipeline: str
    start_date: str = ""
    end_date: str = ""
    format: int = FORMAT
    kind: str = "run"
    replay: ReplayRecord | None = None
    status: str = "running"
    started: str | None = None
    ended: str | None = None
    seconds: float | None = None
    checkpoints: list[str] = field(default_factory=list)
    sample: dict[str, Any] | None = None
    resumed: str | None = None
    command: str = ""
    options: dict[str, Any] | None = None
    session: str | None = None
    requirements: list[str] | None = None
    packages: str | None = None
    config_path: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    config_text: str | None = None
    project_path: str | None = None
    code: CodeRecord | None = None
    git: dict[str, Any] | None = None
    by: dict[str, str] = field(default_factory=dict)
    versions: dict[str, Any] = field(default_factory=dict)
    spark: dict[str, Any] | None = None
    graph: dict[str, list[str]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    outputs: list[OutputRecord] = field(default_factory=list)
    features: dict[str, FeatureRecord] = field(default_factory=dict)
    error: ErrorRecord | None = None
    trace: dict[str, Any] | None = None
    adopted: dict[str, str] = field(default_factory=dict)
    imported: dict[str, Any] | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def dates(self) -> str:
        """The days it is about: one, or first..last."""
        return format_dates(self.start_date, self.end_date)

    @property
    def user(self) -> str:
        """Who started it; empty if that is not known."""
        return str(self.by.get("user") or "")

    def in_order(self) -> dict[str, FeatureRecord]:
        """Returns the features in the order in which they run."""
        return {alias: self.features[alias] for alias in self.order}

    def with_checkpoint(self) -> list[str]:
        """Returns the features whose rows are kept, in order."""
        return [alias for alias, feature in self.in_order().items() if feature.has_checkpoint]

    def to_json(self) -> dict[str, Any]:
        """Returns the document as it is stored: plain values under the names of format 2."""
        known = _shallow(self)
        known["publish"] = [_known(_shallow(output)) for output in known.pop("outputs")]
        known["features"] = {alias: _feature_json(feature) for alias, feature in self.features.items()}
        known["error"] = _error_json(self.error, whole=True)
        known["replay"] = _shallow(self.replay) if self.replay else None
        known["code"] = _known(_shallow(self.code)) if self.code else None
        for name in ("config_text", "packages", "not_run", "code", "replay", "adopted", "imported"):
            if not known[name]:
                del known[name]
        return known


def dump_run(document: RunDocument) -> bytes:
    """Returns a run.json."""
    return json.dumps(document.to_json(), indent=1, default=str).encode()


def parse_run(content: bytes, path: str, *, largest: int = LARGEST) -> RunDocument:
    """Returns what a run.json of format 1 or 2 says.

    Raises:
        DamagedError: It is none, or of a newer format.
    """
    found = bounded_json.parse(
        content, path, largest=largest, in_memory=4 * largest, in_objects=8 * largest, finite=False
    )
    if not isinstance(found, dict):
        raise DamagedError(f"{path} holds no object")
    check_run(found, path, newest=FORMAT, statuses=RECORDED_STATUSES)
    features = {alias: _feature(known) for alias, known in found["features"].items()}
    outputs = [_typed(OutputRecord, known) for known in found.get("publish") or []]
    known = {name: value for name, value in found.items() if name != "publish"}
    replay = _typed(ReplayRecord, found["replay"]) if found.get("replay") else None
    known |= {"features": features, "outputs": outputs, "error": _error(found.get("error")), "replay": replay}
    known["code"] = _typed(CodeRecord, found["code"]) if found.get("code") is not None else None
    root = path.rpartition("/")[0]  # where it lies says which run it is, whatever it says itself
    return _typed(RunDocument, {"path": root, **known, "run_id": root.rpartition("/")[2]})


def damaged_run(root: str, why: str) -> RunDocument:
    """Returns what stands for a run.json that can't be read: what the folders tell, and why."""
    *_, team, pipeline, run_id = root.split("/")
    return RunDocument(run_id, root, team, pipeline, status=DAMAGED, error=ErrorRecord(message=why))


def _feature(known: Mapping[str, Any]) -> FeatureRecord:
    return _typed(FeatureRecord, {**known, "error": _error(known.get("error"))})


def _error(known: Mapping[str, Any] | None) -> ErrorRecord | None:
    if known is None:
        return None
    return ErrorRecord(
        **{each.name: known[each.name] for each in fields(ErrorRecord) if known.get(each.name) is not None}
    )


def _typed(kind: type[T], known: Mapping[str, Any]) -> T:
    """Returns a record of what is stored; what the type doesn't know is kept as it is."""
    names = {RENAMED.get(each.name, each.name): each.name for each in fields(kind) if each.name != "more"}
    given = {names[name]: value for name, value in known.items() if name in names and value is not None}
    return kind(**given, more={name: value for name, value in known.items() if name not in names})


def _shallow(record: RunDocument | FeatureRecord | OutputRecord | ReplayRecord | CodeRecord) -> dict[str, Any]:
    """Returns the fields under the names by which they are stored."""
    known = {RENAMED.get(each.name, each.name): getattr(record, each.name) for each in fields(record)}
    return {**known.pop("more"), **known}


def _feature_json(feature: FeatureRecord) -> dict[str, Any]:
    """Returns a feature as it is stored."""
    known = _shallow(feature) | {"error": _error_json(feature.error)}
    if not feature.after_failure:
        del known["after_failure"]
    return _known(known)


def _known(stored: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in stored.items() if value is not None or name in ALWAYS}


def _error_json(error: ErrorRecord | None, *, whole: bool = False) -> dict[str, Any] | None:
    if error is None:
        return None
    return {name: value for name, value in vars(error).items() if whole or value is not None}
