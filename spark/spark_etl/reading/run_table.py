"""How a run shows itself: a headline, the table of its features, and what has to be said below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from spark_etl.names import listing
from spark_etl.printable import printable
from spark_etl.reading.phases import phases_text
from spark_etl.reading.tables import html_table, text_table
from spark_etl.store import (
    ADOPTED,
    IMPORTED,
    REPLAY,
    RunDocument,
    imported_text,
    is_lazy,
    publishing_seconds,
    state_text,
)
from spark_etl.units import format_bytes

COLUMNS = ("feature", "state", "kept", "rows", "size", "computing", "publishing")
HEADLINES: dict[str, str] = {REPLAY: "replay", ADOPTED: "adopted run", IMPORTED: "imported run"}


def run_text(document: RunDocument, status: str) -> str:
    """Returns a run as text.

    Args:
        document: The run.
        status: Its status, `died` too.
    """
    table = text_table(COLUMNS, feature_rows(document, status))
    return "\n".join([_headline(document, status), table, *notes_below(document)])


def run_html(document: RunDocument, status: str) -> str:
    """Returns a run as HTML, with its graph; see `run_text`."""
    from spark_etl.drawing import as_html, run_diagram  # a notebook's first cell need not wait for it

    # Of an error its first line: the rest, such as rows that break a response, is in `failure`.
    below = "".join(f"<p>{escape(note.partition(chr(10))[0])}</p>" for note in notes_below(document))
    table = html_table(COLUMNS, feature_rows(document, status), _headline(document, status))
    return as_html(run_diagram(document)) + table + below


def _headline(document: RunDocument, status: str) -> str:
    dates = f" for {document.dates}" if document.dates else ""
    what = HEADLINES.get(document.kind, "run")
    return printable(f"{what} {document.run_id} of {document.team}/{document.pipeline}{dates}: {status}")


def feature_rows(document: RunDocument, status: str) -> list[list[str]]:
    """Returns a row for each feature, in the order they run.

    Args:
        document: The run.
        status: Its status, `died` too.
    """
    publishing = publishing_seconds(document)
    return [
        [
            alias,
            state_text(document, alias, died=status == "died"),
            "✓" if feature.has_checkpoint else "",
            "" if feature.rows is None else f"{feature.rows:,}",
            "" if feature.bytes is None else format_bytes(feature.bytes),
            "" if is_lazy(feature) else format_seconds(feature.seconds),
            format_seconds(publishing.get(alias)),
        ]
        for alias, feature in document.in_order().items()
    ]


def notes_below(document: RunDocument) -> list[str]:
    """Returns what has to be said below the table: where the seconds went, what was not run, and the error."""
    notes = [*_replay_notes(document), imported_text(document)]
    notes += [f"`{alias}` adopted from {folder}" for alias, folder in document.adopted.items()]
    notes += [phases_text(document.trace, document.seconds)] if document.seconds else []
    if document.not_run:
        wanted = {*document.checkpoints, *(output.feature for output in document.outputs)}
        notes.append(f"not run: {not_run_text(document.not_run, sorted(wanted))}")
    notes.append(unpublished_text(document))
    if document.error and document.error.message:
        notes.append(f"error: {document.error.message}")
    return [printable(note) for note in notes if note]


def _replay_notes(document: RunDocument) -> Iterator[str]:
    """Yields of which run and feature it is a replay, by which code, and its verdict."""
    known = document.replay
    if known is not None:
        yield f"`{known.feature}` of run {known.run} once more, by {known.code or 'code that is not named'}"
        yield from str((known.verdict or {}).get("text") or "no verdict").splitlines()


def not_run_text(not_run: Sequence[str], wanted: Sequence[str]) -> str:
    """Returns which features of a config were left out, and why."""
    return f"{listing(not_run)}, not needed for {listing(wanted)}"


def unpublished_text(document: RunDocument) -> str:
    """Returns which outputs a run has not published as it did not succeed; nothing where there are none.

    Where no feature failed, it may have been while the outputs were to appear: then another run completes them.
    """
    unpublished = {output.feature for output in document.outputs if output.state != "succeeded"}
    interrupted = document.status == "interrupted"
    failed = document.status == "failed" and any(feature.state == "failed" for feature in document.features.values())
    if not unpublished or not (interrupted or failed):
        return ""
    verb = "was interrupted" if interrupted else "failed"
    return f"not published, as the run {verb}: {listing(sorted(unpublished))}"


def format_seconds(value: float | None) -> str:
    """Returns `12.3`; nothing where it is not known."""
    return "" if value is None else f"{value:.1f}"
