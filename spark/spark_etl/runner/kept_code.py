"""The code of a run, kept with it before anything else is done: one that fails early has it, too."""

from __future__ import annotations

from collections.abc import Mapping

from spark_etl.code.secrets import LOOKS_LIKE_ONE
from spark_etl.errors import SparkEtlError
from spark_etl.names import listing
from spark_etl.printable import printable
from spark_etl.runner.plan import Plan
from spark_etl.runner.report.progress import Progress
from spark_etl.store import CodeRecord, RunWriter

NOT_ASKED_FOR = "--no-keep-code was given"


def keep_code(plan: Plan, record: RunWriter, progress: Progress) -> None:
    """Keeps the files of the project as this driver sees them, and records that.

    Where that can't be done, the run goes on without, says so, and records why.
    """
    try:
        record.document.code = _write_code(plan, record)
    except (SparkEtlError, OSError) as error:
        reason = error.message if isinstance(error, SparkEtlError) else str(error)
        progress.warn(f"the run's code is not kept: {reason}")
        record.document.code = CodeRecord(reason=reason)
    _show_secrets(record.document.code.left_out, progress)
    record.store()


def _write_code(plan: Plan, record: RunWriter) -> CodeRecord:
    if not plan.options.keep_code:
        return CodeRecord(reason=NOT_ASKED_FOR)
    return record.run.write_code(plan.project.code_archive())


def _show_secrets(left_out: Mapping[str, str], progress: Progress) -> None:
    """Says what is missing in the kept code that a run of it would import."""
    found = [f"{name} ({reason})" for name, reason in left_out.items() if reason.startswith(LOOKS_LIKE_ONE)]
    modules = [each for each in found if each.partition(" (")[0].endswith(".py")]
    if modules:
        progress.warn(f"not kept with the run's code: {printable(listing(modules), one_line=True)}")
