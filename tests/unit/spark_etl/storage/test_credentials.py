"""Keys as AWS's own tools find them: files below a home folder of the test, no network."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from spark_etl import parquet
from spark_etl.errors import StorageError
from spark_etl.storage import S3Settings, credentials
from spark_etl.storage import s3 as s3_module

IN_AN_HOUR = datetime.now(UTC) + timedelta(hours=1)
PROCESS = """
import datetime, json, pathlib, sys
count = pathlib.Path(sys.argv[1])
number = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(number))
ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=float(sys.argv[2]))
print(json.dumps({"Version": 1, "AccessKeyId": f"key-{number}", "SecretAccessKey": "secret", "SessionToken": "token",
                  "Expiration": ends.isoformat()}))
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without AWS files, and an environment without AWS variables."""
    for name in list(credentials.os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    credentials._botocore_session.cache_clear()
    (tmp_path / ".aws").mkdir()
    return tmp_path


class Aws(BaseHTTPRequestHandler):
    """STS and the portal of SSO, as far as one call to each."""

    def do_POST(self) -> None:
        keys = "<AccessKeyId>assumed</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        ends = f"<Expiration>{IN_AN_HOUR.isoformat()}</Expiration>"
        result = f"<AssumeRoleResult><Credentials>{keys}{ends}</Credentials></AssumeRoleResult>"
        self._answer(f"<AssumeRoleResponse>{result}</AssumeRoleResponse>")

    def do_GET(self) -> None:
        assert self.headers["x-amz-sso_bearer_token"] == "of-login"
        ends = int(IN_AN_HOUR.timestamp() * 1000)
        keys = {"accessKeyId": "of-sso", "secretAccessKey": "s", "sessionToken": "t", "expiration": ends}
        self._answer(json.dumps({"roleCredentials": keys}))

    def _answer(self, content: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def aws() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Aws) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def without_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)


def write(home: Path, name: str, content: str) -> None:
    (home / ".aws" / name).write_text(content)


def with_process(home: Path, *, seconds: float, section: str = "profile lake") -> None:
    """Writes a profile whose keys come from a program, which counts its calls, and end after some seconds."""
    (home / "keys.py").write_text(PROCESS)
    command = f"{sys.executable} {home / 'keys.py'} {home / 'count'} {seconds}"
    write(home, "config", f"[{section}]\nregion = eu-central-1\ncredential_process = {command}\n")


def keys_of(settings: S3Settings) -> tuple[str, str, str | None]:
    found = credentials.provider_for(settings).retrieve()
    return found.access_key, found.secret_key, found.session_token


def test_given_keys_come_first_then_those_of_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_process(home, seconds=3600)
    monkeypatch.setenv("AWS_PROFILE", "lake")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-env")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert keys_of(S3Settings(access_key="given", secret_key="g", profile="lake")) == ("given", "g", None)
    assert keys_of(S3Settings.from_env()) == ("of-env", "s", None)
    assert credentials.with_current_keys(S3Settings.from_env()).access_key == "of-env"
    assert not (home / "count").exists()


def test_a_profile_gets_its_keys_from_a_process_and_its_region(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_process(home, seconds=3600)
    monkeypatch.setenv("AWS_PROFILE", "lake")
    settings = S3Settings.from_env()
    assert keys_of(settings) == ("key-1", "secret", "token")
    current = credentials.with_current_keys(settings)
    assert (current.access_key, current.session_token, current.region) == ("key-1", "token", "eu-central-1")
    assert (home / "count").read_text() == "1"


def test_keys_that_end_are_renewed_at_the_next_request(home: Path) -> None:
    with_process(home, seconds=1)  # botocore renews what ends within minutes
    provider = credentials.provider_for(S3Settings(profile="lake"))
    assert [provider.retrieve().access_key for _ in range(2)] != ["key-1", "key-1"]


def test_each_client_asks_with_the_same_keys(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_process(home, seconds=3600, section="default")
    seen: list[S3Settings] = []
    monkeypatch.setattr(parquet, "s3_filesystem", seen.append)
    parquet.filesystem_for("s3a://bucket/key")
    client: Any = s3_module.make_client(S3Settings.from_env())
    assert client._provider.retrieve().access_key == seen[0].access_key == "key-1"
    assert client._base_url.region == seen[0].region == "eu-central-1"


def test_a_role_is_assumed_with_the_keys_of_another_profile(home: Path, aws: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws)
    write(
        home,
        "config",
        "[profile base]\naws_access_key_id = base\naws_secret_access_key = b\n"
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/reader\nsource_profile = base\nregion = us-east-1\n",
    )
    assert keys_of(S3Settings(profile="role")) == ("assumed", "s", "t")


def test_a_profile_with_sso_uses_the_token_of_the_last_login(home: Path, aws: str, monkeypatch: Any) -> None:
    cache = home / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", aws)
    # botocore asks for HOME when it is imported, which another test may have done
    for name in ("credentials.SSOProvider", "tokens.SSOTokenProvider"):
        monkeypatch.setattr(f"botocore.{name}._SSO_TOKEN_CACHE_DIR", str(cache))
    write(
        home,
        "config",
        "[profile us]\nsso_session = us\nsso_account_id = 1\nsso_role_name = reader\n"
        "[sso-session us]\nsso_region = us-east-1\nsso_start_url = https://example.com\n",
    )
    with pytest.raises(StorageError, match="profile `us`") as caught:
        keys_of(S3Settings(profile="us"))
    assert "aws sso login --profile us" in str(caught.value.hint)
    token = {"accessToken": "of-login", "expiresAt": IN_AN_HOUR.strftime("%Y-%m-%dT%H:%M:%SZ")}
    (cache / f"{hashlib.sha1(b'us').hexdigest()}.json").write_text(json.dumps(token))  # noqa: S324 - botocore's name
    assert keys_of(S3Settings(profile="us")) == ("of-sso", "s", "t")


def test_no_keys_anywhere_are_an_error(home: Path) -> None:
    with pytest.raises(StorageError, match="no AWS credentials for the default user") as caught:
        keys_of(S3Settings.from_env())
    assert "AWS_PROFILE" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("", "no AWS credentials of the profile `lake`: The config profile .lake. could not be found"),
        ("[profile lake]\ncredential_process = /nowhere/keys\n", "no AWS credentials of the profile `lake`"),
        (
            f"[profile lake]\ncredential_process = {sys.executable} -c 'print(1'\n",
            "profile `lake`: Error when retrieving",
        ),
    ],
)
def test_a_profile_without_keys_is_named(home: Path, config: str, message: str) -> None:
    write(home, "config", config)
    with pytest.raises(StorageError, match=message) as caught:
        credentials.with_current_keys(S3Settings(profile="lake"))
    assert "AWS_PROFILE" in str(caught.value.hint)


@pytest.mark.usefixtures("without_botocore")
def test_without_botocore_static_keys_are_read(home: Path) -> None:
    write(home, "credentials", "[lake]\naws_access_key_id = static\naws_secret_access_key = s\n")
    settings = S3Settings(profile="lake")
    assert keys_of(settings) == ("static", "s", None)
    current = credentials.with_current_keys(settings)
    assert (current.access_key, current.region) == ("static", "us-east-1")


@pytest.mark.usefixtures("without_botocore")
def test_without_botocore_and_without_a_profile_the_clients_look_for_keys(home: Path) -> None:
    write(home, "config", "[default]\nregion = eu-central-1\n")
    assert credentials.with_current_keys(S3Settings()) == S3Settings(region="us-east-1")


@pytest.mark.usefixtures("without_botocore")
@pytest.mark.parametrize(
    ("profile", "config", "message"),
    [
        ("lake", "[profile lake]\ncredential_process = keys\n", r"AWS_PROFILE is `lake`, .*\(credential_process in"),
        ("lake", "[profile lake]\nsso_session = us\n", "AWS_PROFILE is `lake`"),
        ("lake", "", "AWS_PROFILE is `lake`"),
        (
            None,
            "[default]\nrole_arn = r\nsource_profile = base\n",
            "AWS_PROFILE is not set, so it is the profile `default`",
        ),
        (None, "[default]\naws_access_key_id = in-config\n", "AWS_PROFILE is not set"),
    ],
)
def test_a_profile_that_needs_botocore_says_so(home: Path, profile: str | None, config: str, message: str) -> None:
    write(home, "config", config)
    for ask in (credentials.provider_for, credentials.with_current_keys):
        with pytest.raises(StorageError, match=message) as caught:
            ask(S3Settings(profile=profile))
        assert caught.value.hint == "pip install botocore"


def test_a_file_that_is_broken_is_named(home: Path, without_botocore: None) -> None:
    write(home, "config", "no section\n")
    with pytest.raises(StorageError, match=r"config can't be read"):
        credentials.provider_for(S3Settings(profile="lake"))
