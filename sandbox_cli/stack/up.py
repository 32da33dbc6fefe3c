"""`up`: its stages. Each finds out what is there already, so any of them may have been interrupted before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from minio.error import S3Error
from spark_etl.units import format_count, format_duration
from urllib3.exceptions import HTTPError

from sandbox_cli.console import Console, Stage
from sandbox_cli.errors import StackError
from sandbox_cli.settings import PARTS, Settings
from sandbox_cli.stack import disk, health, lock, object_store, ports, secrets, services, variables
from sandbox_cli.stack.compose import Compose
from sandbox_cli.stack.doctor import smoke_test
from sandbox_cli.stack.engine import capacity, connection
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.hub import accounts, authentication, user_servers
from sandbox_cli.stack.images import inventory
from sandbox_cli.stack.pipelines import sample
from sandbox_cli.stack.private.place import remove_leftovers
from sandbox_cli.stack.session import Session

EARLY_SECONDS = 90


def up(
    console: Console, settings: Settings, *, with_sample: bool = True, with_smoke_test: bool = True
) -> dict[str, Any]:
    """Brings the stack up and tests that it works; returns the report that `--json` prints.

    Raises:
        UsageError: hub-auth.yaml can't be right, or secrets can be read by others.
        EngineError: There is no engine, and none may be installed.
        StackError: A build failed, or a service did not become healthy.
        PipelineError: The sample run failed.
    """
    secrets.load(settings)  # a file that others can read is refused before anything is touched
    sign_in = authentication.load(settings)
    with lock.stack_lock(console, settings, "up"):
        engine, images = prepare(console, settings)
        session = _stack(console, settings, engine, images, sign_in)
        if warning := disk.warning(session):
            console.warn(warning)
        _provision(console, session, with_data=with_sample)
        run_id = _sample(console, session) if with_sample else None
        if with_smoke_test and _is_partial(settings):
            console.info("no smoke test: it needs a user's server and Spark Connect, and part of that is left out")
            with_smoke_test = False
        tested = _smoke_test(console, session, with_checkpoint=run_id is not None) if with_smoke_test else None
    return {
        "stack": settings.stack,
        "stages": [{"name": name, "seconds": round(seconds, 3)} for name, seconds in console.timings.items()],
        "images": {
            name: {"ref": image.ref, "built": image.built, "bytes": image.size} for name, image in images.items()
        },
        "links": session.links(),
        "account": accounts.DEFAULT_USER if sign_in.native and "hub" not in settings.without else None,
        "authenticator": sign_in.authenticator,
        "run": run_id,
        "smoke_test": tested,
    }


def _is_partial(settings: Settings) -> bool:
    return not set(PARTS).isdisjoint(settings.without)


def prepare(console: Console, settings: Settings) -> tuple[Engine, dict[str, inventory.Image]]:
    """Returns the engine, found, started or installed, and the images by name, built if they were missing.

    Raises:
        EngineError: There is no engine, and none may be installed.
        StackError: There is no space, or a build failed.
    """
    engine = _engine(console, settings)
    return engine, _images(console, settings, engine)


def _engine(console: Console, settings: Settings) -> Engine:
    with console.stage("engine", live=False) as stage:
        engine = connection.ensure(console, settings)
        stage.result = engine.description
    available = capacity.measure(engine)
    capacity.require_disk(available, to_build=bool(inventory.missing(engine, settings)))
    if warning := capacity.memory_warning(available):
        console.warn(warning)
    return engine


def _images(console: Console, settings: Settings, engine: Engine) -> dict[str, inventory.Image]:
    """The base image is needed for building only: while all others exist, it may be missing."""
    with console.stage("base") as stage:
        if inventory.missing(engine, settings):
            inventory.ensure_images(engine, settings, stage, ["base"])
        else:
            stage.result = "not needed: all images exist"
    with console.stage("images") as stage:
        return inventory.ensure_images(engine, settings, stage)


def _stack(
    console: Console,
    settings: Settings,
    engine: Engine,
    images: Mapping[str, inventory.Image],
    sign_in: authentication.SignIn,
) -> Session:
    """Starts everything, and waits for MinIO, which provisioning needs first."""
    with console.stage("stack") as stage:
        authentication.check(engine, settings, sign_in, images["hub"].ref)
        secret_values = secrets.load_or_create(settings) | sign_in.secret
        chosen = ports.choose(console, settings, published=services.published(engine, settings))
        values = variables.of(engine, settings, chosen, images)
        stage.update("secrets")
        secrets.install(engine, settings, secret_values, images["minio"].ref)
        variables.remember(settings, values)
        stage.update("starting containers")
        services.remove_unstarted(engine, settings)
        remove_leftovers(engine, settings)
        services.remove_left_out(engine, settings)
        Compose(engine, settings, values).up(services.expected(settings) if _is_partial(settings) else ())
        session = Session(engine, settings)
        _wait_for_minio(session, stage)
        stage.result = (
            f"{len(services.expected(settings))} services, {format_count(int(values['SANDBOX_WORKERS']), 'worker')}"
        )
    return session


def _wait_for_minio(session: Session, stage: Stage) -> None:
    stage.update("waiting for minio")
    port = session.ports["s3"]
    if not health.poll(lambda: object_store.answers(port), seconds=EARLY_SECONDS, every=0.1):
        found = health.diagnostics(session.engine, session.settings, ["minio"], EARLY_SECONDS)
        raise StackError(f"MinIO does not answer at 127.0.0.1:{port}. {found}", hint="sandbox logs minio")


def _provision(console: Console, session: Session, *, with_data: bool) -> None:
    """Buckets first, since Spark waits for them; then what can be done while it starts; then all must be healthy."""
    settings, expected = session.settings, services.expected(session.settings)
    with_hub = "hub" not in settings.without
    with console.stage("provision") as stage, ThreadPoolExecutor(1) as pool:
        sample.stop_leftovers(session)
        done = [*_buckets(session), *_s3_users(session)]
        data = None if not with_data or sample.has_data(session) else pool.submit(sample.publish_data, session)
        if with_hub:
            done += _accounts(session, stage)
        if data:
            stage.update("publishing sample data")
            data.result()
            done.append("sample data")
        health.wait_ready(session.engine, settings, stage, expected)
        stage.result = ", ".join(done) or "nothing to do"
    former = user_servers.with_former_secrets(session) if with_hub else []
    if former:
        console.warn(
            f"The secrets are new. These servers still have the old ones, so Spark refuses them: {', '.join(former)}. "
            "The hub stops each when it has been idle for 15 minutes; its home page tells their users to restart them "
            "sooner"
        )


def _accounts(session: Session, stage: Stage) -> list[str]:
    """Waits for the hub and makes its first accounts; returns what was done."""
    health.wait_ready(session.engine, session.settings, stage, ["hub"])
    done = [f"server of {name} ended" for name in user_servers.end_servers_elsewhere(session)]
    return done + [f"account {name}" for name in accounts.ensure_first(session.settings, session.hub)]


def _buckets(session: Session) -> list[str]:
    try:
        if not session.store.accepts_root():
            raise StackError(
                "MinIO does not accept the root password of "
                f"{session.settings.state_dir / secrets.FILE}: its container was started with another one.",
                hint="sandbox down && sandbox up\nNothing in its volume is lost.",
            )
        return [f"bucket {name}" for name in session.store.make_buckets()]
    except (S3Error, HTTPError) as error:
        raise StackError(f"MinIO can't be provisioned: {error}", hint="sandbox logs minio") from None


def _s3_users(session: Session) -> list[str]:
    made = [f"S3 user {key}" for key in object_store.SERVICES if session.store.ensure_s3_user(key)]
    removed = [f"S3 user {key} removed" for key in object_store.FORMER if session.store.remove_s3_user(key)]
    return made + removed


def _sample(console: Console, session: Session) -> str:
    """Runs the sample pipeline if it never succeeded; returns the run's id."""
    with console.stage("sample") as stage:
        earlier = sample.succeeded(session)
        if earlier is None:
            sample.run(session, stage)
        run_id = earlier or sample.succeeded(session)
        if run_id is None:
            raise StackError("The sample run succeeded, but is not in the scratch bucket.", hint="sandbox runs list")
        stage.result = f"{run_id} exists" if earlier else f"{run_id}, checkpoints {', '.join(sample.CHECKPOINTS)}"
        return run_id


def _smoke_test(console: Console, session: Session, *, with_checkpoint: bool) -> dict[str, Any] | None:
    with console.stage("smoke test") as stage:
        if at := smoke_test.passed_at(session):
            stage.result = f"passed {format_duration(time.time() - at)} ago, nothing was restarted since"
            return None
        result = smoke_test.run_smoke_test(session, stage, with_checkpoint=with_checkpoint)
        stage.result = smoke_test.format_result(result)
        return result
