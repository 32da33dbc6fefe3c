"""`sandbox data put`: files as they are, or as a dated snapshot."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from spark_etl.dates import parse_date
from spark_etl.printable import printable
from spark_etl.snapshots import (
    HEADERS,
    ReadOptions,
    Snapshot,
    SnapshotPlace,
    check_names,
    check_place,
    convert,
    drift_note,
    publish_snapshot,
    read_options,
    snapshot_place,
)
from spark_etl.transfer import Destination, LocalFiles, local_files, plan_upload, put_files
from spark_etl.units import format_bytes, format_count

from sandbox_cli.commands.context import Call, Json, Yes, call
from sandbox_cli.commands.progress import StageProgress, of_bytes
from sandbox_cli.errors import UsageError
from sandbox_cli.stack import data
from sandbox_cli.stack.data import DataStore

EPILOG = (
    "A folder's files go below S3. With --as-snapshot orders they become one Parquet file, "
    "S3/orders/_dt=DATE/part-00000.parquet, which S3PublishedSource reads; its columns are shown first."
)
CELL = 40
User = Annotated[
    str | None, typer.Option(metavar="NAME", help="A path without s3:// is in this user's place, scratch/users/NAME/.")
]


def put(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="A file or a folder of this machine.")],
    place: Annotated[str | None, typer.Argument(metavar="S3", help="s3://published/… or s3://scratch/users/…")] = None,
    *,
    as_snapshot: Annotated[
        str | None, typer.Option(metavar="ID", help="Make one dated Parquet snapshot of CSV, JSON or Parquet.")
    ] = None,
    day: Annotated[
        str | None, typer.Option("--date", metavar="DATE", help="The snapshot's day; default: today.")
    ] = None,
    date_col: Annotated[str, typer.Option(help="The column that the snapshot's day is.")] = "_dt",
    types: Annotated[
        list[str] | None, typer.Option("--type", metavar="COLUMN=TYPE", help="A column's type: amount=decimal(12,2).")
    ] = None,
    rename: Annotated[
        list[str] | None, typer.Option("--rename", metavar="OLD=NEW", help="A column's name in the snapshot.")
    ] = None,
    null: Annotated[list[str] | None, typer.Option(metavar="TEXT", help="A text of a CSV that is NULL: n/a.")] = None,
    delimiter: Annotated[str | None, typer.Option(metavar="CHAR", help="Between values of a CSV: ';', tab.")] = None,
    header: Annotated[
        bool | None, typer.Option("--header/--no-header", help="Whether the first line of a CSV has the names.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="Of CSV and JSON: latin-1, cp1252, utf-16.")] = "utf-8",
    decimal: Annotated[str, typer.Option(metavar="CHAR", help="The decimal mark of a CSV: `,`.")] = ".",
    date_format: Annotated[
        str | None, typer.Option(help="Of dates of a CSV: %d.%m.%Y; of times: '%d.%m.%Y %H:%M'.")
    ] = None,
    user: User = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Bring files into the store, as they are or as a dated snapshot: whole or not at all."""
    given = call(context)
    options = read_options(
        types=types or [],
        rename=rename or [],
        nulls=null or [],
        delimiter=delimiter,
        header=header,
        encoding=encoding,
        decimal=decimal,
        date_format=date_format,
    )
    if as_snapshot is None:
        _refuse_options_of_snapshots(options, day, date_col)
    else:
        check_names(as_snapshot, date_col)
    found, chosen_day = local_files(path), _day(day)
    store = data.running(given.console, given.settings, user)
    target = store.writable(place)
    _say_hidden(given, found)
    if as_snapshot is None:
        _put_as_is(given, store, found, target, overwrite=overwrite, json=json)
        return
    where = snapshot_place(target.path, as_snapshot, date_col, chosen_day)
    _put_snapshot(given, store, found, where, options, overwrite=overwrite, yes=yes, json=json)


def _day(text: str | None) -> date:
    return parse_date(text, "--date") if text else datetime.now(UTC).date()


def _refuse_options_of_snapshots(options: ReadOptions, day: str | None, date_col: str) -> None:
    """Refuses what changes nothing where files go as they are.

    Raises:
        UsageError: Names the option.
    """
    given = [
        *options.of_csv,
        *["--type"] * bool(options.types),
        *["--rename"] * bool(options.rename),
        *["--date"] * (day is not None),
        *["--date-col"] * (date_col != "_dt"),
        *["--encoding"] * (options.encoding != "utf-8"),
    ]
    if given:
        raise UsageError(
            f"{given[0]} is for a snapshot: without --as-snapshot, files go as they are.",
            hint=f"--as-snapshot orders makes one of the name orders; or leave out {given[0]}",
        )


def _say_hidden(given: Call, found: LocalFiles) -> None:
    if found.hidden:
        shown = printable(", ".join(found.hidden[:3]), one_line=True)
        more = "" if len(found.hidden) <= 3 else f" and {len(found.hidden) - 3:,} more"
        given.console.info(f"left out, as they are hidden: {shown}{more}")


def _put_as_is(
    given: Call, store: DataStore, found: LocalFiles, target: Destination, *, overwrite: bool, json: bool
) -> None:
    upload = plan_upload(found, target, store.settings, overwrite=overwrite)
    with given.console.stage("put") as stage:
        put_files(upload, store.settings, StageProgress(stage, of_bytes))
        stage.result = f"{format_count(len(upload.pairs), 'object')}, {format_bytes(upload.bytes)}"
    if json:
        written = [{"path": path, "bytes": file.size} for file, path in upload.pairs]
        given.console.json({"written": written, "bytes": upload.bytes, "snapshot": None})
    else:
        given.console.data(target.path if found.is_folder else upload.pairs[0][1])


def _put_snapshot(
    given: Call,
    store: DataStore,
    found: LocalFiles,
    where: SnapshotPlace,
    options: ReadOptions,
    *,
    overwrite: bool,
    yes: bool,
    json: bool,
) -> None:
    existing = check_place(where, store.settings, overwrite=overwrite)
    with tempfile.TemporaryDirectory(prefix="sandbox-data-") as folder:
        with given.console.stage("read") as stage:
            stage.update(f"{format_count(len(found.files), 'file')}, {format_bytes(found.bytes)}")
            progress = StageProgress(stage, lambda done, _: f"{done} %")
            made = convert(found, options, where.date_col, Path(folder), progress)
            stage.result = f"{format_count(made.rows, 'row')}, {format_bytes(made.file.size)} of Parquet"
        drift = drift_note(made, where, store.settings)
        _show(given, made, where, drift, replaced=len(existing), json=json)
        if not yes and not given.console.ask("Write it?"):
            given.console.info("nothing was written")
            raise typer.Exit(1)
        with given.console.stage("put") as stage:
            sent = StageProgress(stage, of_bytes)
            size = made.file.size
            path = publish_snapshot(
                made, where, existing, store.settings, lambda done: sent(where.schema_id, done, size)
            )
            stage.result = format_bytes(size)
    if json:
        about = {"id": where.schema_id, "date": str(where.day), "folder": where.folder, "source": where.source}
        shown = {**about, **made.to_dict(), "differs": drift, "replaced": existing}
        given.console.json({"written": [{"path": path, "bytes": size}], "bytes": size, "snapshot": shown})
        return
    given.console.data(path)
    given.console.info(f"in a feature: {where.source}")


def _show(given: Call, made: Snapshot, where: SnapshotPlace, drift: str | None, *, replaced: int, json: bool) -> None:
    """Shows what will be written: columns with types, some rows, and what to look at; in JSON it comes at the end."""
    console = given.console
    console.info(f"{where.folder}/: {format_count(made.rows, 'row')}, {format_count(len(made.columns), 'column')}")
    if not json:
        console.table([*HEADERS], made.table(), whole={"type"})
        console.table(list(made.columns), [[cell(value) for value in row] for row in made.sample_cells()])
    for note in [*made.notes, *([drift] if drift else [])]:
        console.info(f"  note: {note}")
    if replaced:
        console.info(f"  it replaces {format_count(replaced, 'object')}")


def cell(value: str) -> str:
    """Returns a value as a cell of a table, cut if it is long."""
    return value if len(value) <= CELL else f"{value[: CELL - 1]}…"
