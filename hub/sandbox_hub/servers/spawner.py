"""One server per user: own uid, own home volume, own S3 keys; docker-api decides what a container may be."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

from dockerspawner import DockerSpawner
from minio.error import MinioAdminException, MinioException
from traitlets import Any as Anything
from traitlets import Dict, TraitType, Unicode
from urllib3.exceptions import HTTPError

from sandbox_hub.keys.s3_keys import Key, ServerKeys
from sandbox_hub.keys.secrets import read_secret
from sandbox_hub.servers import outdated
from sandbox_hub.servers.own_place import make_place
from sandbox_hub.servers.sizes import DEFAULT_SIZES, Size, choose_size, parse_sizes, size_form
from sandbox_hub.servers.start_errors import StartError, no_keys_error, unknown_size_error
from sandbox_hub.users.uids import FIRST_UID, Uids

GROUP = 100
DISK_FULL = 28  # ENOSPC
KEY_SECONDS = 20
PLACE_SECONDS = 5
RETRY_SECONDS = 30
StopReason = Callable[[str], Awaitable[str | None]]
# Query parameters of a start's address that are JupyterHub's own.
JUPYTERHUB_PARAMETERS = {"next", "display_name"}


def keep_name(name: str) -> str:
    """Returns the name: it is checked when an account is made, so containers and volumes carry it unchanged."""
    return name


class SandboxSpawner(DockerSpawner):
    """DockerSpawner that starts a fresh container each time, and keeps a crashed one's logs until then."""

    stack = Unicode(config=True, help="Name of the stack: prefix of containers and volumes.")
    s3_endpoint = Unicode(config=True, help="URL of the S3 API, as seen from a server.")
    s3_region = Unicode(config=True, help="Its region.")
    uids_file = Unicode("/srv/hub/uids.json", config=True, help="Where users' numbers are kept.")
    sizes = Dict(parse_sizes(DEFAULT_SIZES), config=True, help="The sizes that a server can have, by name.")
    default_size = Unicode("medium", config=True, help="The one that it has if its user doesn't choose.")
    disk_stop_reason: TraitType[StopReason | None, StopReason | None] = Anything(
        None, config=True, help="Returns why a user's server has to stop; see `sandbox_hub.disk.guard`."
    )
    s3_access_key = Unicode(help="The key that the running server has; its secret is nowhere but in the server.")
    secrets_key = Unicode(help="What stands for the stack's secrets that the running server has; see `outdated`.")
    _s3_key: Key | None = None
    # Of all servers: a spawner may be gone before the store is back.
    _pending_revocations: ClassVar[set[asyncio.Task[None]]] = set()

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # JupyterHub stores the options of a request before they are checked.
        self._last_options = dict(self.orm_spawner.user_options or {})

    @property
    def will_resume(self) -> bool:
        """False: each start makes a container of its own, so a server's token ends with the server."""
        return False

    @property
    def home(self) -> str:
        """The user's home in the container."""
        return f"/home/{self.user.name}"

    def _size(self, options: dict[str, Any]) -> Size:
        try:
            return choose_size(self.sizes, self.default_size, options)
        except ValueError as error:
            raise unknown_size_error(error) from None

    def options_from_form(self, form: dict[str, list[str]]) -> dict[str, Any]:
        """Returns what was chosen in an address such as `/hub/spawn?opt-size=large`; refuses what there is not."""
        return {"size": self._size(form).name}

    async def get_options_form(self) -> str:
        """Returns a form with the sizes if the address asked for another one; without a form, a server starts at once.

        JupyterHub shows why it refused an address only on a form; without one it would start the server as it was last.
        """
        request = self.handler and self.handler.request
        if request and not set(request.query_arguments) - JUPYTERHUB_PARAMETERS:
            return ""
        last = (self.orm_spawner.user_options or {}).get("size")
        return size_form(self.sizes, last if last in list(self.sizes) else self.default_size)

    def get_env(self) -> dict[str, str]:
        """Returns the server's environment, with the S3 keys that were made for it."""
        key = self._s3_key or Key("", "")
        return {
            **super().get_env(),
            "HOME": self.home,
            "USER": self.user.name,
            "SANDBOX_STACK": self.stack,
            "SANDBOX_SCRATCH": "s3a://scratch/",
            "SANDBOX_PUBLISHED": "s3a://published/",
            "SANDBOX_CONNECT_URL": "sc://spark-connect:15002",
            "SANDBOX_CONNECT_TOKEN": read_secret("spark_connect_token"),
            "SPARK_MASTER_URL": "spark://spark-master:7077",
            "SPARK_ETL_CHECKPOINT_ON_FAILURE": "1",
            "SPARK_ETL_READS": f"{self.home}/.sandbox/reads",
            "SPARK_ETL_HUB": os.environ.get("SANDBOX_HUB_URL", ""),
            "SMTP_HOST": "mail",
            "SMTP_PORT": "1025",
            "_SPARK_AUTH_SECRET": read_secret("spark_auth_secret"),
            "AWS_ENDPOINT_URL_S3": self.s3_endpoint,
            "AWS_REGION": self.s3_region,
            "AWS_ACCESS_KEY_ID": key.access,
            "AWS_SECRET_ACCESS_KEY": key.secret,
        }

    def get_state(self) -> dict[str, Any]:
        """Returns what the hub has to remember, in case it is restarted while the server runs."""
        own = {"s3_access_key": self.s3_access_key, "secrets_key": self.secrets_key}
        return {**super().get_state(), **{name: value for name, value in own.items() if value}}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restores what was remembered."""
        super().load_state(state)
        self.s3_access_key = state.get("s3_access_key", "")
        self.secrets_key = state.get("secrets_key", "")

    @property
    def is_outdated(self) -> bool:
        """Whether the running server has other secrets than the stack has now."""
        return bool(self.secrets_key) and self.secrets_key != outdated.secrets_key(read_secret)

    def _keys(self) -> ServerKeys:
        return ServerKeys(self.s3_endpoint, self.s3_region, read_secret("s3_secret_key"))

    async def poll(self) -> int | str | None:
        """Returns None while the server runs; one that fills everybody's disk is stopped, and its user sees why.

        One that has former secrets of the stack is stopped when it is idle.
        """
        status = await super().poll()
        if status is not None or self._start_pending:
            return status
        if self.is_outdated and outdated.is_idle(self.orm_spawner.last_activity) and not await self._is_computing():
            self.log.info("stopping the server of %s: it is idle, and has former secrets of the stack", self.user.name)
            await self.stop()
            return 0
        if self.disk_stop_reason is None:
            return status
        if reason := await self.disk_stop_reason(self.user.name):
            self.log.warning("stopping the server of %s: %s", self.user.name, reason)
            await self.stop()
            return DISK_FULL
        return status

    async def _is_computing(self) -> bool:
        if self.server is None:
            return False
        # The hub does not know the server's own token any more once it was restarted.
        scopes = [f"access:servers!user={self.user.name}"]
        token = self.user.new_api_token(note="whether a kernel computes", expires_in=60, scopes=scopes)
        return await outdated.is_computing(self.server.url, token)

    async def create_object(self) -> dict[str, Any]:
        """Creates the container as this user's."""
        uid = Uids(Path(self.uids_file)).assign(self.user.name, FIRST_UID + self.user.orm_user.id)
        self.extra_create_kwargs = {"user": f"{uid}:{GROUP}"}
        self.volumes = {f"{self.stack}-home-{self.user.name}": "/home"}
        return await super().create_object()

    async def stop(self, now: bool = False) -> None:
        """Stops the server; if it exited with an error, its container and log stay."""
        await super().stop(now)
        container = await self.get_object()
        if container and container["State"]["ExitCode"] == 0:
            await self.remove_object()

    async def start(self) -> tuple[str, int]:
        """Starts the server in a container of the present image; the container of the last start is removed."""
        self._apply_size()
        if await self.get_object():
            await self.remove_object()
        self._s3_key = await self._new_key()
        self.s3_access_key = self._s3_key.access
        self.secrets_key = outdated.secrets_key(read_secret)
        await self._make_place(self._s3_key)
        return await super().start()

    def _apply_size(self) -> None:
        try:
            size = self._size(self.user_options)
        except StartError:
            self.orm_spawner.user_options = self._last_options
            raise
        self.mem_limit, self.cpu_limit = size.memory, size.cores

    async def _new_key(self) -> Key:
        issuing = asyncio.to_thread(self._keys().issue, self.user.name, self.name)
        try:
            return await asyncio.wait_for(issuing, KEY_SECONDS)
        except (HTTPError, MinioAdminException, TimeoutError) as error:
            self.log.warning("no S3 keys for the server of %s: %s", self.user.name, error or type(error).__name__)
            raise no_keys_error(answers=isinstance(error, MinioAdminException)) from None

    async def _make_place(self, key: Key) -> None:
        """Lets the user see where they may write in the store; a server starts without it all the same."""
        making = asyncio.to_thread(make_place, self.s3_endpoint, self.s3_region, key, self.user.name)
        try:
            await asyncio.wait_for(making, PLACE_SECONDS)
        except (HTTPError, MinioException, TimeoutError) as error:
            self.log.warning("no README in the place of %s: %s", self.user.name, error or type(error).__name__)

    async def run_post_stop_hook(self) -> None:
        """Revokes the S3 keys, however the server ended; if the store doesn't answer, as soon as it does."""
        self._s3_key = None
        self.secrets_key = ""
        access, self.s3_access_key = self.s3_access_key, ""
        if access and not await self._revoke(access):
            self._pending_revocations.add(task := asyncio.create_task(self._revoke_later(access)))
            task.add_done_callback(self._pending_revocations.discard)

    async def _revoke(self, access: str) -> bool:
        try:
            await asyncio.to_thread(self._keys().revoke, access)
        except (HTTPError, MinioAdminException) as error:
            self.log.warning("the S3 keys of the server of %s are not revoked yet: %s", self.user.name, error)
            return False
        return True

    async def _revoke_later(self, access: str) -> None:
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            if await self._revoke(access):
                self.log.info("the S3 keys of the server of %s are revoked now", self.user.name)
                return
