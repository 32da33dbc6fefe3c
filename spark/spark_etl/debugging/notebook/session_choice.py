"""Which kind of session a debug notebook opens, and why: Spark Connect, unless something of the run forbids it."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_etl.code.fingerprint import Fingerprints
from spark_etl.code.project import Project
from spark_etl.debugging.notebook.folder import RESTART
from spark_etl.debugging.trust import FOREIGN_KINDS, server_of
from spark_etl.errors import ArgumentError
from spark_etl.names import listing
from spark_etl.sessions.classic import DEFAULTS
from spark_etl.sessions.connect import connect_session
from spark_etl.sessions.notebook import KIND_NAMES, Kind, present_kind, spark
from spark_etl.store import RunDocument

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# What only a driver with a JVM beside it has; of names that begin with `_j`, those that are not likely to be a user's.
NEEDS_THE_JVM = frozenset(
    {"sparkContext", "rdd", "toJSON", "newSession", "SparkContext", "RDD", "_jvm", "_jdf", "_jsc", "_jsparkSession"}
)


@dataclass(frozen=True)
class SessionChoice:
    """The kind of session, and the reason in words."""

    kind: Kind
    reason: str

    def __str__(self) -> str:
        return f"{KIND_NAMES[self.kind]}: {self.reason}"


@dataclass(frozen=True)
class OpenedSession:
    """The session of a debug notebook.

    Attributes:
        spark: The session.
        choice: Its kind, and why.
        not_applied: Settings of the run that the session does not have, as it was there already.
    """

    spark: SparkSession
    choice: SessionChoice
    not_applied: Sequence[str] = ()


def choose_session(
    document: RunDocument, project: Project | None = None, class_path: str = "", *, local: bool = False
) -> SessionChoice:
    """Returns the kind of session for a feature, as far as that is known without Spark.

    Rules, the first that holds:
        1. `local=True`, and a run of `--local`, is Spark in this process. So is one that was imported: its code stays
           in the server of whoever trusts it, and reaches no executor.
        2. Packages of the run's own need a driver of one's own: others' executors do not have them.
        3. So does code of the feature that uses what only a JVM beside it has: RDDs, the SparkContext.
        4. So does a place that names no Spark Connect server.
        5. All else is Spark Connect.

    Args:
        document: The run.
        project: The folder of the code; None where there is none.
        class_path: The feature's class.
        local: Whether Spark in this process is asked for.
    """
    if why := _why_local(document, local=local):
        return SessionChoice("local", why)
    if document.requirements:
        return SessionChoice("classic", f"the run has packages of its own ({listing(document.requirements)})")
    if project and (found := next(_uses_of_the_jvm(project, class_path), None)):
        return SessionChoice("classic", f"{found}, which Spark Connect does not have")
    if not any((server_of(document), os.environ.get("SANDBOX_CONNECT_URL"), os.environ.get("SPARK_REMOTE"))):
        return SessionChoice("classic", "no Spark Connect server is named here")
    return SessionChoice("connect", "nothing of the run needs a driver of its own")


def _why_local(document: RunDocument, *, local: bool) -> str:
    """Returns why Spark runs in this process; empty where it need not."""
    if local:
        return "it is asked for"
    if document.session == "local":
        return "the run had it, too (--local)"
    is_imported = document.imported is not None or document.kind in FOREIGN_KINDS
    return "the run was imported, and its code stays in this process" if is_imported else ""


def _uses_of_the_jvm(project: Project, class_path: str) -> Iterator[str]:
    """Yields where the code of a feature uses what needs a JVM: `features/orders.py:12 uses sparkContext`."""
    try:
        used = Fingerprints(project).used_modules(class_path)
    except (SyntaxError, ValueError, OSError):  # its import says so, with the line
        return
    for module in used:
        for node in (node for statement in module.statements for node in ast.walk(statement)):
            for name in _names_in(node):
                if name in NEEDS_THE_JVM:
                    yield f"{module.file.relative_to(project.path)}:{node.lineno} uses {name}"  # type: ignore[attr-defined]


def _names_in(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "pyspark":
        return [alias.name for alias in node.names]
    return []


def open_session(choice: SessionChoice, document: RunDocument, settings: Mapping[str, str]) -> OpenedSession:
    """Returns a session of the kind, with the settings of the run's config, as the runner's sessions have them.

    Args:
        choice: What `choose_session` returned.
        document: The run.
        settings: Of the run's config, as Spark takes them.

    Raises:
        ArgumentError: This process has a session of another kind already.
        RunFailedError: The Spark Connect server does not answer; or a driver does not start.
    """
    present = present_kind()
    _refuse_another(choice, present)
    if choice.kind == "connect":
        url = server_of(document)
        session: Any = connect_session(url)
        static = [key for key in settings if not session.conf.isModifiable(key)]
        if not static:
            return OpenedSession(_applied(spark(url), settings), choice)
        names = listing(f"`{key}`" for key in static)
        choice = SessionChoice("classic", f"a running server does not take the run's settings {names}")
        _refuse_another(choice, present)
        session.stop()
    is_new = present_kind() is None
    given = dict(settings) if is_new else None
    session = spark(local=True, settings=given) if choice.kind == "local" else spark(classic=True, settings=given)
    if is_new:
        return OpenedSession(session, choice)
    changed = {key: value for key, value in settings.items() if session.conf.get(key, None) != value}
    too_late = tuple(key for key in changed if not session.conf.isModifiable(key))
    return OpenedSession(
        _applied(session, {key: value for key, value in changed.items() if key not in too_late}), choice, too_late
    )


def _applied(session: Any, settings: Mapping[str, str]) -> SparkSession:
    for key, value in {**DEFAULTS, **settings}.items():
        session.conf.set(key, value)
    found: SparkSession = session
    return found


def _refuse_another(choice: SessionChoice, present: Kind | None) -> None:
    """Refuses a session beside one of another kind; without a cluster, Spark in this process is a driver of one's own.

    Raises:
        ArgumentError: There is one.
    """
    is_same = present == choice.kind or (present == "local" and "SPARK_MASTER_URL" not in os.environ)
    if present is None or (is_same and choice.kind != "connect") or present == choice.kind:
        return
    raise ArgumentError(
        f"this kernel has {KIND_NAMES[present]} already, and the debug notebook opens {choice}",
        hint=f"{RESTART}; or debugger(…, local=True) in a restarted kernel, for Spark in this process",
    )
