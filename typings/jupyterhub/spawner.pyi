from typing import Any

from jupyterhub.handlers import BaseHandler
from jupyterhub.objects import Server
from jupyterhub.user import User
from tornado.web import HTTPError
from traitlets.config import LoggingConfigurable

class SpawnException(HTTPError):  # noqa: N818 - JupyterHub calls it so
    message: str
    def __init__(
        self, message: str, *, reason: str, log_message: str = "", message_html: str = "", status_code: int = 400
    ) -> None: ...

class Spawner(LoggingConfigurable):
    _start_pending: bool
    # The database's row: what a user's last start was asked for.
    orm_spawner: Any
    user: User
    # Where it is reached; None when it does not run.
    server: Server | None
    # The request that starts the server; None when the hub starts it by itself.
    handler: BaseHandler | None
    user_options: dict[str, Any]
    mem_limit: int | None
    cpu_limit: float | None
    @property
    def name(self) -> str: ...
    def options_from_form(self, form_data: dict[str, list[str]]) -> dict[str, Any]: ...
    async def get_options_form(self) -> str: ...
    def get_env(self) -> dict[str, str]: ...
    def get_state(self) -> dict[str, Any]: ...
    def load_state(self, state: dict[str, Any]) -> None: ...
    async def start(self) -> tuple[str, int]: ...
    async def stop(self, now: bool = False) -> None: ...
    async def poll(self) -> int | str | None: ...
    # Awaited if it returns something to wait for.
    def run_post_stop_hook(self) -> object: ...
