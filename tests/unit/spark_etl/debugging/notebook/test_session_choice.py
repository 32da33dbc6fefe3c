"""Which session a debug notebook opens: a table of runs, and what is here already."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spark_etl.code.project import Project
from spark_etl.debugging.notebook import session_choice
from spark_etl.debugging.notebook.session_choice import SessionChoice, choose_session, open_session
from spark_etl.errors import ArgumentError
from spark_etl.sessions.classic import DEFAULTS
from spark_etl.store import RunDocument

MODULE = """
from spark_etl import SparkFeature
import others

class Plain(SparkFeature):
    def transform(self, spark, start_date, end_date, orders):
        return orders

class Raw(SparkFeature):
    def transform(self, spark, start_date, end_date, orders):
        return orders.rdd.toDF()

class Importing(SparkFeature):
    def transform(self, spark, start_date, end_date, orders):
        from pyspark import SparkContext
        return orders

class Helped(SparkFeature):
    def transform(self, spark, start_date, end_date, orders):
        return others.counted(orders)
"""
CLASSIC, CONNECT, LOCAL = (SessionChoice(kind, "so it is") for kind in ("classic", "connect", "local"))  # type: ignore[arg-type]


def document(**known: Any) -> RunDocument:
    return RunDocument("20240229T101112Z-aaaaaa", "s3a://scratch/team/shop/20240229T101112Z-aaaaaa", "t", "p", **known)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "features.py").write_text(MODULE.replace("import others\n", "") + "\nimport others\n")
    (tmp_path / "others.py").write_text("def counted(frame):\n    return frame._jdf\n")
    return Project(tmp_path)


@pytest.fixture(autouse=True)
def on_a_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_CONNECT_URL", "sc://spark-connect:15002")
    monkeypatch.setenv("SPARK_MASTER_URL", "spark://spark-master:7077")
    monkeypatch.delenv("SPARK_REMOTE", raising=False)


@pytest.mark.parametrize(
    ("known", "name", "expected"),
    [
        ({}, "Plain", "a Spark Connect session: nothing of the run needs a driver of its own"),
        ({"session": "classic"}, "Plain", "a Spark Connect session: nothing of the run needs a driver of its own"),
        ({"session": "local"}, "Plain", "Spark in this process: the run had it, too (--local)"),
        (
            {"kind": "imported", "session": "connect", "requirements": ["polars==1.2"]},
            "Raw",
            "Spark in this process: the run was imported, and its code stays in this process",
        ),
        (
            {"kind": "replay", "imported": {"kind": "replay"}},
            "Plain",
            "Spark in this process: the run was imported, and its code stays in this process",
        ),
        (
            {"requirements": ["polars==1.2"]},
            "Plain",
            "a driver of its own: the run has packages of its own (polars==1.2)",
        ),
        ({}, "Raw", "a driver of its own: features.py:10 uses rdd, which Spark Connect does not have"),
        ({}, "Importing", "a driver of its own: features.py:14 uses SparkContext, which Spark Connect does not have"),
    ],
)
def test_spark_connect_unless_something_forbids_it(
    project: Project, known: dict[str, Any], name: str, expected: str
) -> None:
    assert str(choose_session(document(**known), project, f"features.{name}")) == expected


def test_helpers_of_the_feature_count_too(project: Project) -> None:
    (project.path / "features.py").write_text("import others\n" + MODULE.replace("import others\n", ""))
    for name in ("Plain", "Helped"):
        found = choose_session(document(), project, f"features.{name}")
        assert found.kind == ("classic" if name == "Helped" else "connect"), name
    assert "others.py:2 uses _jdf" in found.reason


def test_where_no_server_is_named_there_is_a_driver_of_its_own(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SANDBOX_CONNECT_URL")
    assert choose_session(document(), project, "features.Plain").kind == "classic"
    asked = document(session="connect", options={"remote": "sc://there:15002"})
    assert choose_session(asked, project, "features.Plain").kind == "connect"


def test_spark_in_this_process_may_be_asked_for(project: Project) -> None:
    assert choose_session(document(), project, "features.Raw", local=True).kind == "local"


class Session:
    """A session that knows which settings it takes."""

    def __init__(self, **known: str) -> None:
        self.known = dict(known)
        self.conf = self
        self.is_stopped = False

    def isModifiable(self, key: str) -> bool:  # noqa: N802 - as Spark calls it
        return key.startswith("spark.sql.")

    def get(self, key: str, default: Any) -> Any:
        return self.known.get(key, default)

    def set(self, key: str, value: str) -> None:
        assert self.isModifiable(key)
        self.known[key] = value

    def stop(self) -> None:
        self.is_stopped = True


class Sessions:
    """The doors to sessions of this process."""

    def __init__(self, patch: pytest.MonkeyPatch, present: str | None) -> None:
        self.present, self.session = present, Session()
        self.given: dict[str, Any] = {}
        patch.setattr(session_choice, "present_kind", lambda: None if self.session.is_stopped else self.present)
        patch.setattr(session_choice, "connect_session", lambda url: self.session)
        patch.setattr(session_choice, "spark", self.spark)

    def spark(self, url: str | None = None, **given: Any) -> Session:
        self.given = {"url": url, **given}
        return self.session


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], Sessions]:
    return lambda present: Sessions(monkeypatch, present)


ZONE, MEMORY = {"spark.sql.session.timeZone": "Asia/Tokyo"}, {"spark.executor.memory": "2g"}


def test_a_server_gets_the_runs_settings(sessions: Callable[[str | None], Sessions]) -> None:
    here = sessions(None)
    opened = open_session(CONNECT, document(), ZONE)
    assert opened.choice.kind == "connect"
    assert here.session.known == {**DEFAULTS, **ZONE}


def test_static_settings_need_a_driver_of_its_own(sessions: Callable[[str | None], Sessions]) -> None:
    here = sessions(None)
    opened = open_session(CONNECT, document(), {**ZONE, **MEMORY})
    assert here.session.is_stopped
    assert here.given == {"url": None, "classic": True, "settings": {**ZONE, **MEMORY}}
    assert str(opened.choice) == (
        "a driver of its own: a running server does not take the run's settings `spark.executor.memory`"
    )


def test_a_session_that_is_there_is_taken_with_what_it_can_change(
    sessions: Callable[[str | None], Sessions],
) -> None:
    here = sessions("classic")
    opened = open_session(CLASSIC, document(), {**ZONE, **MEMORY})
    assert here.given == {"url": None, "classic": True, "settings": None}
    assert here.session.known["spark.sql.session.timeZone"] == "Asia/Tokyo"
    assert opened.not_applied == ("spark.executor.memory",)


@pytest.mark.parametrize(
    ("choice", "present"),
    [(CLASSIC, "connect"), (CONNECT, "classic"), (CONNECT, "local"), (LOCAL, "connect"), (LOCAL, "classic")],
)
def test_another_kind_that_is_there_is_refused(
    sessions: Callable[[str | None], Sessions], choice: SessionChoice, present: str
) -> None:
    sessions(present)
    with pytest.raises(ArgumentError, match=r"this kernel has .* already, and .* opens .*: so it is") as raised:
        open_session(choice, document(), {})
    assert str(raised.value.hint).startswith("restart the kernel")


def test_without_a_cluster_spark_in_this_process_is_a_driver_of_its_own(
    sessions: Callable[[str | None], Sessions], monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions("local")
    with pytest.raises(ArgumentError):
        open_session(CLASSIC, document(), {})
    monkeypatch.delenv("SPARK_MASTER_URL")
    assert open_session(CLASSIC, document(), {}).choice.kind == "classic"
