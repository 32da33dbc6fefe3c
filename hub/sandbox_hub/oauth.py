"""Users whom an OAuth or OIDC provider vouches for: oauthenticator's classes, with this hub's rules."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from jupyterhub import orm
from jupyterhub.roles import assign_default_roles
from sqlalchemy.orm import object_session
from tornado import web

from sandbox_hub import accounts_api, names

# Not here: those that make users of the machine (`local-…`), and those that need more packages or a server to start.
PROVIDERS = {
    "auth0": ("auth0", "Auth0OAuthenticator"),
    "azuread": ("azuread", "AzureAdOAuthenticator"),
    "bitbucket": ("bitbucket", "BitbucketOAuthenticator"),
    "cilogon": ("cilogon", "CILogonOAuthenticator"),
    "generic-oauth": ("generic", "GenericOAuthenticator"),
    "github": ("github", "GitHubOAuthenticator"),
    "gitlab": ("gitlab", "GitLabOAuthenticator"),
    "globus": ("globus", "GlobusOAuthenticator"),
    "google": ("google", "GoogleOAuthenticator"),
}
CLASS = "SandboxOAuthenticator"


class Rules:
    """What holds whoever the provider sends.

    1. A name is one that a container, a volume and an S3 prefix can have, and none of the stack's own.
    2. A name that `username_map` gives to somebody is nobody else's.
    3. Admins are those of the settings, and nobody else: neither who comes first, nor who once was.
    """

    provider = ""

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """Returns the pages of the login, and the API calls for accounts."""
        return [*super().get_handlers(app), *accounts_api.FOREIGN]

    def user_info_to_username(self, user_info: dict[str, Any]) -> str:
        """Returns the provider's name for the user (rule 2)."""
        try:
            name = str(super().user_info_to_username(user_info))
        except ValueError:
            raise web.HTTPError(403, f"{self.provider} told no name: it sent no `{self._claim()}`.") from None
        if name.lower() in self.username_map.values() and name.lower() not in self.username_map:
            raise web.HTTPError(403, f"`{name}` is the name of somebody else here, by `username_map`.")
        return name

    def _claim(self) -> str:
        return str(getattr(self, "username_claim", "username"))

    async def authenticate(self, handler: Any, data: Any = None, **more: Any) -> dict[str, Any] | None:
        """Returns who the provider says it is; a name that can't be a user's is refused with the reason (rule 1)."""
        model: dict[str, Any] | None = await super().authenticate(handler, data, **more)
        if model is not None and (told := names.refusal(model["name"])):
            raise web.HTTPError(403, f"{told}. Whoever runs this hub can map it: `username_map` in hub-auth.yaml.")
        return model

    def check_blocked_users(self, username: str, authentication: Any = None) -> bool:
        """Returns whether the name may log in at all (rule 1)."""
        return username not in names.RESERVED and bool(super().check_blocked_users(username, authentication))

    def is_admin(self, handler: Any, authentication: dict[str, Any]) -> bool:
        """Returns whether the settings say so; None would leave it as it was (rule 3)."""
        del handler
        return authentication["name"] in self.admin_users

    def add_user(self, user: Any) -> Any:
        """Takes the admin's rights from whom the database still has as one when the hub starts (rule 3)."""
        if isinstance(user, orm.User) and user.admin and user.name not in self.admin_users:
            user.admin = False
            assign_default_roles(object_session(user), entity=user)
        return super().add_user(user)

    def logins(self, db: Any) -> list[str]:
        """Returns the names the hub knows."""
        return sorted(user.name for user in db.query(orm.User) if user.name not in names.RESERVED)

    def is_blocked(self, name: str) -> bool:
        """Returns False: a provider that refuses somebody doesn't tell."""
        del name
        return False


def authenticator_class(provider: str) -> type:
    """Returns the provider's authenticator with this hub's rules."""
    module, name = PROVIDERS[provider]
    base = getattr(import_module(f"oauthenticator.{module}"), name)
    return type(base)(CLASS, (Rules, base), {"provider": provider, "__module__": __name__})
