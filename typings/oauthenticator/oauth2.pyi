from collections.abc import Callable
from typing import Any

from jupyterhub.auth import Authenticator
from tornado.web import RequestHandler

class OAuthenticator(Authenticator):
    admin_groups: set[str]
    authorize_url: str
    token_url: str
    userdata_url: str
    userdata_from_id_token: bool
    username_claim: str | Callable[[dict[str, Any]], str]
    async def authenticate(
        self, handler: RequestHandler, data: dict[str, str] | None = None, **kwargs: Any
    ) -> dict[str, Any] | None: ...
    def user_info_to_username(self, user_info: dict[str, Any]) -> str: ...
