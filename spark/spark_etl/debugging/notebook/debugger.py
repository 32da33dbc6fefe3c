"""`debug`, the object of a debug notebook: one feature of a run, its real inputs, and its code as it is edited."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_etl.code.project import Project
from spark_etl.debugging.foreign_code import refuse_shared_place
from spark_etl.debugging.notebook.folder import import_from, unpack_once
from spark_etl.debugging.notebook.head import Head, head_of
from spark_etl.debugging.notebook.inputs import DebuggedFeature, DebugInputs, KeptInputs
from spark_etl.debugging.notebook.live_feature import LiveFeature
from spark_etl.debugging.notebook.own_notebook import OwnNotebook
from spark_etl.debugging.notebook.packages import find_packages, use_packages
from spark_etl.debugging.notebook.patch import EditedCode, edited_code, make_patch, original_files
from spark_etl.debugging.notebook.saved_patch import SavedPatch
from spark_etl.debugging.notebook.session_choice import OpenedSession, SessionChoice, choose_session, open_session
from spark_etl.debugging.notebook.shipping import ship_code
from spark_etl.debugging.notebook.short_errors import short_errors
from spark_etl.debugging.origin import Origin, find_origin
from spark_etl.debugging.replay_plan import own_config
from spark_etl.debugging.trust import refuse_untrusted
from spark_etl.errors import ArgumentError, ConfigError
from spark_etl.feature import SparkFeature
from spark_etl.names import alternatives
from spark_etl.printable import printable
from spark_etl.reading import Run, Runs
from spark_etl.reading.replay import Replay, start_replay
from spark_etl.sessions.kernel import ipython_shell
from spark_etl.storage import is_s3, normalise
from spark_etl.store import StoredRun, run_name, top_scratch
from spark_etl.user_code import guard_user_code

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PRE_RUN_CELL = "pre_run_cell"


class Debugger:
    """A feature of a run in this process: what a replay computes in one of its own, step by step.

    Args:
        origin: The run and the feature; whoever makes this has looked whether its code may run here.
        notebook: The notebook that it works for.
        allow_changed_sources: Whether sources that have changed are read as they are now.
        local: Whether Spark is to run in this process, whatever the run had.

    Raises:
        ArgumentError: Modules of the same names were imported already, there is a session of another kind, or packages
            of the run are not here.
        ConfigError: The class can't be imported or made, or a variable of the config is not set.
        RunFailedError: Spark does not start, or its server does not answer.
    """

    def __init__(
        self, origin: Origin, notebook: OwnNotebook, *, allow_changed_sources: bool = False, local: bool = False
    ) -> None:
        self._origin, self._notebook = origin, notebook
        self._running_cell: str | None = None
        self._live: LiveFeature | None = None
        self.spark: SparkSession
        self._inputs: DebugInputs | KeptInputs
        if origin.why_no_code:
            self.spark = self._opened(choose_session(origin.run.document, local=local), {}).spark
            self._inputs = KeptInputs(origin, self.spark)
            return
        with guard_user_code():
            self._open(allow_changed_sources=allow_changed_sources, local=local)

    def _open(self, *, allow_changed_sources: bool, local: bool) -> None:
        origin, folder = self._origin, self._notebook.folder
        if unpack_once(origin.run.code, folder):
            _say(f"unpacked the run's code to {self._notebook.shown(folder)}")
        project = Project(folder)
        packages = find_packages(origin)
        settings = use_packages(packages) if packages else {}
        import_from(project)
        config = own_config(origin, folder)
        if origin.feature not in config.features:
            raise ConfigError(
                f"`{origin.feature}` is no feature of the config. {alternatives(origin.feature, config.features)}"
            )
        debugged = DebuggedFeature(origin, project, config, allow_changed_sources)
        choice = choose_session(origin.run.document, project, debugged.entry.class_path, local=local)
        opened = self._opened(choice, {**settings, **config.spark})  # before modules are imported that ask the session
        self.spark = opened.spark
        ship_code(self.spark, opened.choice.kind, project, f"{origin.run.stored.pipeline}-{origin.run.id}")
        self._live = LiveFeature(debugged, _say)
        self._debugged, self._inputs = debugged, DebugInputs(debugged, self._live.instance, self.spark, _say)

    def _opened(self, choice: SessionChoice, settings: Mapping[str, str]) -> OpenedSession:
        opened = open_session(choice, self._origin.run.document, settings)
        _say(str(opened.choice))
        if opened.not_applied:
            _say(f"Spark is already running, so these settings have no effect: {', '.join(opened.not_applied)}")
        return opened

    @property
    def feature(self) -> SparkFeature:
        """The feature: an instance of its class with the run's parameters, made of the code in the notebook's folder.

        Raises:
            ArgumentError: The run has not kept its code.
        """
        return self._with_code().instance

    def _with_code(self) -> LiveFeature:
        if self._live is None:
            raise ArgumentError(f"{self._origin.why_no_code}", hint=f"./sandbox replay {self._origin.name} --code DIR")
        return self._live

    @property
    def start_date(self) -> date:
        """First day of the run."""
        return self._origin.dates(None, None).start

    @property
    def end_date(self) -> date:
        """Last day of the run, included."""
        return self._origin.dates(None, None).end

    @property
    def inputs(self) -> Mapping[str, DataFrame]:
        """Source name → the DataFrame that `transform` gets; each is made when it is first asked for."""
        return self._inputs

    @short_errors
    def input(self, name: str) -> DataFrame:
        """Returns the DataFrame that `transform` gets under a name: the very rows, columns and types of a replay.

        Raises:
            ArgumentError: The feature has no such source.
            SourceChangedError: A source is not as the run had read it.
            RunFailedError: A feature above, of which the run has no rows, fails when it is computed.
        """
        return self._inputs[name]

    @short_errors
    def head(self, frame: DataFrame, rows: int = 10, *, every_row: bool = False) -> Head:
        """Returns how many rows a DataFrame has, its columns with their types, and the first rows. It shows itself.

        Args:
            frame: The DataFrame.
            rows: How many to show.
            every_row: Whether all columns of all rows are computed first: an expression that fails late fails here.

        Raises:
            ArgumentError: It is no DataFrame of Spark.
        """
        return head_of(frame, rows, every_row=every_row)

    def names(self) -> dict[str, Any]:
        """Returns the names of the module that `transform` is defined in, helpers included; none such as `__name__`.

        Modules of the project whose files were saved since are loaded again first.
        """
        live = self._with_code()
        self._reload()
        return live.names()

    def new(self, cls: type[SparkFeature]) -> SparkFeature:
        """Returns an instance of a class that a cell has defined, made as the runner makes the feature's.

        Raises:
            ConfigError: It is no feature, or its `__init__` fails or takes other parameters.
        """
        made = self._with_code().made_of(cls)
        if isinstance(self._inputs, DebugInputs):
            self._inputs.use(made)
        return made

    @short_errors
    def replay_and_compare(self) -> Replay[Run]:
        """Computes the feature with the code as it is edited, in a process of its own, and returns the verdict.

        What counts are the cells of `transform`, and the files in the notebook's folder.

        Raises:
            ArgumentError: A cell is no Python, or a file was edited in both places.
            ReadError: The notebook is not saved, or the feature can't be replayed.
        """
        files, left_out = self._edited_code()
        for line in [*left_out, self._notebook.unsaved_text]:
            _say(f"not replayed: {line}")
        if files == original_files(self._origin.run.code):
            _say("nothing is edited: the run's own code, once more")
            return self._replay({})
        with tempfile.TemporaryDirectory(prefix="spark-etl-debug-") as name:
            folder = Path(name) / "code"
            for path, content in files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
            return self._replay({"--code": folder, "--code-name": f"the notebook {self._notebook.name}"})

    def _replay(self, options: Mapping[str, object]) -> Replay[Run]:
        run, allowed = self._origin.run, self._debugged.allow_changed_sources
        path, verdict = start_replay(run.path, self._origin.feature, {**options, "--allow-changed-sources": allowed})
        return Replay(verdict, Run(StoredRun(path, run.stored.settings), None, name=run_name(path)))

    @short_errors
    def save_patch(self) -> SavedPatch:
        """Writes what was edited beside the notebook, as a patch that `git apply` takes. It shows itself.

        Raises:
            ArgumentError: A cell is no Python, or a file was edited in both places.
            ReadError: The notebook is not saved.
        """
        notebook, edited = self._notebook, self._edited_code()
        text = make_patch(original_files(self._origin.run.code), edited.files)
        left_out = (*edited.left_out, notebook.unsaved_text)
        if not text:
            return SavedPatch(None, left_out=left_out)
        is_local = not is_s3(self._origin.run.path)
        return SavedPatch.write(notebook.patch_path, text, left_out, notebook=notebook, local=is_local)

    def _edited_code(self) -> EditedCode:
        content = self._notebook.content(running=self._running_cell)
        return edited_code(content, self._notebook.folder, self._origin.run.code)

    def before_cell(self, info: Any) -> None:
        """Is called by IPython before each cell: what was saved since takes effect in it."""
        self._running_cell = getattr(info, "cell_id", None)
        self._notebook.note_executed(self._running_cell, str(getattr(info, "raw_cell", "")))
        shell = ipython_shell()
        self._reload(shell.user_ns if shell else None)

    def _reload(self, namespace: dict[str, Any] | None = None) -> None:
        if self._live and isinstance(self._inputs, DebugInputs):
            self._live.reload(self._inputs, namespace)

    def __repr__(self) -> str:
        return printable(f"debugging {self._origin.name}: {self._notebook.name}", one_line=True)


_watching: list[tuple[Any, Any]] = []  # at most one: a kernel serves one debug notebook


def open_debugger(
    run: Run, feature: str | None = None, *, allow_changed_sources: bool = False, local: bool = False
) -> Debugger:
    """Returns the object of a debug notebook, for the cells of this process.

    Args:
        run: The run.
        feature: The feature; None for the one that the run failed at.
        allow_changed_sources: Whether sources that have changed are read as they are now.
        local: Whether Spark is to run in this process, whatever the run had.

    Raises:
        NotTrustedError: Somebody else has written the run's code.
        ArgumentError: There is no such feature, or this process can't serve it; see `Debugger`.
        ConfigError: The class can't be imported or made.
        RunFailedError: Spark does not start, or its server does not answer.
    """
    scratch = normalise(os.environ.get("SANDBOX_SCRATCH") or top_scratch(run.stored.scratch))
    name = "/".join(filter(None, [run.path, feature]))
    origin = find_origin(Runs(scratch, run.stored.settings), name, needs_code=False)  # without code, inputs are shown
    refuse_untrusted(origin.run, scratch)
    refuse_shared_place(origin.run)
    debugger = Debugger(origin, OwnNotebook(origin), allow_changed_sources=allow_changed_sources, local=local)
    _watch_cells(debugger)
    return debugger


def _watch_cells(debugger: Debugger) -> None:
    """Makes IPython call the debugger before each cell, and no other one any more."""
    while _watching:
        events, called = _watching.pop()
        events.unregister(PRE_RUN_CELL, called)
    if shell := ipython_shell():
        shell.events.register(PRE_RUN_CELL, debugger.before_cell)
        _watching.append((shell.events, debugger.before_cell))


def _say(text: str) -> None:
    print(printable(text))  # noqa: T201 - it is the output of a cell
