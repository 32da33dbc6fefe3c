"""The stack's pages behind the gateway: where they answer, and what their paths are to a browser."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

PREFIX = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/ui/")
# The hub's origin where services have addresses of their own; otherwise empty.
HUB_ORIGIN = os.environ.get("JUPYTERHUB_HOST", "")


@dataclass(frozen=True)
class Upstream:
    """A web page of the stack.

    Attributes:
        title: What people call it.
        address: Where it answers inside the stack.
        about: What it is good for.
        keeps_prefix: Whether it knows the path it hangs under; otherwise the path is cut off.
        signs_in: Whether users are signed in there with S3 keys of their own.
        sets_cookies: Whether the cookies it sets reach the browser; never where users are signed in.
        holds_mail: Whether it shows what anybody may have sent; see `sandbox_hub.gateway.mail_headers`.
        fills_window: Whether its page is as high as the window, so that the header must take of that.
    """

    title: str
    address: str
    about: str
    keeps_prefix: bool = False
    signs_in: bool = False
    sets_cookies: bool = True
    holds_mail: bool = False
    fills_window: bool = False


UPSTREAMS = {
    # Below /proxy/APP/ a user's own driver answers, which must not give others cookies for the hub's origin.
    "spark": Upstream(
        "Spark",
        "http://spark-master:8080",
        "Workers, cores, and every running application's own pages.",
        sets_cookies=False,
    ),
    "history": Upstream("Spark history", "http://spark-history:18080", "Finished applications: stages, tasks, plans."),
    "s3": Upstream(
        "S3 console",
        "http://minio:9001",
        "Buckets and objects: published data, checkpoints, event logs.",
        signs_in=True,
        fills_window=True,
    ),
    "mail": Upstream(
        "Mail",
        "http://mail:1080",
        "What the runner's --notify-email sent.",
        keeps_prefix=True,
        holds_mail=True,
        fills_window=True,
    ),
}


def enabled_upstreams() -> dict[str, Upstream]:
    """Returns the upstreams that this stack runs."""
    names = os.environ.get("SANDBOX_UI_LINKS", ",".join(UPSTREAMS)).split(",")
    return {name: upstream for name, upstream in UPSTREAMS.items() if name in names}


def upstream_url(upstream: Upstream, name: str, path: str, query: str) -> str:
    """Returns the upstream's URL of a path below /services/ui/NAME."""
    inside = f"{PREFIX}{name}{path}" if upstream.keeps_prefix else path
    return upstream.address + (inside or "/") + (f"?{query}" if query else "")


def rewrite_location(value: str, upstream: Upstream, name: str) -> str:
    """Returns the target of an upstream's redirect as the browser must get it: below our prefix, on our own host."""
    parts = urlsplit(value)
    own = not parts.netloc or f"{parts.scheme}://{parts.netloc}" == upstream.address
    if not own or not parts.path.startswith("/"):
        return value
    path = parts.path if parts.path.startswith(f"{PREFIX}{name}") else f"{PREFIX}{name}{parts.path}"
    return path + (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
