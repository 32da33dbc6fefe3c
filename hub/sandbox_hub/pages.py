"""What the hub's services show: whatever somebody wrote is made safe to show, and a refusal says what is wrong."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from spark_etl.printable import printable
from tornado import web

# Beside this file, seen from a service's own pages; it takes in their `style.html`.
PROBLEM = "../../problem.html"


def printable_value(value: Any) -> Any:
    """Returns texts, and objects, lists and records of them, as they may be shown; anything else as it is."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable_value(key): printable_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [printable_value(inner) for inner in value]
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: printable_value(getattr(value, field.name)) for field in fields(value)})
    return value


def is_origin(origin: str, host: str) -> bool:
    """Returns whether an Origin header names a host."""
    try:
        return urlsplit(origin).netloc == host
    except ValueError:
        return False


def refuse_other_sites(handler: web.RequestHandler) -> None:
    """Refuses a request that a page of another site has made.

    Raises:
        HTTPError: It comes from there.
    """
    origin = handler.request.headers.get("Origin")
    site = handler.request.headers.get("Sec-Fetch-Site", "same-origin")
    if site not in {"same-origin", "none"} or (origin and not is_origin(origin, handler.request.host)):
        raise web.HTTPError(403, "a request from another site")


class PageHandler(web.RequestHandler):
    """Renders templates, which escape HTML, with values that hold nothing else a browser obeys.

    Attributes:
        way_back: What the page of a problem calls the service's first page.
        search: What it says of a page that there is not.
    """

    way_back, search = "", ""

    def render(self, template_name: str, **values: Any) -> Any:
        """Renders a template as the answer."""
        return super().render(template_name, **printable_value(values))

    def write_error(self, status_code: int, **kwargs: object) -> None:
        """Writes a page that says what is wrong."""
        texts = {"reason": self.error_text(kwargs), "way_back": self.way_back, "search": self.search}
        self.render(PROBLEM, status=status_code, **texts)

    def error_text(self, details: dict[str, Any]) -> str:
        """Returns what `write_error` says: the text that was raised, since a status line can't hold every text."""
        error = (details.get("exc_info") or (None, None))[1]
        if isinstance(error, web.HTTPError) and error.log_message:
            return printable(error.log_message % error.args, one_line=True)
        return str(self._reason)
