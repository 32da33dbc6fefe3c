"""What a create request may say, and the container that is made of it.

1. Every key is one of `KEYS` (of `HOST_KEYS` in HostConfig), spelled exactly so.
2. A key that grants anything must be empty; those that describe the server must have the one value there is.
3. The body that is forwarded is written here. Of the request it carries the user's number, the environment, and size:
   memory and cores, which have a limit.
"""

from __future__ import annotations

import io
import re
import tarfile
import time
from typing import Any

from docker_api.parse import DeniedError
from docker_api.settings import FilterSettings

PORT = "8888/tcp"
# The user's volume is mounted here; the home is a folder in it, made by the user's own uid.
HOMES = "/home"
TEAM = "/team"
PACKAGES = "/opt/packages"
RERUN_USER_HOME = {HOMES: "rw,nosuid,nodev,mode=1777,size=536870912"}
FIRST_UID, LAST_UID, GROUP = 20000, 21999, 100
MAX_VARIABLES, MAX_VARIABLE = 200, 32 * 1024
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=[^\0]*", re.DOTALL)
# What would change how the container's programs are loaded, before any of our code runs.
LOADER = re.compile(r"(LD_|GCONV_PATH|PYTHONHOME|PYTHONSTARTUP|BASH_ENV|ENV=|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS)")

# Said by docker-py's `create_container` on behalf of DockerSpawner; all of them may be empty.
KEYS = {
    "Image", "User", "Env", "Cmd", "HostConfig", "ExposedPorts", "Volumes",
    "Hostname", "Domainname", "Tty", "OpenStdin", "StdinOnce", "AttachStdin", "AttachStdout", "AttachStderr",
    "NetworkDisabled", "Entrypoint", "WorkingDir", "NetworkingConfig", "MacAddress", "Labels", "StopSignal",
    "Healthcheck", "StopTimeout", "Runtime", "Platform",
}  # fmt: skip
HARMLESS = {"AttachStdout", "AttachStderr"}
CHECKED = {"Image", "User", "Env", "Cmd", "HostConfig", "ExposedPorts", "Volumes"}
HOST_KEYS = {"Binds", "NetworkMode", "Mounts", "AutoRemove", "Links", "Memory", "CpuPeriod", "CpuQuota", "PortBindings"}
HOST_SIZES = {"Memory", "CpuPeriod", "CpuQuota"}
HOST_CHECKED = {"Binds", "NetworkMode"}


def rebuild(settings: FilterSettings, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """Returns the create request that the engine gets in place of this one.

    Raises:
        DeniedError: The request asks for something else than one of this stack's servers; the rule is named.
    """
    user = _user_of(settings, name)
    _known(body, KEYS, "")
    _empty(body, KEYS - CHECKED - HARMLESS, "")
    if body.get("Image") != settings.image:
        raise DeniedError("Image must be this stack's notebook image, by id")
    uid = _uid(body.get("User"))
    _only(body, "Volumes", HOMES)
    _only(body, "ExposedPorts", PORT)
    host = _host_config(settings, body.get("HostConfig"), user)
    return {
        "Image": settings.image,
        "User": f"{uid}:{GROUP}",
        "Env": _environment(body.get("Env")),
        "WorkingDir": HOMES,
        "ExposedPorts": {PORT: {}},
        "Labels": {"sandbox.stack": settings.stack, "sandbox.user": user},
        "HostConfig": _rebuild_host_config(settings, user, host),
    }


def _rebuild_host_config(settings: FilterSettings, user: str, requested: dict[str, Any]) -> dict[str, Any]:
    memory, cores = _memory(settings, requested), _cores(settings, requested)
    return {
        "NetworkMode": settings.network,
        **_mounts(settings, user),
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "Memory": memory,
        "MemorySwap": memory,
        "NanoCpus": int(cores * 1e9),
        "PidsLimit": settings.pids,
        "Ulimits": [{"Name": "fsize", "Soft": settings.file_bytes, "Hard": settings.file_bytes}],
        "RestartPolicy": {"Name": "no"},
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}},
    }


def _mounts(settings: FilterSettings, user: str) -> dict[str, Any]:
    """Returns what is mounted: the user's home, the team's shelf with a folder of each user's own, runs' packages."""
    shared = [
        _shared(settings.team_volume, TEAM, read_only=user == settings.rerun_user),
        _shared(settings.packages_volume, PACKAGES, read_only=True),
    ]
    if user == settings.rerun_user:
        return {"Mounts": shared, "Tmpfs": dict(RERUN_USER_HOME)}
    options = {"Labels": {"sandbox.stack": settings.stack, "sandbox.user": user}}
    source = f"{settings.stack}-home-{user}"
    return {"Mounts": [{"Type": "volume", "Source": source, "Target": HOMES, "VolumeOptions": options}, *shared]}


def _shared(volume: str, target: str, *, read_only: bool) -> dict[str, Any]:
    """Returns the mount of a volume of the stack, which `sandbox up` has made."""
    return {"Type": "volume", "Source": volume, "Target": target, "ReadOnly": read_only}


def _memory(settings: FilterSettings, requested: dict[str, Any]) -> int:
    memory = requested.get("Memory") or settings.memory
    if type(memory) is not int or not 0 < memory <= settings.most_memory:
        raise DeniedError(f"HostConfig.Memory must not be more than {settings.most_memory}")
    return memory


def _cores(settings: FilterSettings, requested: dict[str, Any]) -> float:
    quota, period = requested.get("CpuQuota"), requested.get("CpuPeriod")
    if not quota or not period:
        return settings.cpus
    if type(quota) is not int or type(period) is not int or not 0 < quota <= settings.most_cpus * period:
        raise DeniedError(f"HostConfig.CpuQuota must not be more than {settings.most_cpus:g} cores")
    return quota / period


def _user_of(settings: FilterSettings, name: str) -> str:
    match = settings.name_pattern.fullmatch(name)
    if match is None:
        raise DeniedError(f"a container must be called {settings.stack}-user-<name>")
    return match[1]


def _known(body: dict[str, Any], keys: set[str], where: str) -> None:
    if unknown := sorted(body.keys() - keys):
        raise DeniedError(f"the key {where + unknown[0]!r:.80} is not allowed")


def _empty(body: dict[str, Any], keys: set[str], where: str) -> None:
    for key in sorted(keys & body.keys()):
        if body[key] not in (None, False, 0, "", [], {}):
            raise DeniedError(f"{where}{key} must be empty")


def _only(body: dict[str, Any], key: str, name: str) -> None:
    value = body.get(key) or {}
    if not isinstance(value, dict) or value.keys() - {name}:
        raise DeniedError(f"{key} may name {name} only")


def _uid(user: Any) -> int:
    match = re.fullmatch(rf"([0-9]{{5}}):{GROUP}", user) if isinstance(user, str) else None
    if match is None or not FIRST_UID <= int(match[1]) <= LAST_UID:
        raise DeniedError(f"User must be a number from {FIRST_UID} to {LAST_UID}, with group {GROUP}")
    return int(match[1])


def _environment(variables: Any) -> list[str]:
    if not isinstance(variables, list) or len(variables) > MAX_VARIABLES:
        raise DeniedError(f"Env must be a list of at most {MAX_VARIABLES} variables")
    for variable in variables:
        if not isinstance(variable, str) or len(variable) > MAX_VARIABLE or not VARIABLE.fullmatch(variable):
            raise DeniedError("Env must hold NAME=value only")
        if LOADER.match(variable):
            raise DeniedError(f"Env may not set {variable.split('=')[0]}")
    return list(variables)


def _host_config(settings: FilterSettings, host: Any, user: str) -> dict[str, Any]:
    if not isinstance(host, dict):
        raise DeniedError("HostConfig must be an object")
    _known(host, HOST_KEYS, "HostConfig.")
    _empty(host, HOST_KEYS - HOST_CHECKED - HOST_SIZES, "HostConfig.")
    if host.get("NetworkMode") != settings.network:
        raise DeniedError("HostConfig.NetworkMode must be the network of this stack's servers")
    if host.get("Binds") not in (None, [], [f"{settings.stack}-home-{user}:{HOMES}:rw"]):
        raise DeniedError("HostConfig.Binds may hold the user's own home volume only")
    return host


def user_of(created: dict[str, Any]) -> str:
    """Returns whose server the body of a create request makes."""
    return str(created["Labels"]["sandbox.user"])


def shelf_folder_archive(user: str, owner: str) -> bytes:
    """Returns a tar archive with a user's folder on the shelf: empty, writable for its owner and readable for all.

    The engine unpacks it, since nobody else may give a folder to another user. The shelf's volume belongs to root:
    whoever could make a folder in it could take a name that is another's.

    Args:
        user: The folder's name.
        owner: `uid:gid`.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(user)
        entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, int(time.time())
        entry.uid, entry.gid = (int(number) for number in owner.split(":"))
        archive.addfile(entry)
    return buffer.getvalue()
