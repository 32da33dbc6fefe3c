"""Which calls there are: what DockerSpawner makes, and nothing else.

1. A path is plain: no escapes, no doubled slashes, no dots, one optional version in front.
2. Method and path are on the list, and so is every query parameter.
3. All calls but create are about a container that carries this stack's label, or about the notebook image.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from docker_api.parse import DeniedError
from docker_api.settings import FilterSettings

Kind = Literal["open", "image", "container", "create"]
VERSION = re.compile(r"/v1\.[0-9]{1,3}(?=/)")
PLAIN = re.compile(r"(/[A-Za-z0-9_.:-]*[A-Za-z0-9_:-])+")
NAME = r"(?P<name>[a-z0-9][a-z0-9-]{0,127})"
IMAGE = r"(?P<name>sha256:[0-9a-f]{64})"


@dataclass(frozen=True)
class AllowedCall:
    """A call that may pass.

    Attributes:
        kind: What has to be checked: `open` nothing more, `image` that it is the notebook image, `container` that it is
            this stack's server, `create` the body.
        parameters: Query parameters, each with the pattern of its value.
    """

    method: str
    path: str
    kind: Kind
    parameters: dict[str, str]


RULES = (
    AllowedCall("GET", r"/version", "open", {}),
    AllowedCall("GET", r"/_ping", "open", {}),
    AllowedCall("GET", rf"/images/{IMAGE}/json", "image", {}),
    AllowedCall("GET", rf"/containers/{NAME}/json", "container", {"size": "0|false|False"}),
    AllowedCall("POST", r"/containers/create", "create", {"name": r"[a-z][a-z0-9-]{1,80}"}),
    AllowedCall("POST", rf"/containers/{NAME}/start", "container", {}),
    AllowedCall("POST", rf"/containers/{NAME}/stop", "container", {"t": r"[0-9]{1,3}", "timeout": r"[0-9]{1,3}"}),
    AllowedCall(
        "DELETE",
        rf"/containers/{NAME}",
        "container",
        {"v": "0|1|true|false|True|False", "force": "0|1|true|false|True|False", "link": "0|false|False"},
    ),
)


@dataclass(frozen=True)
class EngineCall:
    """A request that is on the list.

    Attributes:
        version: The API version it asks for, such as `/v1.41`, or nothing.
        path: Without the version.
        name: The container or image it is about.
    """

    rule: AllowedCall
    version: str
    path: str
    name: str
    query: dict[str, str]


def match_call(method: str, raw_path: str, query: list[tuple[str, str]]) -> EngineCall:
    """Returns which call a request is.

    Raises:
        DeniedError: It is none of those that may pass.
    """
    version = VERSION.match(raw_path)
    path = raw_path[version.end() :] if version else raw_path
    if not PLAIN.fullmatch(path) or ".." in path:
        raise DeniedError("the path is not plain")
    for rule in RULES:
        match = re.fullmatch(rule.path, path)
        if match and method == rule.method:
            name = match.groupdict().get("name", "")
            return EngineCall(rule, version[0] if version else "", path, name, _query(rule, query))
    raise DeniedError(f"{method} {path} is not on the list")


def _query(rule: AllowedCall, query: list[tuple[str, str]]) -> dict[str, str]:
    checked: dict[str, str] = {}
    for key, value in query:
        if key in checked:
            raise DeniedError(f"the parameter {key!r:.60} comes twice")
        if key not in rule.parameters or not re.fullmatch(rule.parameters[key], value):
            raise DeniedError(f"the parameter {f'{key}={value}'!r:.80} is not allowed")
        checked[key] = value
    if rule.kind == "create" and "name" not in checked:
        raise DeniedError("a container must have a name")
    return checked


def refuse_foreign_image(settings: FilterSettings, name: str) -> None:
    """Refuses any image but the servers'.

    Raises:
        DeniedError: It is another one.
    """
    if name != settings.image:
        raise DeniedError("only the notebook image may be looked at")


def refuse_foreign_container(settings: FilterSettings, inspected: dict[str, object]) -> None:
    """Refuses a container that is not one of this stack's servers.

    Raises:
        DeniedError: It is not.
    """
    config = inspected.get("Config")
    labels = (config.get("Labels") if isinstance(config, dict) else None) or {}
    name = str(inspected.get("Name", "")).removeprefix("/")
    if labels.get("sandbox.stack") != settings.stack or not settings.name_pattern.fullmatch(name):
        raise DeniedError("this container is none of this stack's users' servers")
