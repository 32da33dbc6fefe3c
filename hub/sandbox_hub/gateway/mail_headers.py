"""Headers for what a mail carries: anybody can send one, and nothing in it may run at the hub's origin."""

from __future__ import annotations

import re

NOTHING_POLICY = "sandbox; default-src 'none'"
HTML_POLICY = f"{NOTHING_POLICY}; img-src data:; style-src 'unsafe-inline'"
API_PATH = "/api/"
MAIL_PART = re.compile(r"/email/([^/]+)/(html|download|source|attachment)(?:/(.*))?$", re.DOTALL)
UNSAFE_CHARACTERS = re.compile(r"[^A-Za-z0-9._ -]+")


def mail_headers(path: str) -> dict[str, str]:
    """Returns the headers of an answer that replace MailDev's own.

    Args:
        path: The path that MailDev was asked for, decoded as MailDev decodes it: once.

    Returns:
        None for MailDev's pages and their scripts. For all that its API answers, a policy that runs nothing; for
        files, that the browser saves them instead of showing them.
    """
    if API_PATH not in path:
        return {}
    found = MAIL_PART.search(path)
    part = found[2] if found else ""
    headers = {
        "Content-Security-Policy": HTML_POLICY if part == "html" else NOTHING_POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    if found and part != "html":
        name = found[3] or "" if part == "attachment" else f"{found[1]}.eml"
        headers["Content-Disposition"] = f'attachment; filename="{safe_filename(name)}"'
    return headers


def safe_filename(name: str) -> str:
    """Returns a file name without anything that ends the header's value, or means something to a file system."""
    return UNSAFE_CHARACTERS.sub("_", name)[-100:].lstrip(". ") or "attachment"
