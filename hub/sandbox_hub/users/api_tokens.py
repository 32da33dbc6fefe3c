"""How many API tokens a user may have, and how long their notes may be: the hub shows all of them at once."""

from __future__ import annotations

from jupyterhub.apihandlers.users import UserTokenListAPIHandler
from tornado import web

MAX_TOKENS, MAX_NOTE_CHARS = 500, 200


def limit_tokens() -> None:
    """Makes the hub refuse more; JupyterHub has no setting for it."""
    original_post = UserTokenListAPIHandler.post

    async def post(self: UserTokenListAPIHandler, user_name: str) -> None:
        body = self.get_json_body()
        note = body.get("note") if isinstance(body, dict) else None
        if note is not None and len(str(note)) > MAX_NOTE_CHARS:
            raise web.HTTPError(400, f"A token's note has at most {MAX_NOTE_CHARS} characters")
        user = self.find_user(user_name) if self.current_user else None
        if user and len(user.api_tokens) >= MAX_TOKENS:
            raise web.HTTPError(
                429, f"{user_name} has {MAX_TOKENS} tokens, which is all there may be. Revoke some first"
            )
        await original_post(self, user_name)

    UserTokenListAPIHandler.post = post
