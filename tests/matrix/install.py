"""Another pyspark, and pytest: installed once into a volume, with hashes, by pip in the Spark image."""

from __future__ import annotations

import hashlib
import os
import re
import sys

from sandbox_cli.stack import certificates
from tests.matrix.archive import archive
from tests.support.engine import client
from tests.support.sandbox import ROOT

VOLUME = "sandbox-test-matrix"
INSIDE = "/opt/matrix"
BUILD_LOCK = ROOT / "spark" / "requirements-build.lock"  # pyspark has no wheel: this builds it
TAIL_LINES = 15
TOOLS = {"pytest", "pytest-timeout", "pluggy", "iniconfig", "packaging", "pygments", "hypothesis", "sortedcontainers"}
BLOCK = re.compile(r"^([\w.-]+)==.*(?:\n +--hash.*)*", re.MULTILINE)
SCRIPT = """
set -eu
cd {inside}
if [ -f {key}/complete ]; then exit 0; fi
rm -rf {key} {key}.part
export PIP_REQUIRE_HASHES=1 PIP_NO_INPUT=1 PIP_PROGRESS_BAR=off PIP_NO_CACHE_DIR=1 TMPDIR={inside}
python -m pip install --quiet --target /tmp/build -r /tmp/build.lock
PYTHONPATH=/tmp/build python -m pip install --no-build-isolation --no-deps --target {key}.part -r /tmp/wanted.lock
touch {key}.part/complete
mv {key}.part {key}
"""


class InstallError(Exception):
    """Raised when pip could not; with the end of what it said."""


def tools() -> bytes:
    """Returns what of requirements/dev.lock runs the suite: hypothesis is built for one Python, not the host's."""
    text = (ROOT / "requirements" / "dev.lock").read_text()
    return "\n".join(block[0] for block in BLOCK.finditer(text) if block[1] in TOOLS).encode()


def key_of(image: str, requirements: bytes) -> str:
    """Returns the folder's name in the volume: image and requirements decide what is installed."""
    return hashlib.sha256(image.encode() + b"\0" + requirements).hexdigest()[:16]


def ensure(image: str, requirements: bytes, what: str) -> str:
    """Returns the folder of the volume in which the packages are; they are installed if they are not there.

    Args:
        image: The Spark image, whose pip and Python are used.
        requirements: A requirements file with hashes, complete.
        what: What it is, for messages.

    Raises:
        InstallError: pip could not install them.
    """
    key = key_of(image, requirements)
    print(f"{what}: installing, if not there yet …", file=sys.stderr, flush=True)
    bundle = certificates.bundle()
    environment = {"HOME": "/tmp", **certificates.proxies(os.environ)}
    if bundle:
        environment["PIP_CERT"] = "/tmp/ca.pem"
    client().volumes.create(VOLUME)
    container = client().containers.create(
        image,
        ["-c", SCRIPT.format(inside=INSIDE, key=key)],
        entrypoint="/bin/sh",
        user="0:0",  # a new volume is root's
        environment=environment,
        volumes=[f"{VOLUME}:{INSIDE}"],
        mem_limit="2g",
    )
    files = {"wanted.lock": requirements, "build.lock": BUILD_LOCK.read_bytes(), "ca.pem": bundle.encode()}
    try:
        container.put_archive("/tmp", archive(files))
        container.start()
        code = container.wait()["StatusCode"]
        said = container.logs().decode(errors="replace").splitlines()
    finally:
        container.remove(force=True)
    if code:
        raise InstallError(f"pip could not install {what}:\n" + "\n".join(said[-TAIL_LINES:]))
    return key
