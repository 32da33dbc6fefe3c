"""The index of ended runs: empty objects whose keys tell what a list of runs shows, so that none has to be opened.

    …/_runs/<YYYY-MM>/<run id>~<status>~<start>~<end>~<seconds>~<failed feature>~<kind>~<user>~<started>/ended

The summary is the name of a folder, as a store lists folders without the size, time and ETag that each object has.
The index only saves time. The folders of the runs decide which runs there are. A run is read from its run.json if it
has no mark, two marks, or one that this version can't read. A mark whose run was deleted is never looked at.

Whoever reads the run.json of an ended run without a mark writes the mark, if they have the right to: the next list is
quick. A process without it tries that once for each pipeline, and keeps what it has read in its user's own cache.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from urllib.parse import quote, unquote

from spark_etl.dates import format_dates
from spark_etl.errors import SparkEtlError
from spark_etl.storage import S3Settings, StoredObject, join, name_of, storage_for
from spark_etl.store.document import RunDocument
from spark_etl.store.ended_runs import EndedRuns
from spark_etl.store.layout import INDEX_FOLDER, MARK_FILE, is_run_id

THREADS = 8
LAST = "~"
ENDS = ("succeeded", "failed", "interrupted")
LONGEST_SECONDS = 1e9  # some thirty years
LONGEST_NAME = 240  # a file's name has 255 bytes at most

_refused: set[tuple[str, S3Settings | None]] = set()
_cache = EndedRuns()


@dataclass(frozen=True)
class Summary:
    """What a list shows of a run that has ended.

    Attributes:
        status: How it ended.
        start_date: First day it is about.
        end_date: Last day it is about.
        seconds: How long it took.
        failed_at: The feature it failed at; empty if none.
        kind: `run`, `replay`, `imported` or `adopted`.
        user: Who started it; empty where that is not known.
        started: The moment it started; empty in marks of earlier versions.
    """

    status: str
    start_date: str
    end_date: str
    seconds: float | None
    failed_at: str
    kind: str = "run"
    user: str = ""
    started: str = ""

    @property
    def dates(self) -> str:
        """The days it is about: one, or first..last."""
        return format_dates(self.start_date, self.end_date)


def mark_path(root: str, document: RunDocument) -> str | None:
    """Returns where the mark of a run lies; None when it has not ended, or has more to tell than a name can hold."""
    name = _name(name_of(root), document)
    return None if name is None else join(_month_folder(root), name, MARK_FILE)


def summary_of(document: RunDocument) -> Summary | None:
    """Returns what a list shows of a run; None if it has not ended."""
    if document.status not in ENDS:
        return None
    failed_at = (document.error and document.error.feature) or ""
    known = (document.status, document.start_date, document.end_date, document.seconds, failed_at)
    return Summary(*known, document.kind, document.user, document.started or "")


def repair(root: str, document: RunDocument, settings: S3Settings | None) -> None:
    """Writes the mark of an ended run that has none; what this process may not mark, its user's cache keeps."""
    path = mark_path(root, document)
    if path is None:
        return
    pipeline = (root.rpartition("/")[0], settings)
    if pipeline not in _refused:
        try:
            storage_for(path, settings).write(path, b"")
        except (SparkEtlError, OSError):
            _refused.add(pipeline)
        else:
            return
    _cache.add(_store_of(settings), root, name_of(path.rpartition("/")[0]))


def remembered(root: str, settings: S3Settings | None) -> Summary | None:
    """Returns what this user's cache has of an ended run without a mark."""
    name = _cache.find(_store_of(settings), root)
    run_id, _, rest = (name or "").partition("~")
    return _parsed(run_id, rest) if run_id == name_of(root) else None


def _store_of(settings: S3Settings | None) -> str:
    return (settings or S3Settings.from_env()).endpoint or ""


def marks_of(root: str, settings: S3Settings | None = None) -> list[StoredObject]:
    """Returns the marks that the index has of a run."""
    run_id = name_of(root)
    folder = _month_folder(root)
    store = storage_for(folder, settings)
    names = store.folders(folder, after=run_id, before=run_id + LAST + LAST)
    return [item for name in names for item in store.walk(join(folder, name))]


def summaries(
    pipeline: str, settings: S3Settings | None = None, *, after: str = "", before: str = "", threads: int = THREADS
) -> dict[str, Summary]:
    """Returns what is known of the runs of a pipeline's folder, by run id.

    Args:
        pipeline: `<scratch>/<team>/<pipeline>`.
        settings: How to reach S3; from the environment if not given.
        after: Only of runs whose ids sort after that: a day at least; empty for all.
        before: Only of runs whose ids sort before that; empty for all.
        threads: How many months are listed at a time.
    """
    folder = join(pipeline, INDEX_FOLDER)
    store = storage_for(folder, settings)
    first, last = _month(after), _month(before) if before else LAST
    months = [join(folder, month) for month in store.folders(folder) if first <= month <= last]
    found: dict[str, Summary | None] = {}
    with ThreadPoolExecutor(threads) as pool:
        names = pool.map(lambda month: store.folders(month, after=after, before=before), months)
        for name in chain.from_iterable(names):
            run_id, summary = parse_mark(name)
            found[run_id] = None if run_id in found else summary
    return {run_id: summary for run_id, summary in found.items() if summary is not None}


def parse_mark(name: str) -> tuple[str, Summary | None]:
    """Returns the run that a mark's folder is of, and what it says; None if this version can't read it."""
    run_id, _, rest = name.partition("~")
    return run_id, _parsed(run_id, rest)


def _month_folder(root: str) -> str:
    pipeline, _, run_id = root.rpartition("/")
    return join(pipeline, INDEX_FOLDER, _month(run_id))


def _month(run_id: str) -> str:
    return f"{run_id[:4]}-{run_id[4:6]}" if run_id else ""


def _name(run_id: str, document: RunDocument) -> str | None:
    known = summary_of(document)
    if known is None:
        return None
    values = [known.status, known.start_date, known.end_date, known.seconds, known.failed_at]
    values += [known.kind, known.user, known.started]
    name = "~".join([run_id, *("" if value is None else _quoted(str(value)) for value in values)])
    return name if len(name) <= LONGEST_NAME else None


def _quoted(text: str) -> str:
    return quote(text, safe=":", errors="backslashreplace").replace("~", "%7E")


def _parsed(run_id: str, rest: str) -> Summary | None:
    parts = [unquote(part) for part in rest.split("~")]
    if not is_run_id(run_id) or len(parts) not in {5, 7, 8} or parts[0] not in ENDS:
        return None
    status, start, end, seconds, failed_at, *later = parts
    kind, user, started = (*later, *("run", "", "")[len(later) :])  # earlier versions had fewer
    try:
        took = float(seconds) if seconds else None
    except ValueError:
        return None
    is_number = took is None or 0 <= took < LONGEST_SECONDS
    return Summary(status, start, end, took, failed_at, kind, user, started) if is_number else None
