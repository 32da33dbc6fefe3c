"""The header that all pages share: the pages of the services, and those of Spark, the S3 console and the mailbox.

The hub's own pages have the same links, in `templates/page.html`. Styles are inline and begin with `all: initial`,
since the page around it may be anybody's.
"""

from __future__ import annotations

import os
from html import escape

PAGES = {
    "runs": "Runs",
    "shelf": "Shelf",
    "learn": "Learn",
    "spark": "Spark",
    "history": "History",
    "s3": "S3",
    "mail": "Mail",
}
SERVICES = ("runs", "shelf")  # with pages of their own; the others are behind the gateway
LEARN = "/hub/user-redirect/sandbox/learn"  # in the server of whoever follows it
# In pixels; a page that fills the window has that much less.
HEIGHT = 41
FONT = "font:14px/1.4 system-ui,sans-serif"
BAR = (
    f"all:initial;{FONT};color-scheme:light dark;box-sizing:border-box;display:flex;align-items:center;gap:0 4px;"
    f"overflow-x:auto;height:{HEIGHT}px;padding:0 12px;border-bottom:1px solid light-dark(#d5d8dc,#444a51);"
    "background:light-dark(#f8f9fa,#2b3035);color:light-dark(#1f2328,#e6e9ec);position:relative;z-index:2147483000"
)
LINK = f"all:unset;{FONT};cursor:pointer;padding:4px 8px;white-space:nowrap;color:light-dark(#1f2328,#e6e9ec)"
# On a phone all pages fit; the name leads home too.
NARROW = (
    "@media(max-width:540px){#sandbox-header a:nth-of-type(2){display:none!important}"
    "#sandbox-header a{font-size:12px!important;padding:4px 5px!important}}"
)
HERE = ";font-weight:600;text-decoration:underline;text-underline-offset:5px"


def header(current: str, hub: str = "") -> str:
    """Returns the header as HTML, in ASCII, so that it fits into a page of any charset.

    Args:
        current: The page that it stands on, one of `PAGES`, or something else.
        hub: The hub's origin, where the services have addresses of their own.
    """
    links = [_link(f"{hub}/hub/home", "Spark debug sandbox", ";font-weight:600"), _link(f"{hub}/hub/home", "Home")]
    links += [
        _link(f"{hub}{_path(name)}", title, f"{HERE}" if name == current else "", current=name == current)
        for name, title in PAGES.items()
        if name in enabled_pages()
    ]
    style = f"<style>#sandbox-header a:focus-visible{{outline:2px solid!important}}{NARROW}</style>"
    return f'<nav id="sandbox-header" aria-label="Sandbox" style="{BAR}">{style}{"".join(links)}</nav>'


def enabled_pages() -> list[str]:
    """Returns the pages that this stack has."""
    return [*SERVICES, "learn", *os.environ.get("SANDBOX_UI_LINKS", "spark,history,s3,mail").split(",")]


def _path(name: str) -> str:
    if name == "learn":
        return LEARN
    return f"/services/{name}/" if name in SERVICES else f"/services/ui/{name}/"


def _link(target: str, title: str, style: str = "", *, current: bool = False) -> str:
    here = ' aria-current="page"' if current else ""
    return f'<a href="{escape(target)}" style="{LINK}{style}"{here}>{escape(title)}</a>'
