"""`spark-etl debug`: the debug notebook of a feature, and what was changed in one as a patch; no Spark is needed."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spark_etl.debugging.notebook.cells import debug_metadata, read_notebook
from spark_etl.debugging.notebook.notebook_file import default_home, unpacked_folder, write_debug_notebook
from spark_etl.debugging.notebook.patch import edited_code, make_patch, original_files
from spark_etl.debugging.origin import find_origin
from spark_etl.debugging.trust import command_to_trust
from spark_etl.errors import ArgumentError, ReadError
from spark_etl.machine import user_and_host
from spark_etl.printable import printable, printable_json
from spark_etl.reading import Run, Runs
from spark_etl.reading.repeat import newest_failed
from spark_etl.runner.options import scratch_path
from spark_etl.runner.report.progress import Progress


def debug_command(arguments: Namespace, progress: Progress) -> int:
    """Writes a debug notebook, or prints the patch of one; returns 0.

    Raises:
        SparkEtlError: There is no such run or feature, or the files can't be read or written.
    """
    if arguments.patch:
        return _print_patch(arguments, progress)
    scratch = scratch_path(arguments)
    runs = Runs(scratch)
    origin = find_origin(runs, arguments.run or _newest_failed(runs).name, needs_code=False)
    home = Path(arguments.home).expanduser().absolute() if arguments.home else default_home(origin.run)
    made = write_debug_notebook(origin.run, origin.feature, home, scratch=scratch, new=arguments.new)
    if arguments.json:
        _write_json(made.to_dict())
        return 0
    progress.line(f"{made.state}: {made.run}/{made.feature}, its code below {home / made.folder}")
    if not made.trusted:
        command = command_to_trust(origin.run.path, made.run, scratch)
        progress.line(f"its code is not trusted, and only shown; look at it, then: {command}")
    _write(printable(str(home / made.path), one_line=True) + "\n")
    return 0


def _newest_failed(runs: Runs) -> Run:
    """Returns the newest failed run that this user has started."""
    return newest_failed(runs, {user_and_host()["user"], os.environ.get("JUPYTERHUB_USER", "")} - {""})


def _print_patch(arguments: Namespace, progress: Progress) -> int:
    """Prints the patch of a notebook to stdout, as it is where a program reads it.

    Raises:
        ArgumentError: It is no debug notebook, its run is not there, or a cell is no Python.
    """
    file = Path(arguments.patch).expanduser().absolute()
    notebook = read_notebook(file)
    known = debug_metadata(notebook)
    run = _run_of(known, arguments)
    home = Path(arguments.home).expanduser().absolute() if arguments.home else default_home(run)
    edited = edited_code(notebook, unpacked_folder(file, known, home), run.code)
    patch = make_patch(original_files(run.code), edited.files)
    if arguments.json:
        document = run.document
        project = {"project": (document.options or {}).get("project"), "config_path": document.config_path}
        _write_json({"patch": patch, "left_out": edited.left_out, "run": known["run"], **project})
        return 0
    for line in edited.left_out:
        progress.line(f"left out: {line}")
    if not patch:
        progress.line("nothing was changed")
    _write(printable(patch) if sys.stdout.isatty() else patch)
    return 0


def _run_of(known: Mapping[str, Any], arguments: Namespace) -> Run:
    """Returns the run of a notebook, whose code has to be the one that the notebook was made of.

    Raises:
        ArgumentError: It is not there, or has other code.
    """
    is_named = arguments.scratch_path or arguments.local
    try:
        run = Runs(scratch_path(arguments) if is_named else None)[str(known.get("path") or known["run"])]
        code = run.code.sha256
    except ReadError as error:
        raise ArgumentError(error.message, hint=error.hint) from error
    if code != known.get("code"):
        raise ArgumentError(
            f"run {known['run']} has other code than this notebook was made of",
            hint=f"./sandbox debug {known['run']}/{known['feature']} --new",
        )
    return run


def _write_json(content: Mapping[str, Any]) -> None:
    _write(printable_json(json.dumps(content)) + "\n")


def _write(text: str) -> None:
    """Writes to stdout in UTF-8, whatever the terminal's encoding is: a patch has the bytes of files in it."""
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(text)
    else:
        buffer.write(text.encode("utf-8", errors="surrogatepass"))
    sys.stdout.flush()
