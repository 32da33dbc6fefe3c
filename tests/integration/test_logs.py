"""What the containers log is watched: without that, no test would see an error."""

from __future__ import annotations

import pytest

from tests.support.engine import Containers
from tests.support.logs import LogWatch
from tests.support.sandbox import Sandbox, until

PLANT = "printf 'ERROR planted by a test\\njava.lang.Exception: planted\\n' > /proc/1/fd/1"


@pytest.mark.waive("planted")
def test_an_error_is_seen_with_all_of_it(stack: Sandbox, containers: Containers) -> None:
    watch = LogWatch(stack.stack)
    watch.start()

    done = containers.run("docker-api", "sh", "-c", PLANT)
    assert done.exit_code == 0, done.out

    (seen,) = until(watch.unwaived, within=10, what="the planted error")
    assert seen == "docker-api: ERROR planted by a test\njava.lang.Exception: planted"
