"""`up`: its stages. Each finds out what is there already, so any of them may have been interrupted before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from minio.error import S3Error
from spark_etl.units import format_duration
from urllib3.exceptions import HTTPError

from sandbox_cli.console import Console, Stage
from sandbox_cli.errors import StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import health, lock, object_store, ports, secrets, services, variables
from sandbox_cli.stack.compose import Compose
from sandbox_cli.stack.doctor import smoke_test
from sandbox_cli.stack.engine import capacity, connection
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.hub import accounts, authentication, user_servers
from sandbox_cli.stack.images import inventory
from sandbox_cli.stack.pipelines import sample
from sandbox_cli.stack.session import Session

EARLY_SECONDS = 90


def up(console: Console, settings: Settings, *, with_sample: bool = True, with_proof: bool = True) -> dict[str, Any]:
    """Brings the stack up and proves it; returns the report that `--json` prints.

    Raises:
        UsageError: hub-auth.yaml can't be right, or secrets can be read by others.
        EngineError: There is no engine, and none may be installed.
        StackError: A build failed, or a service did not become healthy.
        PipelineError: The sample run failed.
    """
    secrets.load(settings)  # a file that others can read is refused before anything is touched
    entry = authentication.load(settings)
    with lock.hold(console, settings, "up"):
        found, built = prepare(console, settings)
        session = _stack(console, settings, found, built, entry)
        _provision(console, session, with_data=with_sample)
        ran = _sample(console, session) if with_sample else None
        seen = _proof(console, session, with_checkpoint=ran is not None) if with_proof else None
    return {
        "stack": settings.stack,
        "stages": [{"name": name, "seconds": round(seconds, 3)} for name, seconds in console.timings.items()],
        "images": {
            name: {"ref": image.ref, "built": image.built, "bytes": image.size} for name, image in built.items()
        },
        "links": session.links(),
        "account": accounts.TO_USE if entry.native else None,
        "authenticator": entry.authenticator,
        "run": ran,
        "proof": seen,
    }


def prepare(console: Console, settings: Settings) -> tuple[Engine, dict[str, inventory.Image]]:
    """Returns the engine, found, started or installed, and the images by name, built if they were missing.

    Raises:
        EngineError: There is no engine, and none may be installed.
        StackError: There is no space, or a build failed.
    """
    found = _engine(console, settings)
    return found, _images(console, settings, found)


def _engine(console: Console, settings: Settings) -> Engine:
    with console.stage("engine", live=False) as stage:
        found = connection.ensure(console, settings)
        stage.result = found.description
    has = capacity.look(found)
    capacity.require_disk(has, to_build=bool(inventory.missing(found, settings)))
    if warning := capacity.memory_warning(has):
        console.warn(warning)
    return found


def _images(console: Console, settings: Settings, found: Engine) -> dict[str, inventory.Image]:
    """The base image is of use for building only: while all others are there, it need not be."""
    with console.stage("base") as stage:
        if inventory.missing(found, settings):
            inventory.ensure_images(found, settings, stage, ["base"])
        else:
            stage.result = "not needed: all images are there"
    with console.stage("images") as stage:
        return inventory.ensure_images(found, settings, stage)


def _stack(
    console: Console,
    settings: Settings,
    found: Engine,
    built: Mapping[str, inventory.Image],
    entry: authentication.SignIn,
) -> Session:
    """Starts everything, and waits for the two that provisioning needs."""
    with console.stage("stack") as stage:
        authentication.check(found, settings, entry, built["hub"].ref)
        kept = secrets.load_or_create(settings) | entry.secret
        chosen = ports.choose(console, settings, ours=services.published(found, settings))
        values = variables.of(found, settings, chosen, built)
        stage.update("secrets")
        secrets.install(found, settings, kept, built["minio"].ref)
        variables.remember(settings, values)
        stage.update("starting containers")
        Compose(found, settings, values).up()
        session = Session(found, settings)
        _wait_for_minio(session, stage)
        stage.result = f"{len(services.expected(settings))} services, {values['SANDBOX_WORKERS']} workers"
    return session


def _wait_for_minio(session: Session, stage: Stage) -> None:
    stage.update("waiting for minio")
    port = session.ports["s3"]
    if not health.poll(lambda: object_store.answers(port), seconds=EARLY_SECONDS, every=0.1):
        told = health.testimony(session.engine, session.settings, ["minio"], EARLY_SECONDS)
        raise StackError(f"MinIO does not answer at 127.0.0.1:{port}. {told}", hint="sandbox logs minio")


def _provision(console: Console, session: Session, *, with_data: bool) -> None:
    """Buckets first, since Spark waits for them; then what can be done while it starts; then all must be healthy."""
    settings, wanted = session.settings, services.expected(session.settings)
    with console.stage("provision") as stage, ThreadPoolExecutor(1) as pool:
        sample.end_left_over(session)
        done = [*_buckets(session), *_identities(session)]
        data = None if not with_data or sample.has_data(session) else pool.submit(sample.publish_data, session)
        health.wait_ready(session.engine, settings, stage, ["hub"])
        done += [f"server of {name} ended" for name in user_servers.end_those_elsewhere(session)]
        done += [f"account {name}" for name in accounts.ensure_first(settings, session.hub)]
        if data:
            stage.update("publishing sample data")
            data.result()
            done.append("sample data")
        health.wait_ready(session.engine, settings, stage, wanted)
        stage.result = ", ".join(done) or "all there"


def _buckets(session: Session) -> list[str]:
    try:
        if not session.store.accepts_root():
            raise StackError(
                "MinIO does not accept the root password of "
                f"{session.settings.state_dir / secrets.FILE}: its container was started with another one.",
                hint="sandbox down, then sandbox up; nothing in its volume is lost. Or start over: sandbox reset",
            )
        return [f"bucket {name}" for name in session.store.make_buckets()]
    except (S3Error, HTTPError) as error:
        raise StackError(f"MinIO can't be provisioned: {error}", hint="sandbox logs minio") from None


def _identities(session: Session) -> list[str]:
    made = [f"identity {key}" for key in object_store.SERVICES if session.store.ensure_identity(key)]
    gone = [f"no identity {key}" for key in object_store.FORMER if session.store.remove_identity(key)]
    return made + gone


def _sample(console: Console, session: Session) -> str:
    """Runs the sample pipeline if it never succeeded; returns the run's id."""
    with console.stage("sample") as stage:
        there = sample.succeeded(session)
        if there is None:
            sample.run(session, stage)
        run_id = there or sample.succeeded(session)
        if run_id is None:
            raise StackError("The sample run ended well, but is not in the scratch bucket.", hint="sandbox runs list")
        stage.result = f"{run_id} is there" if there else f"{run_id}, checkpoints {', '.join(sample.CHECKPOINTS)}"
        return run_id


def _proof(console: Console, session: Session, *, with_checkpoint: bool) -> dict[str, Any] | None:
    with console.stage("proof") as stage:
        if at := smoke_test.still_holds(session):
            stage.result = f"proven {format_duration(time.time() - at)} ago, nothing was restarted since"
            return None
        seen = smoke_test.prove(session, stage, with_checkpoint=with_checkpoint)
        stage.result = smoke_test.told(seen)
        return seen
