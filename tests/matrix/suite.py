"""tests/spark of this checkout, in a container without a network, on one Spark."""

from __future__ import annotations

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
COUNTED = re.compile(r"(\d+) (passed|failed|skipped|error)")
ENDED = re.compile(r"\d+ (passed|failed|skipped|errors?)\b.* in [\d.]+s")
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


def run_suite(line: str, image: str, keys: list[str], *, home: str | None, jars: str | None, more: list[str]) -> Result:
    """Runs it.

    Args:
        line: Which Spark, for the name of the log.
        image: The Spark image.
        keys: Folders of the matrix's volume that Python finds packages in, before the image's own.
        home: The one of them with another pyspark; the image's own is used if None.
        jars: The one of them with the jars of tests/matrix/jars; what needs them is skipped if None.
        more: Arguments of pytest.
    """
    began = time.monotonic()
    environment = {
        "PYTHONPATH": ":".join([*(f"{INSIDE}/{key}" for key in keys), "/tmp/suite/spark"]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "localhost",
        **({"SPARK_ETL_TEST_JARS": f"{INSIDE}/{jars}"} if jars else {}),
        **({"SPARK_HOME": f"{INSIDE}/{home}/pyspark"} if home else {}),
    }
    container = client().containers.create(
        image,
        ["runner", "bash", "-c", COMMAND, "pytest", *more],
        network_mode="none",
        mem_limit="4g",
        environment=environment,
        volumes=[f"{VOLUME}:{INSIDE}:ro"],
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
    counted = next((line for line in reversed(lines) if ENDED.search(line)), "")
    counts = {what: int(number) for number, what in COUNTED.findall(counted)}
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
