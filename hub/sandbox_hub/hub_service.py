"""What the services of the hub share: their application's settings, where they listen, and how they end."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bounded_http import BoundedServer, Limits
from jupyterhub.services.auth import HubOAuth
from tornado import web

# For JupyterHub's five minutes a user who is removed would still see the pages. Not zero: a page asks for dozens of
# files at once, which share one answer.
AUTH_CACHE_SECONDS = 10


def application(routes: Sequence[Any], pages: Path, **settings: Any) -> web.Application:
    """Returns a service.

    Args:
        routes: Tornado's.
        pages: The folder of its templates.
        settings: More of Tornado's.
    """
    HubOAuth.instance().cache_max_age = AUTH_CACHE_SECONDS  # all pages of a process share it
    return web.Application(
        list(routes),
        cookie_secret=os.urandom(32),
        template_path=str(pages),
        log_function=lambda handler: None,  # noqa: ARG005 - the hub's proxy is asked who was here
        **settings,
    )


async def serve(service: web.Application, limits: Limits) -> None:
    """Serves where the hub says, until it stops the process."""
    address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    assert address.port  # noqa: S101 - for the type checker: jupyterhub_config.py names one
    BoundedServer(service, xheaders=True, limits=limits).listen(address.port, address.hostname or "127.0.0.1")
    await asyncio.Event().wait()


def run(main: Coroutine[Any, Any, None]) -> None:
    """Runs a service until the hub stops it."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    with suppress(KeyboardInterrupt):  # how the hub stops its services
        asyncio.run(main)
