"""tests/spark: what needs DataFrames, run by pytest inside the Spark image on a local master."""

from __future__ import annotations

import importlib.metadata
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.support.engine import Containers, client
from tests.support.sandbox import ROOT, Sandbox


@pytest.fixture(scope="session")
def pytest_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pytest for the image's Python, pure wheels in the versions of requirements/dev.lock."""
    folder = tmp_path_factory.mktemp("pytest")
    names = ["pytest", "pytest-timeout", "pluggy", "iniconfig", "packaging", "pygments"]
    for name in names:
        for file in importlib.metadata.files(name) or []:
            if ".." not in file.parts and file.suffix != ".pyc":
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(Path(str(file.locate())).read_bytes())
    return folder


@pytest.mark.timeout(900)
def test_it_passes_inside_the_image(stack: Sandbox, containers: Containers, pytest_wheels: Path) -> None:
    image = containers.one("spark-master").image.id
    command = (
        "cd /tmp/suite && PYTHONPATH=/tmp/packages:/opt/spark_etl python -m pytest -q -p no:cacheprovider tests/spark"
    )
    container = client().containers.create(
        image,
        ["runner", "bash", "-c", command],
        network_mode="none",
        mem_limit="3g",
        environment={"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_HOSTNAME": "localhost"},
        labels={"sandbox.stack": stack.stack},
    )
    try:
        container.put_archive(
            "/tmp", archive({"packages": pytest_wheels, "suite/tests/spark": ROOT / "tests" / "spark"})
        )
        container.start()
        ended = container.wait(timeout=840)
        output = container.logs().decode(errors="replace")
    finally:
        container.remove(force=True)

    sys.stdout.write(output[-3000:])
    assert ended["StatusCode"] == 0, output[-6000:]


def archive(folders: dict[str, Path]) -> bytes:
    """Returns a tar of folders under new names, readable by everybody."""

    def readable(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        member.uid, member.gid = 10001, 100
        member.mode = 0o755
        return None if "__pycache__" in member.name else member

    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, folder in folders.items():
            tar.add(folder, arcname=name, filter=readable)
    return buffer.getvalue()
