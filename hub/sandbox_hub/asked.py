"""How the hub's services ask the hub who is there."""

from __future__ import annotations

from jupyterhub.services.auth import HubOAuth

# How long a service believes what the hub said of a token. JupyterHub's five minutes would be what a user who is
# removed still sees; a page asks for dozens of files at once, which share one answer.
BELIEVED_SECONDS = 10


def believe_briefly() -> None:
    """Sets it for all pages of this process: they share one `HubOAuth`. Call it before the first of them is served."""
    HubOAuth.instance().cache_max_age = BELIEVED_SECONDS
