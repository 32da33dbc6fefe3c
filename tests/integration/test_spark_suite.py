"""tests/spark: what needs DataFrames, run by pytest inside the Spark image on a local master."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from docker.errors import NotFound

from tests.matrix import install
from tests.matrix.archive import archive
from tests.support.engine import Containers, client
from tests.support.sandbox import ROOT, Sandbox

COMMAND = "cd /tmp/suite && exec python -m pytest -q -p no:cacheprovider --timeout 600 tests/spark"


@pytest.fixture
def volume() -> Iterator[None]:
    """The volume that `make test-matrix` installs pytest into; it goes again, unless it was there before."""
    try:
        client().volumes.get(install.VOLUME)
    except NotFound:
        yield
        client().volumes.get(install.VOLUME).remove()
    else:
        yield


@pytest.mark.timeout(1500)
@pytest.mark.usefixtures("volume")
def test_it_passes_inside_the_image(stack: Sandbox, containers: Containers) -> None:
    image = str(containers.one("spark-master").image.id)
    key, jars = install.ensure(image, install.tools(), "pytest"), install.ensure_jars(image)
    container = client().containers.create(
        image,
        ["runner", "bash", "-c", COMMAND],
        network_mode="none",
        mem_limit="4g",
        environment={
            "PYTHONPATH": f"{install.INSIDE}/{key}:/opt/spark_etl",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SPARK_ETL_TEST_JARS": f"{install.INSIDE}/{jars}",
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_HOSTNAME": "localhost",
        },
        labels={"sandbox.stack": stack.stack},
        volumes=[f"{install.VOLUME}:{install.INSIDE}:ro"],
    )
    try:
        container.put_archive("/tmp", archive({"suite/tests/spark": ROOT / "tests" / "spark"}))
        container.start()
        ended = container.wait(timeout=1440)
        output = container.logs().decode(errors="replace")
    finally:
        container.remove(force=True)

    sys.stdout.write(output[-3000:])
    assert ended["StatusCode"] == 0, output[-6000:]
