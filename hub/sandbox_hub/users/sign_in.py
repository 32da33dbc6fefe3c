"""What hub-auth.yaml says, checked with the provider's class at hand: before the hub starts, and by the hub itself.

`python -m sandbox_hub.users.sign_in FILE` prints what is wrong with it and ends with 1, or with 0 if nothing is.
"""

from __future__ import annotations

import difflib
import hashlib
import hmac
import ipaddress
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from spark_etl import usernames as names
from traitlets import TraitError
from traitlets.config import Config

from sandbox_hub.users import oauth

NATIVE = "native"
# What the hub itself decides: how names look, and that no tokens of the provider are kept.
HUB_SETTINGS = ("username_pattern", "enable_auth_state")
URLS = ("authorize_url", "token_url", "userdata_url")
GROUPS = ("allowed_groups", "admin_groups")


def read_settings(text: str) -> tuple[str, dict[str, Any]]:
    """Returns the authenticator's name and its settings."""
    document = json.loads(text)
    return document["authenticator"], _normalised(document.get("settings") or {})


def _normalised(raw: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings with what follows from them: names in lower case, and `manage_groups` where groups count."""
    settings = dict(raw)
    if isinstance(settings.get("username_map"), dict):
        settings["username_map"] = {str(key).lower(): value for key, value in settings["username_map"].items()}
    if any(settings.get(name) for name in GROUPS):
        settings.setdefault("manage_groups", True)
    return settings


def find_problems(provider: str, settings: dict[str, Any]) -> list[str]:
    """Returns what is wrong with the settings, [] if nothing is. No value that may be secret is in it."""
    if provider not in oauth.PROVIDERS:
        return [f"Unknown authenticator `{provider}`. Known: {', '.join((NATIVE, *oauth.PROVIDERS))}."]
    authenticator = oauth.authenticator_class(provider)
    if unknown := list(_unknown_settings(authenticator, settings)):
        return unknown
    try:
        built = authenticator(config=_config(settings))
    except (TraitError, ValueError) as error:
        return [f"{provider}: {' '.join(str(error).split())}"]
    return [*_address_problems(built), *_name_problems(built), *_no_allowed_users(built)]


def _config(settings: dict[str, Any]) -> Config:
    return Config({oauth.CLASS_NAME: {**settings, "username_pattern": names.PATTERN}})


def _unknown_settings(authenticator: type[oauth.OAuthRules], settings: dict[str, Any]) -> Iterator[str]:
    known = sorted(set(authenticator.class_trait_names(config=True)) - set(HUB_SETTINGS))
    for name in sorted(settings):
        if name in HUB_SETTINGS:
            yield f"`{name}` can't be set: the hub decides it."
        elif name not in known:
            yield f"Unknown setting `{name}`. {_suggestion(name, known)}"


def _suggestion(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=3)
    return f"Did you mean {_quote(close)}?" if close else f"Known: {_quote(known)}."


def _quote(found: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in found)


def _address_problems(built: oauth.OAuthRules) -> Iterator[str]:
    """Yields missing addresses of the provider, and those over which secrets would cross a network in the clear."""
    wanted = URLS[:2] if built.userdata_from_id_token or built.provider != "generic-oauth" else URLS
    for name in URLS:
        url = getattr(built, name)
        if not url and name in wanted:
            yield f"`{name}` is missing."
        elif url and not _is_private(url):
            yield f"`{name}` must begin with https://; http:// is for this machine only: {url}"


def _is_private(url: str) -> bool:
    """Returns whether nobody on the way can read it: TLS, or a host that is this machine or a container on it."""
    parts = urlsplit(url)
    if parts.scheme != "http":
        return parts.scheme == "https"
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return "." not in (parts.hostname or ".")


def _name_problems(built: oauth.OAuthRules) -> Iterator[str]:
    for name_setting in ("allowed_users", "admin_users"):
        for name in sorted(map(str, getattr(built, name_setting))):
            if reason := names.invalid_reason(built.normalize_username(name)):
                yield f"`{name_setting}`: {reason}; `username_map` maps others."
    for theirs, ours in built.username_map.items():
        if reason := names.invalid_reason(str(ours)):
            yield f"`username_map`: {reason}."
        elif built.username_map.get(ours, ours) != ours:
            yield f"`username_map`: `{theirs}` becomes `{ours}`, which becomes another; map `{theirs}` to that one."


def _no_allowed_users(built: oauth.OAuthRules) -> Iterator[str]:
    if not (built.any_allow_config or built.admin_users or built.admin_groups):
        known = sorted(name for name in built.trait_names(config=True) if name.startswith("allow"))
        yield f"Nobody may log in. Set one of {_quote(known)}, or `admin_users`."


def configure(c: Config, provider: str, settings: dict[str, Any]) -> None:
    """Sets JupyterHub's settings for a provider.

    Raises:
        ValueError: They can't be; with each reason.
    """
    if problems := find_problems(provider, settings):
        raise ValueError(" ".join(problems))
    c.JupyterHub.authenticator_class = oauth.authenticator_class(provider)
    c.merge(_config(settings))


def cookie_secret(generated: str, provider: str) -> bytes:
    """Returns the key of login cookies: another one for each provider, so that nobody stays logged in by an old one."""
    key = bytes.fromhex(generated)
    return key if provider == NATIVE else hmac.new(key, provider.encode(), hashlib.sha256).digest()


def main(file: str) -> int:
    """Prints what is wrong with a file; returns the exit code."""
    problems = find_problems(*read_settings(Path(file).read_text(encoding="utf-8")))
    print("\n".join(problems))  # noqa: T201 - for whoever started the container
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
