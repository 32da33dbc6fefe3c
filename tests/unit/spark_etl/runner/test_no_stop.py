from __future__ import annotations

import pytest
from spark_etl.errors import NotReturnedError
from spark_etl.runner.no_stop import no_stop


class Session:
    def __init__(self) -> None:
        self.stopped = 0

    def stop(self) -> None:
        self.stopped += 1


class Context(Session):
    pass


def test_a_stop_by_the_projects_code_is_its_failure_and_has_no_effect() -> None:
    session, context = Session(), Context()
    with no_stop(session, context):
        for culprit, call in ((session, "spark.stop()"), (Session(), "spark.stop()"), (context, "SparkContext.stop()")):
            with pytest.raises(NotReturnedError) as raised:
                culprit.stop()
            assert raised.value.message == f"it stops Spark: {call}"
            assert culprit.stopped == 0
    session.stop()
    context.stop()
    assert (session.stopped, context.stopped) == (1, 1)


def test_a_session_of_its_own_may_be_stopped_through_spark_connect() -> None:
    session, own = Session(), Session()
    with no_stop(session):
        own.stop()
        with pytest.raises(NotReturnedError):
            session.stop()
    assert (session.stopped, own.stopped) == (0, 1)
