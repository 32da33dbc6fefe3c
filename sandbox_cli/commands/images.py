"""`sandbox images ls | key | save | load | prune`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from spark_etl.names import listing
from spark_etl.units import format_bytes, format_count

from sandbox_cli.commands.context import Json, Yes, call, confirm
from sandbox_cli.commands.progress import StageProgress, of_bytes
from sandbox_cli.console import Stage
from sandbox_cli.stack import image_listing
from sandbox_cli.stack.engine import connection
from sandbox_cli.stack.images import inventory, transfer

EPILOG = "Exit codes: 0 done, 1 the answer is no, 2 wrong usage or a damaged file, 3 no engine, 130 interrupted."
app = typer.Typer(help="The sandbox's images: list, keep in a file, load, prune.", no_args_is_help=False, epilog=EPILOG)
File = Annotated[Path, typer.Argument(metavar="FILE", help="A .tar, .tar.gz or .tar.zst.")]


@app.callback(invoke_without_command=True)
def overview(context: typer.Context) -> None:
    """The sandbox's images; without a verb, list them."""
    if context.invoked_subcommand is None:
        list_images(context)


@app.command("ls")
def list_images(context: typer.Context, *, json: Json = False) -> None:
    """List the images, and which of them this checkout needs."""
    given = call(context)
    found = image_listing.list_images(connection.connect(given.console, given.settings), given.settings)
    if json:
        given.console.json([image.to_dict() for image in found])
        return
    rows = [
        [image.ref, image.state, format_bytes(image.bytes) if image.bytes else "", image.built, ", ".join(image.stacks)]
        for image in found
    ]
    given.console.table(["image", "state", "size", "built", "stacks"], rows)


@app.command("key")
def key(context: typer.Context, *, json: Json = False) -> None:
    """Print what changes exactly when an image does: the key of a CI's cache. It needs no engine."""
    given = call(context)
    found = transfer.key(given.settings)
    if json:
        given.console.json({"key": found, "images": inventory.current_refs(given.settings)})
    else:
        given.console.data(found)


@app.command("save")
def save(context: typer.Context, file: File, *, json: Json = False) -> None:
    """Write all images that this checkout needs into one file, compressed as its name says."""
    given = call(context)
    engine = connection.connect(given.console, given.settings)
    with given.console.stage("save") as stage:
        found = transfer.save_images(engine, given.settings, file, _progress(stage, "images"))
        stage.result = f"{format_count(len(found.images), 'image')}, {format_bytes(found.bytes)}: {found.file}"
    if json:
        given.console.json(found.to_dict())


@app.command("load")
def load(context: typer.Context, file: File, *, json: Json = False) -> None:
    """Load the images of such a file, after checking that they are those of this checkout."""
    given = call(context)
    engine = connection.connect(given.console, given.settings)
    with given.console.stage("load") as stage:
        found = transfer.load_images(
            engine,
            given.settings,
            file,
            on_read=_progress(stage, "checking"),
            on_load=_progress(stage, "loading"),
            on_unpack=lambda: stage.update("the engine unpacks them"),
        )
        stage.result = f"{len(found.loaded)} loaded, {len(found.current)} there already"
    if json:
        given.console.json(found.to_dict())
        return
    if found.stale:
        given.console.info(f"of another state of the checkout, so not kept: {listing(found.stale)}")
    if found.missing:
        given.console.info(f"missing: {listing(found.missing)}; `sandbox up` builds them")


@app.command("prune")
def prune(context: typer.Context, *, yes: Yes = False, json: Json = False) -> None:
    """Remove images of earlier states of a checkout, after listing them and asking.

    Those stay that this checkout needs, that a stack was last started from, or that a container is made of.
    """
    given = call(context)
    console = given.console
    engine = connection.connect(console, given.settings)
    found = image_listing.prunable(image_listing.list_images(engine, given.settings))
    if found:
        for image in found:
            console.info(f"  {image.ref}  {format_bytes(image.bytes)}  {image.built}")
        console.info("Images share layers, so less is freed than their sizes add up to. Another checkout may need them")
        question = f"Remove {format_count(len(found), 'image')}?"
        confirm(console, question, yes=yes, json=json, done="removed", hint="sandbox images prune --yes")
    with console.stage("prune") as stage:
        done = image_listing.prune(engine, [image.ref for image in found])
        stage.result = f"{format_count(len(done.removed), 'image')} removed, {format_bytes(done.bytes)} freed"
    if json:
        console.json(done.to_dict())
    elif done.in_use:
        console.info(f"in use by a container: {listing(done.in_use)}")


def _progress(stage: Stage, what: str) -> Callable[[int, int], None]:
    shown = StageProgress(stage, of_bytes)
    return lambda done, total: shown(what, done, total)
