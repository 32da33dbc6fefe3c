"""Cores are few: an idle session gives them back, and who waits is told who has them."""

from __future__ import annotations

import pytest

from tests.integration.conftest import SESSION, Waited
from tests.support.engine import Containers, spark_state
from tests.support.hub import HubClient
from tests.support.sandbox import until

pytestmark = [pytest.mark.timeout(600), pytest.mark.waive("spark peers gone")]
IDLER = {
    "spark.cores.max": "2",
    "spark.dynamicAllocation.executorIdleTimeout": "5s",
    "spark.dynamicAllocation.shuffleTracking.timeout": "5s",
}


def test_a_cell_that_waits_for_cores_is_told_who_holds_them(waited: Waited) -> None:
    assert "waiting for cores" in waited.cell
    assert "engineer's notebook (4 cores). Another notebook of yours is among them" in waited.cell


def test_a_run_that_waits_for_cores_is_told_who_holds_them_and_goes_on(waited: Waited) -> None:
    assert "all 4 cores are taken. engineer's notebook" in waited.run.splitlines()[-1], waited.run
    assert waited.exit_code == 0, waited.rest


def test_an_idle_session_gives_its_cores_back(engineer: HubClient, containers: Containers) -> None:
    with engineer.kernel() as kernel:
        assert "1000" in kernel.run(SESSION.format(settings=IDLER)).text
        driver = kernel.run("print(session.sparkContext.applicationId)").text.strip()
        assert cores_of(containers, driver) > 0
        until(lambda: cores_of(containers, driver) == 0, within=60, what="its cores are free while the session lives")
        assert "1000" in kernel.run("print(session.range(1000).count())").text


def cores_of(containers: Containers, application: str) -> int:
    return sum(app["cores"] for app in spark_state(containers)["activeapps"] if app["id"] == application)
