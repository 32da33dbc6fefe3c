"""How many API tokens a user may have, and how long their notes may be: the hub shows all of them at once."""

from __future__ import annotations

from jupyterhub.apihandlers.users import UserTokenListAPIHandler
from tornado import web

MOST, LONGEST_NOTE = 500, 200


def bound() -> None:
    """Makes the hub refuse more; JupyterHub has no setting for it."""
    make = UserTokenListAPIHandler.post

    async def post(self: UserTokenListAPIHandler, user_name: str) -> None:
        asked = self.get_json_body()
        note = asked.get("note") if isinstance(asked, dict) else None
        if note is not None and len(str(note)) > LONGEST_NOTE:
            raise web.HTTPError(400, f"A token's note has at most {LONGEST_NOTE} characters")
        user = self.find_user(user_name) if self.current_user else None
        if user and len(user.api_tokens) >= MOST:
            raise web.HTTPError(429, f"{user_name} has {MOST} tokens, which is all there may be. Revoke some first")
        await make(self, user_name)

    UserTokenListAPIHandler.post = post
