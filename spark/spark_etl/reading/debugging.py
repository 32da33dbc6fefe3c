"""The debug notebook, for those who read runs: what makes it lies above this package, and is looked up late."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any, cast

from spark_etl.errors import ArgumentError
from spark_etl.storage import normalise
from spark_etl.store import top_scratch

if TYPE_CHECKING:
    from spark_etl.debugging.notebook.debugger import Debugger
    from spark_etl.debugging.notebook.notebook_file import DebugNotebook
    from spark_etl.reading.run import Run

NOTEBOOK_FILE = "spark_etl.debugging.notebook.notebook_file"
DEBUGGER = "spark_etl.debugging.notebook.debugger"


class DebuggedRun:
    """The debug notebook of a run, as its methods."""

    def debug(self, feature: str | None = None, *, new: bool = False) -> DebugNotebook:
        """Writes the debug notebook of a feature; one that is there stays as it is. It shows itself as a link.

        None of the run's code is executed. The notebook lies below `debug/` in the home folder, and for a run of a
        local folder in the current one.

        Args:
            feature: The feature; if not given, the one that the run failed at.
            new: Whether to write another one beside one that is there.

        Raises:
            ArgumentError: The run has no such feature, is running or damaged; or the files can't be written.
        """
        run, module = cast("Run", self), _imported(NOTEBOOK_FILE, "run.debug()")
        made: DebugNotebook = module.write_debug_notebook(
            run, feature, module.default_home(run), scratch=_scratch_of(run), new=new
        )
        return made

    def debugger(
        self, feature: str | None = None, *, allow_changed_sources: bool = False, local: bool = False
    ) -> Debugger:
        """Returns what a debug notebook works with: session, inputs and code of a feature of this run.

        Args:
            feature: The feature; if not given, the one that the run failed at.
            allow_changed_sources: Whether a source that has changed since is read as it is now.
            local: Whether Spark is to run in this process, whatever the run had: quick for small data.

        Raises:
            NotTrustedError: Somebody else has written its code, and nobody has said that it is to be trusted.
            ArgumentError: The run has no such feature, or this process has imported other modules of the same names, or
                has a session of another kind.
        """
        options: dict[str, Any] = {"allow_changed_sources": allow_changed_sources, "local": local}
        made: Debugger = _imported(DEBUGGER, "run.debugger()").open_debugger(cast("Run", self), feature, **options)
        return made


def _scratch_of(run: Run) -> str:
    """Returns the scratch path that decides who may have written a run: the usual one, wherever the run lies."""
    usual = os.environ.get("SANDBOX_SCRATCH")
    return normalise(usual) if usual else top_scratch(run.stored.scratch)


def _imported(module: str, call: str) -> Any:
    """Returns a module of what runs pipelines.

    Raises:
        ArgumentError: It is not there.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ArgumentError(
            f"{call} needs what runs pipelines, and that is not here: {error}", hint="./sandbox debug RUN/FEATURE"
        ) from error
