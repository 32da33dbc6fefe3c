"""Whom an OAuth provider's answer lets in, as whom, and with which rights."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from jupyterhub import orm
from tornado import web

pytest.importorskip("oauthenticator", reason="newer than this .venv: `make test` installs it")

from sandbox_hub.users import oauth, sign_in
from traitlets.config import Config

CLIENT = {
    "client_id": "hub",
    "client_secret": "s3cr3t",
    "authorize_url": "https://id.example.com/authorize",
    "token_url": "https://id.example.com/token",
    "userdata_url": "https://id.example.com/userinfo",
    "username_claim": "preferred_username",
}


def authenticator(**settings: Any) -> Any:
    """The generic provider's, with the hub's rules, as jupyterhub_config.py makes it."""
    config = Config()
    sign_in.configure(config, *sign_in.read_settings(text("generic-oauth", {**CLIENT, **settings})))
    return config.JupyterHub.authenticator_class(config=config)


def text(provider: str, settings: dict[str, Any]) -> str:

    return json.dumps({"authenticator": provider, "settings": settings})


def log_in(door: Any, userdata: dict[str, Any]) -> dict[str, Any] | None:
    """What comes of an answer of the provider's `userdata_url`."""

    async def tokens(handler: Any, params: Any) -> dict[str, Any]:
        return {"access_token": "t", "token_type": "bearer"}

    async def user(token_info: Any) -> dict[str, Any]:
        return userdata

    door.build_access_tokens_request_params = lambda handler, data=None: {}
    door.get_token_info, door.token_to_user = tokens, user
    found: dict[str, Any] | None = asyncio.run(door.get_authenticated_user(None, None))
    return found


def test_who_is_allowed_comes_in_under_their_name() -> None:
    found = log_in(authenticator(allowed_users=["ada"]), {"preferred_username": "Ada"})

    assert found is not None
    assert (found["name"], found["admin"]) == ("ada", False)


def test_who_is_not_allowed_stays_out() -> None:
    assert log_in(authenticator(allowed_users=["ada"]), {"preferred_username": "bob"}) is None


def test_a_group_lets_in_and_another_makes_admins() -> None:
    door = authenticator(allowed_groups=["data"], admin_groups=["platform"])

    ada = log_in(door, {"preferred_username": "ada", "groups": ["data", "platform"]})
    bob = log_in(door, {"preferred_username": "bob", "groups": ["data"]})
    assert ada is not None
    assert bob is not None
    assert (ada["admin"], bob["admin"]) == (True, False)
    assert log_in(door, {"preferred_username": "eve", "groups": ["sales"]}) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ada@example.com", "can't be a user's name here.*username_map"),
        ("../proof", "can't be a user's name here"),
        ("ada_l", "can't be a user's name here"),
        ("a", "can't be a user's name here"),
        ("ada\n", "can't be a user's name here"),
        ("proof", "reserved for the stack itself"),
        ("Shelf", "reserved for the stack itself"),
        ("published", "reserved for the stack itself"),
        ("", "gave no name: it sent no `preferred_username`"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_the_reason(name: str, message: str) -> None:
    with pytest.raises(web.HTTPError, match=f"(?s){message}") as refused:
        log_in(authenticator(allow_all=True), {"preferred_username": name})

    assert refused.value.status_code == 403


def test_a_name_is_mapped_and_the_mapped_one_is_nobody_elses() -> None:
    door = authenticator(allow_all=True, username_map={"Ada@Example.com": "ada"})

    found = log_in(door, {"preferred_username": "ada@example.com"})
    assert found is not None
    assert found["name"] == "ada"
    with pytest.raises(web.HTTPError, match="belongs to another user"):
        log_in(door, {"preferred_username": "Ada"})


def test_nobody_becomes_an_admin_by_coming_first_or_by_having_been_one() -> None:
    """JupyterHub leaves admins as they are where it gets None; the native account `admin` was one."""
    door = authenticator(allow_all=True, admin_users=["grace"])

    first = log_in(door, {"preferred_username": "admin", "admin": True})
    grace = log_in(door, {"preferred_username": "grace"})
    assert first is not None
    assert grace is not None
    assert (first["admin"], grace["admin"]) == (False, True)


def test_the_hub_starts_without_the_admins_of_another_provider(tmp_path: Any) -> None:
    db = orm.new_session_factory(f"sqlite:///{tmp_path}/hub.sqlite")()
    roles = {name: orm.Role(name=name, scopes=[]) for name in ("admin", "user")}
    users = [orm.User(name=name, admin=True, roles=list(roles.values())) for name in ("admin", "grace")]
    db.add_all([*roles.values(), *users])
    db.commit()
    door = authenticator(allow_all=True, admin_users=["grace"])
    for user in users:
        door.add_user(user)

    assert [(user.name, user.admin, roles["admin"] in user.roles) for user in users] == [
        ("admin", False, False),
        ("grace", True, True),
    ]
    assert door.logins(db) == ["admin", "grace"]


def test_every_provider_has_the_rules() -> None:
    for provider in oauth.PROVIDERS:
        made = oauth.authenticator_class(provider)
        assert made.provider == provider  # type: ignore[attr-defined]
        assert made.mro()[1] is oauth.OAuthRules
        assert made.__name__ == oauth.CLASS_NAME
