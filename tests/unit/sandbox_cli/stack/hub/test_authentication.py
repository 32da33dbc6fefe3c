"""hub-auth.yaml: private, and refused before anything is started when it can't be right."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.hub import accounts, authentication, users
from sandbox_cli.stack.session import Session

SECRET = "s3cr3t-of-the-hub"
GOOD = f"authenticator: github\nsettings: {{client_id: hub, client_secret: {SECRET}, allowed_users: [ada]}}\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(stack="demo", state_home=tmp_path)


def written(settings: Settings, text: str, mode: int = 0o600) -> Path:
    settings.state_dir.mkdir(exist_ok=True)
    file = settings.state_dir / "hub-auth.yaml"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_without_the_file_accounts_are_the_hubs_own(settings: Settings) -> None:
    assert authentication.load(settings).native
    assert authentication.load(settings).secret == {"hub_auth": '{"authenticator": "native", "settings": {}}'}


def test_what_the_file_says_goes_to_the_hub_as_it_is(settings: Settings) -> None:
    written(settings, GOOD)

    secret = json.loads(authentication.load(settings).secret["hub_auth"])
    assert secret["authenticator"] == "github"
    assert secret["settings"] == {"client_id": "hub", "client_secret": SECRET, "allowed_users": ["ada"]}


def test_a_file_that_others_can_read_is_refused(settings: Settings) -> None:
    file = written(settings, GOOD, 0o640)

    with pytest.raises(UsageError, match="can be read by others") as refused:
        authentication.load(settings)
    assert str(file) in refused.value.message
    assert "a new client_secret" in str(refused.value.hint)
    assert "rm " not in str(refused.value.hint)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "must have the keys `authenticator` and `settings`"),
        ("[1]", "must have the keys"),
        (f"settings:\n  client_secret: '{SECRET}\n", "It is no YAML in line"),
        (f"settings: {{client_secret: *{SECRET}}}", "It is no YAML in line 1"),
        ("a: " + "[" * 3000, "Lists and mappings are nested more than 50 levels deep in line 1"),
        ("since: 2026-01-01", "values that are no text, number, list or mapping"),
        (GOOD + "secret: x\n", "`secret` is none of its keys: authenticator, settings."),
        (GOOD.replace("github", "ldap"), "Unknown authenticator `ldap`. Known: native, auth0, azuread"),
        (GOOD.replace("github", "[a]"), "Unknown authenticator"),
        ("authenticator: github\nsettings: [1]", "`settings` must be a mapping"),
        ("authenticator: native\nsettings: {allow_all: true}", "`native` has no settings"),
        ("authenticator: github", "`settings` needs a `client_id`"),
        (GOOD.replace(SECRET, "12345"), "`settings` needs a `client_secret`, a text"),
    ],
)
def test_a_wrong_file_is_refused_without_its_content(settings: Settings, text: str, expected: str) -> None:
    written(settings, text)

    with pytest.raises(UsageError) as refused:
        authentication.load(settings)
    assert expected in refused.value.message
    assert SECRET not in refused.value.message


class Check:
    """A container of the hub's image that logs `output` and ends with `code`."""

    def __init__(self, code: int, output: str) -> None:
        self.options: dict[str, Any] = {}
        self.files: dict[str, tuple[int, str]] = {}
        self.gone = False
        self.container = SimpleNamespace(
            put_archive=self._put,
            start=lambda: None,
            wait=lambda timeout: {"StatusCode": code},
            logs=output.encode,
            remove=self._remove,
        )
        self.client = SimpleNamespace(containers=SimpleNamespace(create=self._create))

    def _create(self, image: str, command: list[str], **options: Any) -> Any:
        self.options = {"image": image, "command": command, **options}
        return self.container

    def _put(self, folder: str, archive: bytes) -> None:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            for entry in files:
                text = cast("Any", files.extractfile(entry)).read().decode()
                self.files[f"{folder}/{entry.name}"] = (entry.mode, text)

    def _remove(self, force: bool) -> None:
        self.gone = True


def test_the_hubs_image_checks_the_settings_and_its_message_is_shown(settings: Settings) -> None:
    written(settings, GOOD)
    engine = Check(1, "Unknown setting `alowed`. Did you mean `allow_all`?\n")

    with pytest.raises(UsageError, match="Did you mean `allow_all`") as refused:
        authentication.check(cast("Any", engine), settings, authentication.load(settings), "sandbox/hub:1")
    assert str(settings.state_dir / "hub-auth.yaml") in refused.value.message
    assert engine.gone
    assert engine.options["network_mode"] == "none"
    assert SECRET not in str(engine.options)
    assert {name: mode for name, (mode, _) in engine.files.items()} == {"/tmp/hub_auth": 0o400}


def test_settings_that_are_well_are_taken_and_leave_no_container(settings: Settings) -> None:
    written(settings, GOOD)
    engine = Check(0, "")

    authentication.check(cast("Any", engine), settings, authentication.load(settings), "sandbox/hub:1")
    assert engine.gone


def test_native_accounts_need_no_check(settings: Settings) -> None:
    authentication.check(cast("Any", None), settings, authentication.load(settings), "sandbox/hub:1")


class FakeHub:
    """A hub whose users are let in by an authenticator."""

    def __init__(self, authenticator: str, **admins: bool) -> None:
        self.name, self.known, self.users = authenticator, admins, set[str]()

    def authenticator(self) -> str:
        return self.name

    def accounts(self) -> list[dict[str, Any]]:
        return [{"name": name, "admin": admin, "login": "open"} for name, admin in self.known.items()]

    def put_account(self, name: str, password: str, *, admin: bool) -> None:
        assert self.name == "native"
        self.known[name] = admin

    def ensure_user(self, name: str) -> None:
        self.users.add(name)


def test_under_a_provider_no_account_is_made_but_the_stacks_own_users(settings: Settings) -> None:
    hub = FakeHub("github")

    assert accounts.ensure_first(settings, cast("Any", hub)) == []
    assert (hub.users, hub.known) == ({"proof", "shelf"}, {})
    assert accounts.remembered(settings) == {}


def test_back_to_own_accounts_the_admin_is_one_again(settings: Settings) -> None:
    hub = FakeHub("native")
    assert accounts.ensure_first(settings, cast("Any", hub)) == ["admin", "engineer"]
    passwords = accounts.remembered(settings)
    assert accounts.ensure_first(settings, cast("Any", hub)) == []
    hub.known["admin"] = False

    assert accounts.ensure_first(settings, cast("Any", hub)) == ["admin"]
    assert hub.known == {"admin": True, "engineer": False}
    assert accounts.remembered(settings) == passwords


def test_accounts_and_passwords_of_a_provider_are_not_made_here(settings: Settings) -> None:
    written(settings, GOOD)
    session = Session(cast("Any", None), settings)
    vars(session)["hub"] = FakeHub("github")

    with pytest.raises(UsageError, match=r"log in through `github`.*hub-auth.yaml"):
        users.refuse_foreign(session)
    with pytest.raises(UsageError, match="log in through `github`"):
        users.generated_password(session, "engineer")
    vars(session)["hub"] = FakeHub("native")
    users.refuse_foreign(session)
