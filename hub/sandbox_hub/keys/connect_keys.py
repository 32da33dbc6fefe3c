"""Spark Connect's keys to S3: made each hour, in a file that only its processes see, and revoked an hour later.

Whoever uses Spark Connect runs code in its processes, so that no key of theirs is a secret for long. The file is in the
format of AWS's tools; Spark reads it again whenever it has changed. A service of the hub.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from minio.error import MinioAdminException
from urllib3.exceptions import HTTPError

from sandbox_hub.keys.s3_keys import Key, ServerKeys, connect_policy, server_keys_from_env

NAME = "spark-connect"
RENEW_SECONDS, POLL_SECONDS, RETRY_SECONDS, LIFETIME_SECONDS = 3600, 10, 2, 3 * 3600
PROFILE = "[default]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n"
log = logging.getLogger("sandbox.connect-keys")


def renew(keys: ServerKeys, file: Path) -> None:
    """Writes new keys; those of the time before last are revoked, as running jobs still use the last ones.

    Raises:
        HTTPError, MinioAdminException, OSError: No keys could be made or written.
    """
    before = _current_access_key(file)
    key = keys.make(NAME, NAME, connect_policy(), LIFETIME_SECONDS)
    try:
        _write(file, key)
    except OSError:
        keys.revoke(key.access)
        raise
    keys.revoke_all(NAME, NAME, but={key.access, before})


def _current_access_key(file: Path) -> str:
    """Returns the access key that the file has now; empty if it has none."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ""
    values = dict(line.split(" = ", 1) for line in lines if " = " in line)
    return values.get("aws_access_key_id", "")


def _write(file: Path, key: Key) -> None:
    """Puts the whole file in place: Spark, another uid in another container, never sees half of one."""
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)  # of one that was killed here; its mode lets nobody write it
    part.write_text(PROFILE.format(access=key.access, secret=key.secret), encoding="utf-8")
    part.chmod(0o444)
    part.replace(file)


def main() -> None:
    """Renews the keys for as long as the hub runs."""
    keys, file, last_error = server_keys_from_env(), Path(os.environ["SANDBOX_CONNECT_KEYS"]), ""
    while True:
        try:
            renew(keys, file)
        except (HTTPError, MinioAdminException, OSError) as error:
            if str(error) != last_error:  # while the stack starts, the store is not there yet
                log.info("no keys for Spark Connect yet: %s", str(error)[:200])
            last_error = str(error)
            time.sleep(RETRY_SECONDS)
        else:
            last_error = ""
            wait_until_due(time.time())


def wait_until_due(
    since: float, now: Callable[[], float] = time.time, sleep: Callable[[float], object] = time.sleep
) -> None:
    """Returns when it is time for new keys, by the clock on the wall: a laptop that sleeps counts no seconds."""
    while 0 <= now() - since < RENEW_SECONDS:
        sleep(POLL_SECONDS)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    with suppress(KeyboardInterrupt):  # how the hub stops its services
        main()
