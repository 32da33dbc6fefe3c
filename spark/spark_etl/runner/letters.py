"""What the mails of a run say."""

from __future__ import annotations


def failure_text(
    *, pipeline: str, dates: str, run: str | None, reason: str, frames: str = "", hint: str | None = None
) -> str:
    """Returns the body: what failed, why, where in the project, and the commands that open it."""
    lines = [f"{pipeline} failed for {dates}.", "", reason]
    if frames:
        lines += ["", "Where, in the project:", "", frames.rstrip()]
    if hint:
        lines += ["", f"Next: {hint}"]
    if run:
        run_id = run.rsplit("/", 1)[-1]
        lines += ["", f"Run: {run}", "", "Look at it in a terminal:", "", f"    sandbox runs show {run_id}"]
        lines += ["", "or in a notebook, with what it computed until then:", "", *opening_lines(run_id)]
    return "\n".join(lines) + "\n"


def recovery_text(*, pipeline: str, dates: str, run: str, failed_run: str) -> str:
    """Returns the body: what works again."""
    return f"{pipeline} succeeded for {dates}, after {failed_run} had failed.\n\nRun: {run}\n"


def opening_lines(run_id: str) -> list[str]:
    """Returns the Python that opens a run that failed."""
    return ["    from spark_etl import runs", f'    run = runs["{run_id}"]', "    run.failure"]
