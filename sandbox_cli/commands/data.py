"""`sandbox data put | ls | head | get | rm`."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer
from spark_etl.printable import printable
from spark_etl.storage import Entry, join
from spark_etl.transfer import HEAD_ROWS, Found, Listing, find, head, list_folder, plan_download
from spark_etl.units import format_bytes, format_count

from sandbox_cli.commands import putting
from sandbox_cli.commands.context import Json, Yes, call, confirm
from sandbox_cli.commands.progress import StageProgress, of_bytes
from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError
from sandbox_cli.stack import data
from sandbox_cli.stack.object_store import BUCKETS

app = typer.Typer(help="Data of your own in the store: put, ls, head, get, rm.", no_args_is_help=False)
Place = Annotated[str, typer.Argument(metavar="S3", help="s3://bucket/key: an object or a folder.")]
MOST_LOOKED_AT = 1_000  # objects of a folder, to find the first that is shown

app.command("put", epilog=putting.EPILOG)(putting.put)


@app.callback(invoke_without_command=True)
def overview(context: typer.Context) -> None:
    """Data of your own in the store; without a verb, list the buckets."""
    if context.invoked_subcommand is None:
        list_data(context)


@app.command("ls")
def list_data(
    context: typer.Context,
    place: Annotated[str | None, typer.Argument(metavar="[S3]", help="s3://bucket/key; none: the buckets.")] = None,
    *,
    user: putting.User = None,
    json: Json = False,
) -> None:
    """List what lies in a folder of the store."""
    given = call(context)
    store = data.running(given.console, given.settings, user)
    if place is None and not user:
        found = Listing("s3a:/", [Entry(name, is_folder=True) for name in sorted(BUCKETS)])
    else:
        found = list_folder(store.readable(place), store.settings, may_be_empty=place is None)
    if json:
        entries = [_entry(found.folder, entry) for entry in found.entries]
        given.console.json({"folder": found.folder, "entries": entries, "truncated": found.is_cut})
        return
    rows = [
        [
            f"{entry.name}{'/' if entry.is_folder else ''}",
            "" if entry.size is None else format_bytes(entry.size),
            f"{entry.modified:%Y-%m-%d %H:%M:%S}" if entry.modified else "",
        ]
        for entry in found.entries
    ]
    given.console.table(["name", "size", "written (UTC)"], rows)
    if found.is_cut:
        given.console.info(f"the first {len(found.entries):,}; name a folder further down to see its own")


def _entry(folder: str, entry: Entry) -> dict[str, object]:
    return {
        "name": entry.name,
        "path": join(folder, entry.name),
        "kind": "folder" if entry.is_folder else "object",
        "bytes": entry.size,
        "modified": entry.modified.isoformat() if entry.modified else None,
    }


@app.command("head")
def show_head(
    context: typer.Context,
    place: Place,
    *,
    number: Annotated[int, typer.Option("-n", min=1, max=10_000, help="How many rows or lines.")] = HEAD_ROWS,
    user: putting.User = None,
    json: Json = False,
) -> None:
    """Show the first rows of Parquet, or the first lines of a text such as CSV or JSON."""
    given = call(context)
    store = data.running(given.console, given.settings, user)
    found = find(store.readable(place), store.settings, most=MOST_LOOKED_AT)
    shown = head(found, number, store.settings)
    if json:
        given.console.json(shown.to_dict())
        return
    rows = "" if shown.total is None else f": {format_count(shown.total, 'row')}"
    given.console.info(f"{shown.path}{rows}")
    if shown.columns:
        given.console.table(
            [f"{name}: {kind}" for name, kind in shown.columns.items()],
            [[putting.cell(value) for value in row] for row in shown.cells()],
        )
    else:
        for line in shown.lines:
            given.console.data(line)


@app.command("get")
def get(
    context: typer.Context,
    place: Place,
    target: Annotated[str | None, typer.Argument(metavar="[PATH]", help="A file or a folder; none: here.")] = None,
    *,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    user: putting.User = None,
    json: Json = False,
) -> None:
    """Bring an object, or all objects of a folder, to this machine: whole or not at all."""
    given = call(context)
    store = data.running(given.console, given.settings, user)
    found = find(store.readable(place), store.settings)
    download = plan_download(found, target, store.settings, overwrite=overwrite)
    with given.console.stage("get") as stage:
        download.run(StageProgress(stage, of_bytes))
        stage.result = _amount(found)
    if json:
        files = [str(download.target / name) for _, name in download.pairs]
        given.console.json({"path": found.path, "target": str(download.target), "files": files, "bytes": found.bytes})
    else:
        given.console.data(str(download.target))


@app.command("rm")
def remove(
    context: typer.Context, place: Place, *, user: putting.User = None, yes: Yes = False, json: Json = False
) -> None:
    """Delete an object, or a folder with all its objects, after showing how much that is."""
    given = call(context)
    console = given.console
    store = data.running(console, given.settings, user)
    target = store.writable(place)
    if target.is_bucket:
        raise UsageError(f"{target.path} is a whole bucket.", hint=f"sandbox data ls {target.path}/")
    found = find(target, store.settings)
    data.refuse_runs_among(found)
    console.info(f"{found.path}{'/' if found.is_folder else ''}: {_amount(found)}")
    again = shlex.join(["sandbox", "data", "rm", place, *(["--user", user] if user else []), "--yes"])
    confirm(console, "Delete it? This can't be undone.", yes=yes, json=json, done="deleted", hint=again)
    data.delete(store, found)
    _deleted(console, found, json=json)


def _deleted(console: Console, found: Found, *, json: bool) -> None:
    if json:
        console.json({"path": found.path, "deleted": [item.path for item in found.objects], "bytes": found.bytes})
    else:
        console.info("deleted")


def _amount(found: Found) -> str:
    return printable(f"{format_count(len(found.objects), 'object')}, {format_bytes(found.bytes)}")
