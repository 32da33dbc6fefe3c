"""What JupyterHub's own pages and API would answer with a 500: refused before, with what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from jupyterhub.apihandlers.auth import OAuthAuthorizeHandler
from jupyterhub.apihandlers.users import UserListAPIHandler
from jupyterhub.handlers.base import BaseHandler
from jupyterhub.handlers.pages import ProxyErrorHandler
from jupyterhub.handlers.static import CacheControlStaticFilesHandler
from tornado import web

CONTROL = re.compile("[\x00-\x1f\x7f]")
# What oauthlib takes in a query; it raises on the rest.
OAUTH_QUERY = re.compile(r"[A-Za-z0-9_.~!*'()+;:@&=$,/?%-]*")


def check_hub_requests() -> None:
    """Makes JupyterHub's handlers check what they are sent; it has no setting for that."""
    _check_first(BaseHandler, "prepare", _check_address)
    _check_first(CacheControlStaticFilesHandler, "prepare", _check_address)
    _check_first(UserListAPIHandler, "post", _check_names)
    for method in ("get", "post"):
        _check_first(OAuthAuthorizeHandler, method, _check_oauth_query)
    _check_first(ProxyErrorHandler, "get", _check_status)


def _check_first(handler: type[web.RequestHandler], method: str, check: Callable[..., None]) -> None:
    original = getattr(handler, method)

    def checked(self: web.RequestHandler, *args: Any) -> Any:
        check(self, *args)
        return original(self, *args)

    setattr(handler, method, checked)


def _check_address(handler: web.RequestHandler) -> None:
    """Refuses control characters, which no address of the hub has, and a `next` that is no address."""
    request = handler.request
    values = [unquote(request.path)]
    for name in [*request.arguments]:
        try:
            found = handler.get_arguments(name, strip=False)
        except web.HTTPError:  # it is no UTF-8; without it, the page that says so can be rendered
            for arguments in (request.arguments, request.query_arguments, request.body_arguments):
                arguments.pop(name, None)
            raise
        values += found if name in request.query_arguments or name == "next" else []
    if any(CONTROL.search(value) for value in values):
        raise web.HTTPError(400, "The address has a control character, such as a line end")
    try:
        urlsplit(handler.get_argument("next", ""))
    except ValueError as error:
        raise web.HTTPError(400, f"`next` is no address: {error}") from None


def _check_names(handler: UserListAPIHandler) -> None:
    body = handler.get_json_body()
    names = body.get("usernames") if isinstance(body, dict) else None
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise web.HTTPError(400, "`usernames` must be a list of names")


def _check_oauth_query(handler: web.RequestHandler) -> None:
    if not OAUTH_QUERY.fullmatch(handler.request.query):
        raise web.HTTPError(400, "The query has characters that have to be escaped")


def _check_status(handler: web.RequestHandler, status: str) -> None:
    del handler
    if len(status) != len("404"):
        raise web.HTTPError(404)
