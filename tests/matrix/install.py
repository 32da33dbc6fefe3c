"""Another pyspark, pytest, and jars: installed once into a volume, with hashes, by pip and Ivy in the Spark image."""

from __future__ import annotations

import hashlib
import os
import re
import sys

from sandbox_cli.stack.engine.archive import archive
from sandbox_cli.stack.images import certificates
from tests.support.engine import client
from tests.support.sandbox import ROOT

VOLUME = "sandbox-test-matrix"
INSIDE = "/opt/matrix"
BUILD_LOCK = ROOT / "spark" / "requirements-build.lock"  # pyspark has no wheel: this builds it
JARS = ROOT / "tests" / "matrix" / "jars"
CA = "run/secrets/ca"
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
JARS_SCRIPT = """
set -eu
cd {inside}
if [ -f {key}/complete ]; then exit 0; fi
rm -rf {key} {key}.part
mkdir {key}.part
IVY_JAR=$(ls "$SPARK_HOME"/jars/lib/ivy-*.jar) python /tmp/fetch.py {inside}/{key}.part /tmp/jars
touch {key}.part/complete
mv {key}.part {key}
"""


class InstallError(Exception):
    """Raised when pip failed; with the end of its output."""


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
    files = {"tmp/wanted.lock": requirements, "tmp/build.lock": BUILD_LOCK.read_bytes()}
    _run(image, SCRIPT.format(inside=INSIDE, key=key), files, what)
    return key


def ensure_jars(image: str) -> str:
    """Returns the folder of the volume with the jars of tests/matrix/jars, fetched if they are not there.

    Raises:
        InstallError: They could not be fetched, or are other ones than sha256sums says.
    """
    wanted = {f"tmp/jars/{path.name}": path.read_bytes() for path in sorted(JARS.iterdir())}
    key = key_of(image, b"\0".join(wanted.values()))
    fetch = (ROOT / "spark" / "jars" / "fetch.py").read_bytes()
    _run(image, JARS_SCRIPT.format(inside=INSIDE, key=key), {**wanted, "tmp/fetch.py": fetch}, "jars")
    return key


def _run(image: str, script: str, files: dict[str, bytes], what: str) -> None:
    print(f"{what}: installing, if not there yet …", file=sys.stderr, flush=True)
    bundle = certificates.bundle()
    environment = {"HOME": "/tmp", **certificates.proxies(os.environ)}
    if bundle:
        environment["PIP_CERT"] = f"/{CA}"
    client().volumes.create(VOLUME)
    container = client().containers.create(
        image,
        ["-c", script],
        entrypoint="/bin/sh",
        user="0:0",  # a new volume is root's
        environment=environment,
        volumes=[f"{VOLUME}:{INSIDE}"],
        mem_limit="2g",
    )
    try:
        container.put_archive("/", archive({**files, CA: bundle.encode()}))
        container.start()
        code = container.wait()["StatusCode"]
        output = container.logs().decode(errors="replace").splitlines()
    finally:
        container.remove(force=True, v=True)
    if code:
        raise InstallError(f"{what} could not be installed:\n" + "\n".join(output[-TAIL_LINES:]))
