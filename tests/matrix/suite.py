"""tests/spark of this checkout, in a container without a network, on one Spark."""

from __future__ import annotations

import importlib.metadata
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.matrix.archive import archive
from tests.matrix.install import INSIDE, VOLUME
from tests.support.engine import client
from tests.support.sandbox import ROOT

SECONDS = 3600
# pytest for the image's Python: pure packages in the versions of requirements/dev.lock.
PACKAGES = (
    "pytest",
    "pytest-timeout",
    "pluggy",
    "iniconfig",
    "packaging",
    "pygments",
    "hypothesis",
    "sortedcontainers",
)
COUNTED = re.compile(r"(\d+) (passed|failed|skipped|error)")
COMMAND = (
    "cd /tmp/suite && python -c 'import pyspark; print(\"pyspark\", pyspark.__version__)' && "
    'exec python -m pytest -q -p no:cacheprovider --timeout 600 -rfE "$@" tests/spark'
)


@dataclass(frozen=True)
class Result:
    """How the suite ended.

    Attributes:
        spark: The version that was imported.
        complaints: A line for each test that failed.
        log: All that was printed.
    """

    spark: str
    exit_code: int
    passed: int
    failed: int
    skipped: int
    seconds: float
    log: Path
    complaints: list[str] = field(default_factory=list)

    @property
    def passes(self) -> bool:
        """Whether no test failed and the suite ended by itself."""
        return self.exit_code == 0

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def run_suite(line: str, image: str, key: str | None, more: list[str]) -> Result:
    """Runs it.

    Args:
        line: Which Spark, for the name of the log.
        image: The Spark image.
        key: The folder of the matrix's volume with another pyspark; the image's own if None.
        more: Arguments of pytest.
    """
    began = time.monotonic()
    path = (
        ["/tmp/packages", "/tmp/suite/spark"]
        if key is None
        else [f"{INSIDE}/{key}", "/tmp/packages", "/tmp/suite/spark"]
    )
    environment = {
        "PYTHONPATH": ":".join(path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "localhost",
        **({"SPARK_HOME": f"{INSIDE}/{key}/pyspark"} if key else {}),
    }
    container = client().containers.create(
        image,
        ["runner", "bash", "-c", COMMAND, "pytest", *more],
        network_mode="none",
        mem_limit="3g",
        environment=environment,
        volumes=[f"{VOLUME}:{INSIDE}:ro"] if key else [],
    )
    try:
        container.put_archive("/tmp", archive(dict(_parts())))
        container.start()
        code = container.wait(timeout=SECONDS)["StatusCode"]
        said = container.logs().decode(errors="replace")
    finally:
        container.remove(force=True)
    log = ROOT / "build" / f"matrix-{line}.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text(said)
    return _result(said, code, time.monotonic() - began, log)


def _result(said: str, code: int, seconds: float, log: Path) -> Result:
    lines = said.splitlines() or [""]
    counts = {what: int(number) for number, what in COUNTED.findall(lines[-1])}
    version = re.search(r"^pyspark (\S+)$", said, re.MULTILINE)
    spark = version[1] if version else "?"
    complaints = [f"{spark}: {line}" for line in lines if line.startswith(("FAILED ", "ERROR "))]
    if code and not complaints:
        complaints = [f"{spark}: exit code {code}: {lines[-1]}"]
    failed = counts.get("failed", 0) + counts.get("error", 0)
    return Result(spark, code, counts.get("passed", 0), failed, counts.get("skipped", 0), seconds, log, complaints)


def _parts() -> Iterator[tuple[str, Path]]:
    yield "suite/tests/spark", ROOT / "tests" / "spark"
    for name in ("spark_etl", "spark_etl_runner.py", "pipelines"):
        yield f"suite/spark/{name}", ROOT / "spark" / name
    for name in PACKAGES:
        for file in importlib.metadata.files(name) or []:
            if ".." not in file.parts and file.suffix != ".pyc":
                yield f"packages/{file}", Path(str(file.locate()))
