"""Who lets users in: the accounts of `sandbox users`, or the OAuth provider that hub-auth.yaml names."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spark_etl import bounded_yaml
from spark_etl.bounded_yaml import UnreadableYamlError

from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import secrets, state
from sandbox_cli.stack.engine.connection import Engine

FILE = "hub-auth.yaml"
SECRET = "hub_auth"  # noqa: S105 - the name of its file
NATIVE = "native"
# As in hub/sandbox_hub/users/oauth.py.
PROVIDERS = (
    "auth0",
    "azuread",
    "bitbucket",
    "cilogon",
    "generic-oauth",
    "github",
    "gitlab",
    "globus",
    "google",
)
REQUIRED = ("client_id", "client_secret")
DOCS = "docs/users.md, A hub for a team"
HUB_UID = 10004
CHECK_SECONDS = 60


@dataclass(frozen=True)
class SignIn:
    """How users log in.

    Attributes:
        authenticator: `native`, or one of `PROVIDERS`.
        settings: The provider's, by the names that oauthenticator gives them.
    """

    authenticator: str = NATIVE
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def native(self) -> bool:
        """Whether the accounts are those of `sandbox users`."""
        return self.authenticator == NATIVE

    @property
    def secret(self) -> dict[str, str]:
        """What the hub reads, as a secret of its volume."""
        return {SECRET: json.dumps({"authenticator": self.authenticator, "settings": self.settings}, sort_keys=True)}


def load(settings: Settings) -> SignIn:
    """Returns what hub-auth.yaml says; without one, accounts are the hub's own.

    Raises:
        UsageError: Others can read it, or it can't be right. Its values are not shown: one is a secret.
    """
    path = settings.state_dir / FILE
    if not os.path.lexists(path):
        return SignIn()
    state.refuse_readable(path, leaked="ask the provider for a new client_secret.")
    content = _parsed(path)
    name, given = content.get("authenticator"), content.get("settings") or {}
    if unknown := sorted(str(key) for key in set(content) - {"authenticator", "settings"}):
        raise _invalid(path, f"`{unknown[0]}` is none of its keys: authenticator, settings.")
    if name not in (NATIVE, *PROVIDERS):
        raise _invalid(path, f"Unknown authenticator `{name}`. Known: {', '.join((NATIVE, *PROVIDERS))}.")
    if not isinstance(given, dict):
        raise _invalid(path, "`settings` must be a mapping of names to values.")
    if name == NATIVE and given:
        raise _invalid(path, f"`{NATIVE}` has no settings; accounts are made by `sandbox users add`.")
    if name != NATIVE:
        _refuse_missing(path, given)
    return SignIn(str(name), given)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        content = bounded_yaml.construct(bounded_yaml.compose(path.read_text(encoding="utf-8")))
        json.dumps(content)
    except UnicodeDecodeError:
        raise _invalid(path, "It is not UTF-8.") from None
    except UnreadableYamlError as error:
        raise _invalid(path, _problem(error)) from None
    except (TypeError, ValueError):
        raise _invalid(path, "It has values that are no text, number, list or mapping.") from None
    except OSError as error:
        raise state.unusable(path, error) from None
    if not isinstance(content, dict):
        raise _invalid(path, "It must have the keys `authenticator` and `settings`.")
    return content


def _problem(error: UnreadableYamlError) -> str:
    what = "It is no YAML" if error.is_syntax else error.problem[0].upper() + error.problem[1:]
    return f"{what} in line {error.line}." if error.line else f"{what}."


def _refuse_missing(path: Path, given: Mapping[str, Any]) -> None:
    for name in REQUIRED:
        if not isinstance(given.get(name), str) or not given[name]:
            raise _invalid(path, f"`settings` needs a `{name}`, a text.")


def _invalid(path: Path, what: str) -> UsageError:
    return UsageError(f"{path}: {what}", hint=f"see {DOCS}; without the file, accounts are those of `sandbox users`")


def check(engine: Engine, settings: Settings, sign_in: SignIn, image: str) -> None:
    """Asks the hub's image whether the settings are valid, before anything that runs is touched.

    Raises:
        UsageError: They aren't, with its message.
    """
    if sign_in.native:
        return
    container = engine.client.containers.create(
        image,
        ["python", "-m", "sandbox_hub.users.sign_in", f"/tmp/{SECRET}"],  # noqa: S108 - in a container of its own
        network_mode="none",
        cap_drop=["ALL"],
        labels={secrets.LABEL: settings.stack},
    )
    try:
        container.put_archive("/tmp", secrets.pack(sign_in.secret, HUB_UID))  # noqa: S108
        container.start()
        code = container.wait(timeout=CHECK_SECONDS)["StatusCode"]
        if code:
            raise _invalid(settings.state_dir / FILE, container.logs().decode(errors="replace").strip()[-2000:])
    finally:
        container.remove(force=True)
