"""What a mail carries, as a browser may have it: anybody can send one, and none of it may run at the hub's origin."""

from __future__ import annotations

import re

NOTHING = "sandbox; default-src 'none'"
HTML = f"{NOTHING}; img-src data:; style-src 'unsafe-inline'"
API = "/api/"
PART = re.compile(r"/email/([^/]+)/(html|download|source|attachment)(?:/(.*))?$", re.DOTALL)
UNSAFE = re.compile(r"[^A-Za-z0-9._ -]+")


def headers(path: str) -> dict[str, str]:
    """Returns the headers of an answer that replace MailDev's own.

    Args:
        path: The path that MailDev was asked for, decoded as MailDev decodes it: once.

    Returns:
        Nothing for MailDev's pages and their scripts. For all that its API tells, a policy that runs nothing; for
        files, the wish that they be saved and not shown.
    """
    if API not in path:
        return {}
    found = PART.search(path)
    part = found[2] if found else ""
    ours = {
        "Content-Security-Policy": HTML if part == "html" else NOTHING,
        "X-Content-Type-Options": "nosniff",
    }
    if found and part != "html":
        name = found[3] or "" if part == "attachment" else f"{found[1]}.eml"
        ours["Content-Disposition"] = f'attachment; filename="{safe(name)}"'
    return ours


def safe(name: str) -> str:
    """Returns a file name without anything that ends the header's value, or means something to a file system."""
    return UNSAFE.sub("_", name)[-100:].lstrip(". ") or "attachment"
