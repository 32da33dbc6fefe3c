"""What failed, and where, as Markdown: the first cell of a debug notebook."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from spark_etl.debugging.notebook.lines import with_newlines
from spark_etl.error_text import cut_text
from spark_etl.printable import printable
from spark_etl.reading import Run
from spark_etl.reading.failure import Failure
from spark_etl.store import DAMAGED

FRAME = re.compile(r'^  File "(?P<file>[^"\n]+)", line (?P<line>\d+)(?:, (?P<where>[^\n]*))?$', re.MULTILINE)
AROUND = 4
MOST_FRAMES = 10
LONGEST_MESSAGE, LONGEST_LINE = 4000, 200
NO_LINE = (
    "Which line made it is not known: Spark computes an expression later than the line that makes it. "
    "Look at the frame of each cell below, `debug.head(frame, every_row=True)`: the first that fails has it."
)
NO_CODE: Mapping[str, str] = {}


def failure_of(run: Run, feature: str) -> Failure | None:
    """Returns why a run failed, if it was this feature that it failed at."""
    failure = run.failure if run.status != DAMAGED else None
    return failure if failure is not None and failure.feature == feature else None


def what_happened(run: Run, feature: str, code: Mapping[str, str] | None) -> str:
    """Returns what a notebook is about: run, feature and days, what failed, and the project's own lines of it.

    Args:
        run: The run.
        feature: The feature.
        code: Path → text of the run's project; None if there is none.
    """
    failure = failure_of(run, feature)
    of_run = f"run {inline(run.name)} of {inline(f'{run.team}/{run.pipeline}')}"
    about = f"{of_run}, {inline(run.dates)}" if run.dates else of_run
    head = f"# Debug {inline(feature)}\n\nFeature {inline(feature)} of {about}"
    if failure is None:
        return f"{head}.\n\n{_not_failed(run, feature)}"
    is_named = not failure.type or failure.message.startswith(f"{failure.type}: ")
    said = failure.message if is_named else f"{failure.type}: {failure.message}"
    parts = [f"{head}, failed:", fenced(cut_text(said, LONGEST_MESSAGE)), *_frames(failure, code or NO_CODE)]
    return "\n\n".join(parts)


def _not_failed(run: Run, feature: str) -> str:
    error = run.error
    known = run.features.get(feature)
    lines = [f"It did not fail in this run; its state is {inline(known.state)}."] if known else []
    if error is not None and error.feature and error.feature != feature:
        lines.append(f"The run failed at {inline(error.feature)}.")
    lines.append("Step by step, on the inputs that it had: look where a number goes wrong.")
    return " ".join(lines)


def _frames(failure: Failure, code: Mapping[str, str]) -> Iterator[str]:
    """Yields the project's own lines that the error came by, each with those around it."""
    found = list(FRAME.finditer(failure.traceback))
    if not failure.traceback.strip() and code:
        yield NO_LINE
    shown = 0
    for match in found[-MOST_FRAMES:]:
        path, line = path_in(code, match["file"]), int(match["line"])
        lines = with_newlines(code[path]).removesuffix("\n").split("\n") if path else []
        if path and 0 < line <= len(lines):
            where = f", in {inline(match['where'].removeprefix('in '))}" if match["where"] else ""
            yield f"{inline(path)}, line {line}{where}:"
            yield fenced(_around(lines, line), "python")
            shown += 1
    if shown < min(len(found), MOST_FRAMES) or (not found and failure.traceback.strip()):
        yield "The traceback:"
        yield fenced(cut_text(failure.traceback.rstrip("\n"), LONGEST_MESSAGE))


def path_in(code: Mapping[str, str], file: str) -> str | None:
    """Returns the file of the run's code that a traceback names by its whole path; None if it is none of them."""
    fitting = [path for path in code if f"/{file.lstrip('/')}".endswith(f"/{path}")]
    return max(fitting, key=len, default=None)


def _around(lines: list[str], line: int) -> str:
    first, last = max(1, line - AROUND), min(len(lines), line + AROUND)
    width = len(str(last))
    return "\n".join(
        f"{'→' if number == line else ' '} {number:>{width}}  {cut_text(lines[number - 1], LONGEST_LINE)}".rstrip()
        for number in range(first, last + 1)
    )


def inline(text: str) -> str:
    """Returns a text that others wrote as code within a line of Markdown."""
    return f"`{inline_rest(printable(text, one_line=True))}`"


def inline_rest(text: str) -> str:
    """Returns a text of one line without what Markdown or HTML would take for itself."""
    return re.sub(r"[`<>\[\]]", "'", text)


def inline_text(text: str) -> str:
    """Returns half a sentence without what Markdown or HTML would take for itself; code in it stays code."""
    pieces = " ".join(printable(text, one_line=True).split()).split("`")
    if not len(pieces) % 2:  # one that does not end
        pieces = ["'".join(pieces)]
    return "`".join(
        re.sub(r"[<>]", "'", piece) if position % 2 else re.sub(r"([\\*_\[\]<>!$|~#&])", r"\\\1", piece)
        for position, piece in enumerate(pieces)
    )


def fenced(text: str, language: str = "text") -> str:
    """Returns a text that others wrote as a block of Markdown, whatever stands in it."""
    shown = printable(text)
    longest = max((len(each) for each in re.findall(r"`{3,}", shown)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"
