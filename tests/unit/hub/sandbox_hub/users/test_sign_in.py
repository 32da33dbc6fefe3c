"""What hub-auth.yaml may say, and what is reported of a wrong one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("oauthenticator", reason="newer than this .venv: `make test` installs it")

from sandbox_hub.users import oauth, sign_in
from traitlets.config import Config

from sandbox_cli.stack.hub import authentication as on_the_host

CLIENT = {"client_id": "hub", "client_secret": "s3cr3t-of-the-hub"}
URLS = {
    "authorize_url": "https://id.example.com/authorize",
    "token_url": "https://id.example.com/token",
    "userdata_url": "https://id.example.com/userinfo",
}
GOOD = {**CLIENT, **URLS, "allowed_users": ["ada"]}


def faults(authenticator: str, settings: dict[str, Any]) -> str:
    text = json.dumps({"authenticator": authenticator, "settings": settings})
    return "\n".join(sign_in.find_problems(*sign_in.read_settings(text)))


@pytest.mark.parametrize(
    ("provider", "settings"),
    [
        ("generic-oauth", GOOD),
        ("generic-oauth", {**GOOD, "token_url": "http://provider:9000/token", "userdata_url": "http://127.0.0.1/u"}),
        ("generic-oauth", {**CLIENT, **URLS, "allowed_groups": ["data"], "admin_groups": ["platform"]}),
        ("generic-oauth", {**GOOD, "userdata_url": "", "userdata_from_id_token": True}),
        ("generic-oauth", {**GOOD, "allowed_users": ["ada@example.com"], "username_map": {"Ada@example.com": "ada"}}),
        ("github", {**CLIENT, "allowed_organizations": ["acme"], "scope": ["read:org"], "admin_users": ["ada"]}),
        ("gitlab", {**CLIENT, "gitlab_url": "https://git.example.com", "allowed_gitlab_groups": ["data"]}),
        ("google", {**CLIENT, "hosted_domain": ["example.com"], "allow_all": True}),
        ("azuread", {**CLIENT, "tenant_id": "t", "username_claim": "unique_name", "allow_all": True}),
        ("auth0", {**CLIENT, "auth0_domain": "acme.auth0.com", "allow_all": True}),
    ],
)  # fmt: skip
def test_settings_of_a_team_are_taken(provider: str, settings: dict[str, Any]) -> None:
    assert not faults(provider, settings)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"alowed_users": ["ada"]}, "Unknown setting `alowed_users`. Did you mean `allowed_users`"),
        ({"zzzz": 1}, "Unknown setting `zzzz`. Known: `admin_groups`"),
        ({"username_pattern": ".*"}, "`username_pattern` can't be set: the hub decides it."),
        ({"enable_auth_state": True}, "`enable_auth_state` can't be set: the hub decides it."),
        ({"allow_all": [1]}, "The 'allow_all' trait"),
        ({"allowed_users": []}, "Nobody may log in. Set one of `allow_all`"),
        ({"allowed_users": ["ada@example.com"]}, "`allowed_users`: `ada@example.com` can't be a user's name here"),
        ({"admin_users": ["proof"]}, "`admin_users`: `proof` is reserved for the stack itself"),
        ({"username_map": {"x@y": "Ada L"}}, "`username_map`: `Ada L` can't be a user's name here"),
        ({"username_map": {"x": "yy", "yy": "zz"}}, "`x` becomes `yy`, which becomes another"),
        ({"token_url": ""}, "`token_url` is missing."),
        ({"token_url": "http://id.example.com/token"}, "`token_url` must begin with https://"),
        ({"userdata_url": "http://10.0.0.7/u"}, "`userdata_url` must begin with https://"),
        ({"authorize_url": "ftp://x/a"}, "`authorize_url` must begin with https://"),
    ],
)
def test_a_wrong_setting_is_reported_with_what_would_be_right(settings: dict[str, Any], problem: str) -> None:
    found = faults("generic-oauth", {**GOOD, **settings})

    assert problem in found
    assert CLIENT["client_secret"] not in found


def test_an_unknown_authenticator_is_reported_with_the_known_ones() -> None:
    assert faults("ldap", {}).startswith("Unknown authenticator `ldap`. Known: native, auth0, ")


def test_the_check_before_the_start_says_what_the_hub_would(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "hub_auth"
    for settings, code, problem in ((GOOD, 0, ""), ({**GOOD, "zzzz": 1}, 1, "Unknown setting `zzzz`.")):
        file.write_text(json.dumps({"authenticator": "generic-oauth", "settings": settings}))

        assert sign_in.main(str(file)) == code
        assert capsys.readouterr().out.strip().startswith(problem)
    with pytest.raises(ValueError, match="Unknown setting `zzzz`"):
        sign_in.configure(Config(), "generic-oauth", settings)


def test_a_login_by_another_provider_is_none_here() -> None:
    keys = {sign_in.cookie_secret("0f" * 32, name) for name in ("native", "github", "generic-oauth")}

    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}
    assert bytes.fromhex("0f" * 32) in keys


def test_the_host_and_the_hub_know_the_same_providers() -> None:
    assert tuple(oauth.PROVIDERS) == on_the_host.PROVIDERS


def test_the_examples_of_the_guide_are_taken() -> None:
    guide = (Path(__file__).parents[5] / "docs" / "users.md").read_text()
    examples = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)]

    assert len(examples) == 3
    assert [faults(**example) for example in examples] == ["", "", ""]


def test_logins_and_tokens_end(config: Config) -> None:
    assert config.JupyterHub.cookie_max_age_days == 1
    assert 0 < config.JupyterHub.token_expires_in_max_seconds <= 7 * 24 * 3600
