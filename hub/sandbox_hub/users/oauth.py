"""Users whom an OAuth or OIDC provider vouches for: oauthenticator's classes, with this hub's rules."""

from __future__ import annotations

from importlib import import_module
from types import new_class
from typing import TYPE_CHECKING, Any

from jupyterhub import orm
from jupyterhub.roles import assign_default_roles
from jupyterhub.user import User
from spark_etl import usernames as names
from sqlalchemy.orm import Session, object_session
from tornado import web

from sandbox_hub.users import accounts_api

if TYPE_CHECKING:
    from oauthenticator.oauth2 import OAuthenticator
else:
    # `OAuthRules` are put before a provider's class, which `super()` finds.
    OAuthenticator = object

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
CLASS_NAME = "SandboxOAuthenticator"


class OAuthRules(OAuthenticator):
    """The rules for users of any provider.

    1. A name is one that a container, a volume and an S3 prefix can have, and none of the stack's own.
    2. A name that `username_map` gives to somebody is nobody else's.
    3. Admins are those of the settings, and nobody else: neither who comes first, nor who once was.
    """

    provider = ""

    def get_handlers(self, app: object) -> accounts_api.Routes:
        """Returns the pages of the login, and the API calls for accounts."""
        return [*super().get_handlers(app), *accounts_api.PROVIDER_ROUTES]

    def user_info_to_username(self, user_info: dict[str, Any]) -> str:
        """Returns the provider's name for the user (rule 2)."""
        try:
            name = str(super().user_info_to_username(user_info))
        except ValueError:
            raise web.HTTPError(403, f"{self.provider} gave no name: it sent no `{self._claim()}`.") from None
        if name.lower() in self.username_map.values() and name.lower() not in self.username_map:
            raise web.HTTPError(403, f"`{name}` belongs to another user in `username_map`.")
        return name

    def _claim(self) -> str:
        return str(getattr(self, "username_claim", "username"))

    async def authenticate(
        self, handler: web.RequestHandler, data: dict[str, str] | None = None, **more: Any
    ) -> dict[str, Any] | None:
        """Returns who the provider says it is; a name that can't be a user's is refused with the reason (rule 1)."""
        model = await super().authenticate(handler, data, **more)
        if model is not None and (reason := names.invalid_reason(model["name"])):
            raise web.HTTPError(403, f"{reason}. Whoever runs this hub can map it: `username_map` in hub-auth.yaml.")
        return model

    def check_blocked_users(self, username: str, authentication: dict[str, Any] | None = None) -> bool:
        """Returns whether the name may log in at all (rule 1)."""
        return username not in names.RESERVED and super().check_blocked_users(username, authentication)

    def is_admin(self, handler: web.RequestHandler, authentication: dict[str, Any]) -> bool:
        """Returns whether the settings say so; None would leave it as it was (rule 3)."""
        del handler
        return authentication["name"] in self.admin_users

    def add_user(self, user: User | orm.User) -> None:
        """Takes the admin's rights from whom the database still has as one when the hub starts (rule 3)."""
        if isinstance(user, orm.User) and user.admin and user.name not in self.admin_users:
            user.admin = False
            session = object_session(user)
            assert session  # noqa: S101 - the hub has just read the user from its database
            assign_default_roles(session, entity=user)
        super().add_user(user)

    def logins(self, db: Session) -> list[str]:
        """Returns the names the hub knows."""
        return sorted(user.name for user in db.query(orm.User) if user.name not in names.RESERVED)


def authenticator_class(provider: str) -> type[OAuthRules]:
    """Returns the provider's authenticator with this hub's rules."""
    module, name = PROVIDERS[provider]
    base = getattr(import_module(f"oauthenticator.{module}"), name)
    attributes = {"provider": provider, "__module__": __name__}
    return new_class(CLASS_NAME, (OAuthRules, base), exec_body=lambda namespace: namespace.update(attributes))


if TYPE_CHECKING:  # what the API takes it for
    _accounts: type[accounts_api.Accounts] = OAuthRules
