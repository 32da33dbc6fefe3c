"""The stack's secrets: generated once, stored in the state folder, put into volumes that only their service mounts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from docker.errors import NotFound

from sandbox_cli.settings import Settings
from sandbox_cli.stack import state
from sandbox_cli.stack.engine import answers
from sandbox_cli.stack.engine.archive import archive
from sandbox_cli.stack.engine.connection import Engine

FILE = "secrets.json"
INSTALLED = "secret-volumes.json"
FORMER_INSTALLED = "vaults.json"  # of a stack that an older version has started
GENERATED = (
    "minio_root_password",
    "spark_auth_secret",
    "spark_connect_token",
    "hub_cookie_secret",
    "hub_proxy_token",
    "hub_admin_token",
    "s3_identity_key",
)
LABEL = "sandbox.stack"


@dataclass(frozen=True)
class SecretVolume:
    """A volume with secrets in it.

    Attributes:
        uid: Who reads it.
        names: Secrets in it: generated ones, and how users log in (see sign_in.py).
        s3_user: The S3 access key whose secret lies in it as `s3_secret_key`, if any.
    """

    uid: int
    names: tuple[str, ...]
    s3_user: str | None = None


SECRET_VOLUMES = {
    "minio": SecretVolume(10002, ("minio_root_password",)),
    "spark": SecretVolume(10001, ("spark_auth_secret",)),
    "connect": SecretVolume(10001, ("spark_auth_secret", "spark_connect_token")),
    "history": SecretVolume(10001, (), "spark-history"),
    "runner": SecretVolume(10001, ("spark_auth_secret",), "runner"),
    "hub": SecretVolume(
        10004,
        (
            "hub_cookie_secret",
            "hub_proxy_token",
            "hub_admin_token",
            "spark_connect_token",
            "spark_auth_secret",
            "hub_auth",
        ),
        "hub",
    ),
}


def load(settings: Settings) -> dict[str, str]:
    """Returns the secrets of the state folder; {} if there are none.

    Raises:
        UsageError: Others could read them, or the file has something else in it.
    """
    path = settings.state_dir / FILE
    state.refuse_readable(path)
    return state.read(path, state.texts(), anew="makes new secrets; all data stays")


def load_or_create(settings: Settings) -> dict[str, str]:
    """Returns the secrets; generates what is missing."""
    found = load(settings)
    missing = [name for name in GENERATED if name not in found]
    if missing:
        found |= {name: secrets.token_hex(32) for name in missing}
        state.write(settings.state_dir / FILE, found)
    return found


def s3_secret(s3_user_key: str, access_key: str) -> str:
    """Returns the secret that belongs to an S3 access key of this stack, 40 characters."""
    digest = hmac.new(s3_user_key.encode(), access_key.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()[:40]


def volume_name(settings: Settings, name: str) -> str:
    """Returns the name of the volume that compose.yaml mounts at /run/secrets."""
    return f"{settings.stack}_secrets-{name}"


def install(engine: Engine, settings: Settings, values: Mapping[str, str], image: str) -> list[str]:
    """Fills the volumes; returns the names of those that had to be filled.

    What a volume contains is recorded in the state folder after it was written, so an interrupted call is repeated.

    Args:
        engine: Where the volumes are.
        settings: Whose.
        values: The secrets by name.
        image: Any image: a container of it is created and never started, for the engine's archive API.
    """
    recorded = _recorded(settings, INSTALLED) or _recorded(settings, FORMER_INSTALLED)
    changed = []
    for name, volume in SECRET_VOLUMES.items():
        files = _files(volume, values)
        digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
        if recorded.get(name) != [digest, _created(engine, volume_name(settings, name))]:
            _fill(engine, settings, name, pack(files, volume.uid), image)
            recorded[name] = [digest, _created(engine, volume_name(settings, name))]
            state.write(settings.state_dir / INSTALLED, recorded)
            changed.append(name)
    return changed


def _recorded(settings: Settings, name: str) -> dict[str, Any]:
    """Returns digest and age of what each volume contains."""
    return state.read(settings.state_dir / name, _check, anew="fills the volumes again")


def _check(content: dict[str, Any]) -> str:
    for name, value in content.items():
        if not isinstance(value, list) or not value or not isinstance(value[0], str):
            return state.wrong_kind(name, value, "a list of two texts")
    return ""


def _created(engine: Engine, volume: str) -> str | None:
    """Returns when the volume was made: one of the same name, made anew, is empty."""
    try:
        return str(engine.client.volumes.get(volume).attrs["CreatedAt"])
    except NotFound:
        return None


def _files(volume: SecretVolume, values: Mapping[str, str]) -> dict[str, str]:
    files = {name: values[name] for name in volume.names}
    if volume.s3_user:
        files["s3_secret_key"] = s3_secret(values["s3_identity_key"], volume.s3_user)
    return files


def _fill(engine: Engine, settings: Settings, name: str, content: bytes, image: str) -> None:
    """Writes the volume's files. Containers that mount it are removed first: `up` makes them again."""
    volume, labels = volume_name(settings, name), {LABEL: settings.stack}
    users = answers.of_all(lambda: engine.client.containers.list(all=True, filters={"volume": volume}, sparse=True))
    for user in users:
        answers.remove(user)
    with suppress(NotFound):  # a secret that no longer belongs in it must not stay
        engine.client.volumes.get(volume).remove(force=True)
    engine.client.volumes.create(volume, labels=labels)
    container = engine.client.containers.create(
        image, ["true"], entrypoint="", user="0:0", volumes=[f"{volume}:/secrets"], network_mode="none", labels=labels
    )
    try:
        container.put_archive("/secrets", content)
    finally:
        container.remove(force=True, v=True)  # its image declares a volume


def pack(files: Mapping[str, str], uid: int) -> bytes:
    """Returns an archive of files that only one uid reads."""
    return archive({name: text.encode() for name, text in files.items()}, mode=0o400, uid=uid, gid=100)
