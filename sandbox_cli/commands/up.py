"""`sandbox up`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sandbox_cli.commands.context import Json, Yes, call
from sandbox_cli.console import Console
from sandbox_cli.settings import Settings, checked_extras, checked_subdomains
from sandbox_cli.stack import variables
from sandbox_cli.stack.hub import accounts
from sandbox_cli.stack.up import up as bring_up


def up(
    context: typer.Context,
    *,
    workers: Annotated[
        int | None, typer.Option(min=1, max=variables.MOST_WORKERS, help="Spark workers; default: as last time, or 2.")
    ] = None,
    without: Annotated[str, typer.Option(help="Leave out: history,mail; also connect and hub, for tests.")] = "",
    hub_port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the hub on 127.0.0.1.")] = None,
    s3_port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the S3 API on 127.0.0.1.")] = None,
    subdomains: Annotated[
        bool | None,
        typer.Option(
            "--subdomains/--no-subdomains", help="Each user at an address of their own; default: as last time."
        ),
    ] = None,
    subdomains_of: Annotated[
        str | None, typer.Option(metavar="URL", help="As --subdomains, below your proxy's https:// address.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never use the network.")] = False,
    no_sample: Annotated[bool, typer.Option("--no-sample", help="Don't run the sample pipeline.")] = False,
    no_smoke_test: Annotated[
        bool, typer.Option("--no-smoke-test", help="Don't test it through a user's server.")
    ] = False,
    no_proof: Annotated[bool, typer.Option("--no-proof", hidden=True, help="Former name of --no-smoke-test.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Refuse instead of waiting for another `up`.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Start everything, run the sample pipeline once, test that it works."""
    given = call(context)
    requested_ports = {name: port for name, port in (("hub", hub_port), ("s3", s3_port)) if port}
    settings = given.with_settings(
        workers=workers,
        without=checked_extras(without),
        subdomains=checked_subdomains(subdomains, subdomains_of),
        offline=offline,
        assume_yes=yes,
        requested_ports=requested_ports,
        wait_for_lock=not no_wait,
    )
    with_smoke_test = not (no_smoke_test or no_proof)
    report = bring_up(given.console, settings, with_sample=not no_sample, with_smoke_test=with_smoke_test)
    if json:
        given.console.json(report)
    else:
        _end(given.console, settings, report)


def _end(console: Console, settings: Settings, report: dict[str, Any]) -> None:
    links: dict[str, str] = report["links"]
    console.data("")
    for name, link in links.items():
        console.data(f"  {name:<8} {link}")
    console.data("")
    account = report["account"]
    if "hub" not in links:
        console.data(f"  next: {settings.program} run CONFIG --start-date … --end-date …")
        return
    if account is None:
        console.data(f"  log in through `{report['authenticator']}`, as hub-auth.yaml says")
    elif console.plain:
        console.data(f"  log in as `{account}`; the password: {settings.program} users show {account}")
    else:
        console.data(f"  log in as   {account}   {accounts.remembered(settings)[account]['password']}")
    console.data(f"  next: log in, and find the bug of lesson 1: {links['hub']}hub/user-redirect/sandbox/learn")
