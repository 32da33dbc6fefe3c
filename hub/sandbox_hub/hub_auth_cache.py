"""How long the hub's services keep what the hub said of a user's token."""

from __future__ import annotations

from jupyterhub.services.auth import HubOAuth

# For JupyterHub's five minutes a user who is removed would still see the pages. Not zero: a page asks for dozens of
# files at once, which share one answer.
CACHE_SECONDS = 10


def shorten_hub_auth_cache() -> None:
    """Sets it for all pages of this process: they share one `HubOAuth`. Call it before the first of them is served."""
    HubOAuth.instance().cache_max_age = CACHE_SECONDS
