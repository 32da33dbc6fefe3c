"""What a replay is asked for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from spark_etl.debugging.origin import Origin
from spark_etl.debugging.replay_plan import Code
from spark_etl.debugging.trust import is_imported, server_of
from spark_etl.errors import ArgumentError, CodeNotKeptError
from spark_etl.reading import Runs
from spark_etl.runner.options import Options
from spark_etl.storage import is_s3, normalise


@dataclass(frozen=True)
class ReplayRequest:
    """What is to be replayed, and how.

    Attributes:
        origin: The run and the feature.
        runs: Where it was found.
        into: Where the replay is kept: a scratch path.
        code: Folder of other code for the one feature; None for the run's own.
        code_text: How it is called, such as `commit 1a2b3c4`; its path if not given.
        start: First day, where the run has none.
        end: Last day.
        local: Whether Spark is to run in this process; None: as the run did.
        remote: A Spark Connect server; None: as the run did.
        allow_changed_sources: Whether sources that have changed are read as they are now.
        compute: Features of the run that are computed and kept, without a verdict, and not the one feature alone.
        exact: Whether those of `compute` are left out that would be computed by something else than the run had.
    """

    origin: Origin
    runs: Runs
    into: str
    code: Path | None = None
    code_text: str | None = None
    start: date | None = None
    end: date | None = None
    local: bool | None = None
    remote: str | None = None
    allow_changed_sources: bool = False
    compute: tuple[str, ...] = ()
    exact: bool = False
    debug: bool = False


def remote_of(request: ReplayRequest) -> str | None:
    """Returns the Spark Connect server of the run, unless another session is asked for.

    Raises:
        ArgumentError: A server is asked for, and the run is an imported one.
    """
    if is_imported(request.origin.run) and request.remote:
        raise ArgumentError(
            f"run {request.origin.run.name} was imported: Spark runs in this process for it, not at {request.remote}",
            hint="leave out --remote",
        )
    if request.local or is_imported(request.origin.run):
        return None
    return request.remote or server_of(request.origin.run.document)


def replay_options(request: ReplayRequest, code: Code, keys: str | None) -> Options:
    """Returns the options of the run, as far as they have to do with the rows of a feature."""
    document = request.origin.run.document
    known = document.options or {}
    remote = remote_of(request)
    is_local = is_imported(request.origin.run) or (document.session == "local" and remote is None)
    local = request.local if request.local is not None else is_local
    return Options(
        team=request.origin.run.stored.team,
        config=Path(document.config_path or "feature_config.yaml"),
        project=code.project.path if not code.is_own else Path(str(known.get("project") or code.project.path)),
        pipeline=request.origin.run.stored.pipeline,
        publish=None,
        scratch=request.into,
        dates=request.origin.dates(request.start, request.end),
        checkpoints=request.compute or (request.origin.feature,),
        local=local,
        remote=remote,
        debug=request.debug,
        sample=_text(known.get("sample")),
        sample_key=_text(known.get("sample_key")),
        keys=keys,
    )


def keys_file(origin: Origin, own: Path) -> str | None:
    """Returns the file of `--keys`: one of the project is the one that the run has kept, which goes into a folder."""
    known = origin.run.document.options or {}
    keys = _text(known.get("keys"))
    with suppress(ValueError, CodeNotKeptError):
        if keys and not is_s3(normalise(keys)):
            name = Path(keys).absolute().relative_to(Path(str(known.get("project"))).absolute())
            content = origin.run.code.bytes(name.as_posix())
            (own / name).parent.mkdir(parents=True, exist_ok=True)
            (own / name).write_bytes(content)
            return str(own / name)
    return keys


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
