"""The keys that S3 is asked with: those given, else of the environment, else of botocore's chain, else of MinIO's.

botocore finds what AWS's own tools find: profiles with SSO, assumed roles, web identity or `credential_process`, and
the roles of a container or a machine. It is used where it is installed. It renews keys that end, so it is asked for
each request. Without it, MinIO's client reads static keys of `~/.aws/credentials` or takes the machine's role.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_etl.errors import StorageError
from spark_etl.storage.settings import S3Settings

if TYPE_CHECKING:
    from minio.credentials.providers import Provider

DEFAULT_REGION = "us-east-1"
STATIC_KEY = "aws_access_key_id"
NEEDS_BOTOCORE = (
    "credential_process",
    "credential_source",
    "login_session",
    "role_arn",
    "source_profile",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
)


def region_of(settings: S3Settings) -> str:
    """Returns the region that requests are signed for: the one given, the profile's, or us-east-1."""
    session = None if settings.region else _session_for(settings)
    if session is None:
        return settings.region or DEFAULT_REGION
    with _translate_errors(settings):
        return session.get_config_variable("region") or DEFAULT_REGION


def with_current_keys(settings: S3Settings) -> S3Settings:
    """Returns the settings with the keys that are valid now.

    For clients that take keys and never ask for new ones. Where there are none and botocore is not installed, none are
    filled in: the client's own chain looks for them.

    Raises:
        StorageError: botocore finds no keys, or they can't be renewed; or a profile needs it and it is not installed.
    """
    settings = replace(settings, region=region_of(settings))
    if settings.access_key:
        return settings
    session = _session_for(settings)
    if session is not None:
        keys = _keys(session, settings)
        return replace(settings, access_key=keys.access_key, secret_key=keys.secret_key, session_token=keys.token)
    if settings.profile:
        found = _file_provider(settings).retrieve()
        return replace(
            settings, access_key=found.access_key, secret_key=found.secret_key, session_token=found.session_token
        )
    return settings


def provider_for(settings: S3Settings) -> Provider:
    """Returns what MinIO's client asks for keys at each request.

    Raises:
        StorageError: A profile needs botocore, which is not installed.
    """
    from minio.credentials.credentials import Credentials
    from minio.credentials.providers import ChainedProvider, EnvAWSProvider, IamAwsProvider, Provider, StaticProvider

    class BotocoreProvider(Provider):
        """Asks botocore, which renews keys shortly before they end."""

        def retrieve(self) -> Credentials:
            keys = _keys(session, settings)
            return Credentials(keys.access_key, keys.secret_key, keys.token)

    if settings.access_key:
        return StaticProvider(settings.access_key, settings.secret_key or "", settings.session_token)
    session = _session_for(settings)
    if session is not None:
        return BotocoreProvider()
    return ChainedProvider([EnvAWSProvider(), _file_provider(settings), IamAwsProvider()])


def _file_provider(settings: S3Settings) -> Provider:
    from minio.credentials.providers import AWSConfigProvider

    return AWSConfigProvider(profile=settings.profile)


def _session_for(settings: S3Settings) -> Any:
    """Returns botocore's session; None where keys are given, or botocore is not installed and not needed."""
    if settings.access_key:
        return None
    try:
        import botocore.session  # noqa: F401
    except ImportError:
        _refuse_what_needs_botocore(settings.profile)
        return None
    return _botocore_session(settings.profile)


@lru_cache(maxsize=8)
def _botocore_session(profile: str | None) -> Any:
    from botocore.session import Session

    return Session(profile=profile)


def _keys(session: Any, settings: S3Settings) -> Any:
    with _translate_errors(settings):
        credentials = session.get_credentials()
        if credentials is not None:
            return credentials.get_frozen_credentials()
    raise StorageError(
        f"there are no AWS credentials for {settings.s3_user}",
        hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile of ~/.aws/config",
    )


@contextmanager
def _translate_errors(settings: S3Settings) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    profile = settings.profile or "default"
    try:
        yield
    except (BotoCoreError, ClientError, OSError, ValueError) as error:
        raise StorageError(
            f"no AWS credentials of the profile `{profile}`: {error}",
            hint=f"check AWS_PROFILE and ~/.aws/config; a profile with SSO: aws sso login --profile {profile}",
        ) from error


def _refuse_what_needs_botocore(profile: str | None) -> None:
    """Refuses a profile that MinIO's client can't read: it reads static keys of `~/.aws/credentials` only.

    Raises:
        StorageError: The profile was chosen or is the default, and gets its keys in another way.
    """
    name = profile or "default"
    in_config = _section("AWS_CONFIG_FILE", "config", name if name == "default" else f"profile {name}")
    in_credentials = _section("AWS_SHARED_CREDENTIALS_FILE", "credentials", name)
    if STATIC_KEY in in_credentials:
        return
    reasons = [key for key in (*NEEDS_BOTOCORE, STATIC_KEY) if key in {**in_config, **in_credentials}]
    if profile or reasons:
        about = f" ({reasons[0]} in ~/.aws)" if reasons else ""
        chosen = f"AWS_PROFILE is `{name}`" if profile else "AWS_PROFILE is not set, so it is the profile `default`"
        raise StorageError(
            f"{chosen}, which has no static keys in ~/.aws/credentials{about}: "
            "other profiles need the Python package `botocore`, which is not installed here",
            hint="pip install botocore",
        )


def _section(variable: str, name: str, section: str) -> dict[str, str]:
    file = Path(os.environ.get(variable) or Path("~/.aws", name)).expanduser()
    parser = configparser.RawConfigParser()
    try:
        parser.read(file, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise StorageError(f"{file} can't be read: {error}") from error
    return dict(parser[section]) if parser.has_section(section) else {}
