"""`bundle.json`: what a bundle is and has, with the size and SHA-256 of each other member."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spark_etl import bounded_json
from spark_etl.errors import DamagedError
from spark_etl.names import is_segment, refused_by_windows
from spark_etl.storage import name_of
from spark_etl.store.checks import SHA256, is_count, is_part, is_text
from spark_etl.store.document import KINDS
from spark_etl.store.layout import is_run_id

FORMAT = 1
BUNDLE_FILE = "bundle.json"
# Of 100,000 members: 300 bytes each.
MOST_MEMBERS, LARGEST, IN_OBJECTS = 100_000, 64 << 20, 128 << 20


@dataclass(frozen=True)
class Member:
    """A member of a bundle.

    Attributes:
        name: Its name.
        bytes: Its size.
        sha256: Of its content.
    """

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class BundleInfo:
    """What a bundle is.

    Attributes:
        path: The run's folder, where it was exported.
        kind: What the run was there: `run`, `replay`, `adopted` or `imported`.
        features: The features that were chosen.
        tool: What has written it.
        made: When, in UTC.
        sample: None: all rows; else `fraction` or the number of `keys`.
        images: Name of an image of the stack → its tag and id.
        versions: Of Python, libraries and jars, as the run has recorded them.
        personal: Where, column and why, of what looked personal or secret when it was exported.
        missing: What was asked for and could not be taken along, and why.
        members: All others, in order.
    """

    path: str
    kind: str = "run"
    features: tuple[str, ...] = ()
    tool: str = ""
    made: str = ""
    sample: dict[str, Any] | None = None
    images: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)
    personal: tuple[tuple[str, str, str], ...] = ()
    missing: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()

    @property
    def run_id(self) -> str:
        """The run's id."""
        return name_of(self.path)

    @property
    def pipeline(self) -> str:
        """The pipeline's folder that it lay in."""
        return self.path.split("/")[-2]


def dump_info(info: BundleInfo) -> bytes:
    """Returns a bundle.json. Its length does not depend on the hashes, which are known last."""
    known = dict(vars(info)) | {"members": [[each.name, each.bytes, each.sha256] for each in info.members]}
    return json.dumps({"format": FORMAT, **known}, default=str).encode()


def parse_info(content: bytes, what: str) -> BundleInfo:
    """Returns what a bundle.json says.

    Raises:
        DamagedError: It says something else, or is of a newer format.
    """
    found = bounded_json.parse(content, what, largest=LARGEST, in_objects=IN_OBJECTS, in_memory=4 * LARGEST)
    if not isinstance(found, dict) or not is_count(found.get("format")):
        raise DamagedError(f"{what} does not say which format it has")
    if found["format"] > FORMAT:
        raise DamagedError(f"{what} is of a newer format than this spark_etl can read", hint="update spark_etl")
    for name, check in CHECKS.items():
        if not check(found.get(name)):
            raise DamagedError(f"{what}: `{name}` has an invalid value")
    known = {name: found.get(name) for name in CHECKS} | {
        "features": tuple(found["features"]),
        "personal": tuple((place, column, why) for place, column, why in found["personal"]),
        "missing": tuple(found["missing"]),
        "members": tuple(Member(*item) for item in found["members"]),
    }
    return BundleInfo(**known)


def _is_path(value: Any) -> bool:
    if not is_text(value) or "\0" in value or not value.isprintable():
        return False
    parts = value.split("/")
    if len(parts) < 3 or {".", ".."} & set(parts):
        return False
    return is_run_id(parts[-1]) and is_segment(parts[-2]) and refused_by_windows(parts[-2]) is None


def _is_short(value: Any) -> bool:
    return is_text(value) and len(value) < 256


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_text, value))


def _is_rows_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(_is_texts(row) and len(row) == 3 for row in value)


def _is_images(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(each, dict) and all(map(is_text, each.values())) for each in value.values()
    )


def _is_members(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, list)
        and len(item) == 3
        and is_text(item[0])
        and is_count(item[1])
        and is_text(item[2])
        and SHA256.fullmatch(item[2])
        for item in value
    )


CHECKS = {
    "path": _is_path,
    "kind": lambda value: value in KINDS,
    "features": _is_texts,
    "tool": _is_short,
    "made": _is_short,
    "sample": lambda value: value is None or is_part(value),
    "images": _is_images,
    "versions": lambda value: isinstance(value, dict),
    "personal": _is_rows_of_texts,
    "missing": _is_texts,
    "members": _is_members,
}
