"""The store of a place: MinIO with nothing in it but one run and what its sources had read."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docker.models.containers import Container
from spark_etl.storage import S3Settings, split_s3

from sandbox_cli.errors import StackError
from sandbox_cli.stack import object_store
from sandbox_cli.stack.engine.archive import archive
from sandbox_cli.stack.health import poll
from sandbox_cli.stack.object_store import REGION, ROOT_USER, ObjectStore, s3_policy
from sandbox_cli.stack.private.limits import GROUP, limits
from sandbox_cli.stack.private.place import Place
from sandbox_cli.stack.secrets import s3_secret
from sandbox_cli.stack.session import Session

if TYPE_CHECKING:
    from minio import Minio

USER = 10002
HOST = "minio"  # as the stack's own: Spark's settings name it
PORT = "9000/tcp"
S3_USER = "replay"
SECONDS = 60
MEMORY, PIDS = "1g", 512
ENVIRONMENT = {
    "MINIO_ROOT_USER": ROOT_USER,
    "MINIO_ROOT_PASSWORD_FILE": "/run/secrets/minio_root_password",
    "MINIO_BROWSER": "off",
    "MINIO_UPDATE": "off",
    "MINIO_MEMLIMIT": "512MiB",
    "GOGC": "50",
}


@dataclass(frozen=True)
class PrivateStore:
    """A store that answers.

    Attributes:
        objects: Its door, with root's credentials.
        password: Root's.
        secret: Of the key that the driver gets.
    """

    objects: ObjectStore
    password: str
    secret: str

    @property
    def client(self) -> Minio:
        """An S3 client of root's."""
        return self.objects.client(ROOT_USER, self.password)

    @property
    def settings(self) -> S3Settings:
        """How root reaches it, for what reads and writes runs."""
        return S3Settings(f"http://{self.objects.endpoint}", REGION, ROOT_USER, self.password)

    def make_buckets(self, names: Sequence[str]) -> None:
        """Makes the buckets."""
        client = self.client
        for name in names:
            client.make_bucket(bucket_name=name)

    def allow(self, run_path: str, buckets: Sequence[str]) -> None:
        """Makes the driver's key: it reads what is there, and writes replays beside the run.

        Args:
            run_path: The run's folder, which it does not write.
            buckets: All that there are.
        """
        self.objects.set_s3_user(S3_USER, policy_of_replay(run_path, buckets))


def policy_of_replay(run_path: str, buckets: Sequence[str]) -> dict[str, Any]:
    """Returns what the driver's key may do, as an S3 policy document."""
    bucket, key = split_s3(run_path)
    pipeline = key.rpartition("/")[0]
    return s3_policy(read=buckets, write=[f"{bucket}/{pipeline}/*"], never=[f"{bucket}/{key}/*"])


def start_store(session: Session, place: Place) -> PrivateStore:
    """Starts the store of a place, with secrets of its own.

    Raises:
        StackError: It does not answer.
    """
    password, key = secrets.token_hex(32), secrets.token_hex(32)
    container = _create(session, place, password)
    container.start()
    port = poll(lambda: _port(container), seconds=SECONDS)
    if port is None or not poll(lambda: object_store.answers(port), seconds=SECONDS):
        lines = container.logs(tail=5).decode(errors="replace")
        raise StackError(f"The private store of this replay does not answer:\n{lines}", hint="sandbox doctor")
    made = ObjectStore(port, {"s3_identity_key": key, "minio_root_password": password})
    return PrivateStore(made, password, s3_secret(key, S3_USER))


def _create(session: Session, place: Place, password: str) -> Container:
    """Makes networks, volume and container: an internal network publishes no port, so the store is on two."""
    client = session.engine.client
    internal = client.networks.create(place.network, internal=True, labels=place.network_labels)
    client.networks.create(place.edge, labels=place.network_labels)
    client.volumes.create(place.volume, labels=place.labels)
    container = client.containers.create(
        session.compose.variables["SANDBOX_IMAGE_MINIO"],
        ["server", "/data", "--address", ":9000"],
        name=place.store,
        environment=ENVIRONMENT,
        volumes=[f"{place.volume}:/data"],
        network=place.edge,
        ports={PORT: ("127.0.0.1", 0)},
        labels=place.labels,
        **limits(USER, memory=MEMORY, pids=PIDS),
    )
    internal.connect(container, aliases=[HOST])
    put_secrets(container, {"minio_root_password": password}, USER)
    return container


def put_secrets(container: Container, files: dict[str, str], uid: int) -> None:
    """Puts secrets into a container that has not started: in no argument and no variable, for one uid only."""
    content = {f"secrets/{name}": text.encode() for name, text in files.items()}
    container.put_archive("/run", archive(content, mode=0o400, uid=uid, gid=GROUP, folders=True))


def _port(container: Container) -> int | None:
    """Returns the port of this machine that the store has; None until the engine has given it one."""
    container.reload()
    found = container.attrs["NetworkSettings"]["Ports"].get(PORT)
    return int(found[0]["HostPort"]) if found else None
