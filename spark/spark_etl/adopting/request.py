"""What is to be adopted, as far as it can be checked without a look into the store."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from spark_etl.dates import DateRange, parse_date
from spark_etl.errors import ArgumentError
from spark_etl.names import is_segment
from spark_etl.storage import is_s3, join, name_of, normalise
from spark_etl.storage.paths import scheme_of
from spark_etl.store import USERS

TEAM = "sandbox"
HERE = "."
EXAMPLE = "--feature orders, or --feature orders=sub/folder"


@dataclass(frozen=True)
class AdoptRequest:
    """What is to be adopted.

    Attributes:
        prefix: Where the data lies, normalised.
        features: Feature → its folder, normalised; None where the name says it.
        team: Whose run it becomes.
        pipeline: Of which pipeline.
        start_date: First day it is about; empty if that is not known.
        end_date: Last day it is about.
        failed: The feature that failed in production; empty if none did.
    """

    prefix: str
    features: dict[str, str | None]
    team: str
    pipeline: str
    start_date: str = ""
    end_date: str = ""
    failed: str = ""

    @classmethod
    def parse(
        cls,
        prefix: str,
        features: Sequence[str] | str = (),
        *,
        team: str | None = None,
        pipeline: str | None = None,
        dates: Sequence[str | None] = (None, None),
        failed: str | None = None,
    ) -> AdoptRequest:
        """Returns the request.

        Args:
            prefix: Where the data lies.
            features: `orders`, `orders,users`, `orders=sub/folder`; `orders=.` is the prefix itself.
            team: Whose run it becomes; `sandbox` if not given.
            pipeline: Of which pipeline; the last part of the prefix if not given.
            dates: First and last day it is about, as YYYY-MM-DD; one of them is both.
            failed: The feature that failed in production.

        Raises:
            ArgumentError: Something makes no sense.
        """
        base = normalise(prefix)
        words = [features] if isinstance(features, str) else features
        named = _named(base, [word for text in words for word in re.split(r"[,\s]+", text) if word])
        names = [*named, *([failed] if failed else [])]
        wrong = next((name for name in names if not is_segment(name)), None)
        if wrong is not None:
            raise ArgumentError(f"{wrong!r} can't be a feature: letters, digits, `.`, `_` and `-`", hint=EXAMPLE)
        if failed and failed in named:
            raise ArgumentError(
                f"`{failed}` failed, so it has no rows to adopt: it is named by --feature and by --failed",
                hint="leave one of them out",
            )
        days = _dates(*dates)
        known_pipeline = _folder_name(pipeline or _pipeline_of(base), "--pipeline")
        return cls(base, named, _team(team or TEAM), known_pipeline, *days, failed or "")


def _named(base: str, words: Sequence[str]) -> dict[str, str | None]:
    """Returns feature → its folder."""
    found: dict[str, str | None] = {}
    for word in words:
        name, equals, folder = word.partition("=")
        if name in found:
            raise ArgumentError(f"--feature names `{name}` twice", hint="one folder for each feature")
        found[name] = _folder(base, folder) if equals else None
    return found


def _folder(base: str, folder: str) -> str:
    if scheme_of(folder) or folder.startswith("/"):
        return normalise(folder)
    parts = [part for part in folder.split("/") if part not in {"", HERE}]
    if ".." in parts:
        raise ArgumentError(f"--feature …={folder} leads out of {base}", hint="give the folder's whole path")
    return join(base, *parts) if parts else base


def _dates(start: str | None, end: str | None) -> tuple[str, str]:
    first, last = start or end, end or start
    if first is None or last is None:
        return "", ""
    days = DateRange(parse_date(str(first), "--start-date"), parse_date(str(last), "--end-date"))
    return str(days.start), str(days.end)


def _pipeline_of(base: str) -> str:
    return re.sub(r"[^A-Za-z0-9._]+", "-", name_of(base)).strip("-._") or "adopted"


def _folder_name(name: str, option: str) -> str:
    if not is_segment(name):
        raise ArgumentError(
            f"{option} {name!r} must be letters, digits, `.`, `_` and `-`: it becomes a folder of the scratch path"
        )
    return name


def _team(name: str) -> str:
    if name == USERS:
        raise ArgumentError(f"--team {USERS}: below it, notebooks keep their own runs", hint="take another name")
    return _folder_name(name, "--team")


def refuse_unreachable(request: AdoptRequest, scratch: str) -> None:
    """Refuses files of this machine for a run in S3, which others read.

    Raises:
        ArgumentError: Names the folder, and what to do.
    """
    folders = [folder for folder in (request.prefix, *request.features.values()) if folder]
    local = next((folder for folder in folders if not is_s3(folder)), None)
    if local is not None and is_s3(scratch):
        path = local.removeprefix("file://")
        raise ArgumentError(
            f"{path} is a folder of this machine, and the run would lie below {scratch}, where others can't read it",
            hint=f"spark-etl adopt {path} --local … makes a run below .spark-etl/scratch; or copy the files into S3",
        )
