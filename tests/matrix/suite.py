"""tests/spark of this checkout, in a container without a network, on one Spark."""

from __future__ import annotations

import re
import sys
import tarfile
import time
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from docker.errors import NotFound
from docker.models.containers import Container

from sandbox_cli.stack.engine.archive import archive
from tests.matrix.install import INSIDE, VOLUME
from tests.support import leftovers
from tests.support.engine import client
from tests.support.sandbox import ROOT

BUILD = ROOT / "build"
OTHER_REPOSITORY = ROOT / "tests" / "fixtures" / "other_repo"
SPARK_UID, SPARK_GID = 10001, 100  # the account of the Spark image
JUNIT = "/tmp/junit.xml"
COUNTED = re.compile(r"(\d+) (passed|failed|skipped|error)")
ENDED = re.compile(r"\d+ (passed|failed|skipped|errors?)\b.* in [\d.]+s")
# The limit is far above what a slow machine needs: it ends a suite that hangs.
COMMAND = (
    "cd /tmp/suite && python -c 'import pyspark; print(\"pyspark\", pyspark.__version__)' && "
    "exec timeout 3600 python -m pytest -v -p no:cacheprovider --timeout 600 -rfE "
    f'--junitxml={JUNIT} -o junit_family=xunit1 -o junit_duration_report=total "$@" tests/spark'
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


def run_suite(
    line: str,
    image: str,
    keys: list[str],
    *,
    home: str | None,
    jars: str | None,
    more: list[str],
    report: Path | None,
) -> Result:
    """Runs it.

    Args:
        line: Which Spark, for the name of the log.
        image: The Spark image.
        keys: Folders of the matrix's volume that Python finds packages in, before the image's own.
        home: The one of them with another pyspark; the image's own is used if None.
        jars: The one of them with the jars of tests/matrix/jars; what needs them is skipped if None.
        more: Arguments of pytest.
        report: Where the JUnit file goes, if it is wanted.
    """
    began = time.monotonic()
    BUILD.mkdir(exist_ok=True)
    with leftovers.own_name() as name:
        container = client().containers.create(
            image,
            ["runner", "bash", "-c", COMMAND, "pytest", *more],
            network_mode="none",
            mem_limit="4g",
            environment=_environment(keys, home, jars),
            labels={"sandbox.stack": name},
            volumes=[f"{VOLUME}:{INSIDE}:ro"],
        )
        try:
            container.put_archive("/tmp", archive(_files(), mode=0o755, uid=SPARK_UID, gid=SPARK_GID, folders=True))
            container.start()
            output = _follow(container)
            code = container.wait()["StatusCode"]
            if report:
                _copy_report(container, report)
        finally:
            container.remove(force=True, v=True)
    log = BUILD / f"matrix-{line}.log"
    log.write_text(output)
    return _result(output, code, time.monotonic() - began, log)


def _environment(keys: list[str], home: str | None, jars: str | None) -> dict[str, str]:
    package = "/tmp/suite/spark" if home else "/opt/spark_etl"  # with its own Spark: what the image ships
    return {
        "PYTHONPATH": ":".join([*(f"{INSIDE}/{key}" for key in keys), package]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "localhost",
        **({"SPARK_ETL_TEST_JARS": f"{INSIDE}/{jars}"} if jars else {}),
        **({"SPARK_HOME": f"{INSIDE}/{home}/pyspark"} if home else {}),
    }


def _follow(container: Container) -> str:
    """Shows what the container prints, as it comes, and returns all of it."""
    chunks = []
    for chunk in container.logs(stream=True, follow=True):
        chunks.append(chunk)
        sys.stderr.write(chunk.decode(errors="replace"))
        sys.stderr.flush()
    return b"".join(chunks).decode(errors="replace")


def _copy_report(container: Container, target: Path) -> None:
    """Copies the suite's report out of the container; there is none of one that could not begin."""
    try:
        chunks, _ = container.get_archive(JUNIT)
    except NotFound:
        return
    with tarfile.open(fileobj=BytesIO(b"".join(chunks))) as tar:
        report = tar.extractfile(tar.getmembers()[0])
        assert report is not None
        target.write_bytes(report.read())


def _result(output: str, code: int, seconds: float, log: Path) -> Result:
    lines = output.splitlines() or [""]
    counted = next((line for line in reversed(lines) if ENDED.search(line)), "")
    counts = {what: int(number) for number, what in COUNTED.findall(counted)}
    version = re.search(r"^pyspark (\S+)$", output, re.MULTILINE)
    spark = version[1] if version else "?"
    complaints = [f"{spark}: {line}" for line in lines if line.startswith(("FAILED ", "ERROR "))]
    if code and not complaints:
        complaints = [f"{spark}: exit code {code}: {lines[-1]}"]
    failed = counts.get("failed", 0) + counts.get("error", 0)
    return Result(spark, code, counts.get("passed", 0), failed, counts.get("skipped", 0), seconds, log, complaints)


def _files() -> dict[str, bytes]:
    """Returns what the suite needs of the checkout, by its path in the container."""
    spark = [ROOT / "spark" / name for name in ("spark_etl", "spark_etl_runner.py", "pipelines")]
    return {
        f"suite/{path.relative_to(ROOT).as_posix()}": path.read_bytes()
        for top in (ROOT / "tests" / "spark", ROOT / "sandbox_cli" / "template", OTHER_REPOSITORY, *spark)
        for path in [top, *sorted(top.rglob("*"))]
        if path.is_file() and "__pycache__" not in path.parts
    }
