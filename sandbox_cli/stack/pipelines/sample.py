"""The sample: a day or three of orders, and one run of the revenue pipeline with checkpoints."""

from __future__ import annotations

from sandbox_cli.console import Stage
from sandbox_cli.errors import PipelineError, StackError
from sandbox_cli.stack.pipelines import driver
from sandbox_cli.stack.session import Session

TEAM, PIPELINE = "sandbox", "revenue"
PROJECT = "/opt/spark_etl/pipelines/revenue"
START, END = "2024-02-27", "2024-02-29"
CHECKPOINTS = ("orders_clean", "orders_in_usd", "discounted_orders")
DATA = ("orders", "contracts", "discounts", "exchange_rates")
TAIL_LINES = 25
LABEL = "sandbox.sample"
OPTIONS = ("--label", f"{LABEL}=1")


def stop_leftovers(session: Session) -> None:
    """Stops drivers that a killed `up` has left running: they would publish beside what this one publishes."""
    driver.stop_leftovers(session, LABEL)


def has_data(session: Session) -> bool:
    """Returns whether the last day of every snapshot is published."""
    client = session.store.client("runner")
    return all(
        any(True for _ in client.list_objects(bucket_name="published", prefix=f"{name}/_dt={END}/_SUCCESS"))
        for name in DATA
    )


def publish_data(session: Session) -> None:
    """Publishes the sample data; snapshots that are there stay as they are.

    Raises:
        StackError: The generator failed.
    """
    command = ["python", "-m", "pipelines.revenue.generate", "--start-date", START, "--end-date", END]
    result = driver.run(session, [*command, "--to", "s3a://published/"], options=OPTIONS, quiet=True)
    if result.exit_code:
        raise StackError(f"The sample data could not be published:\n{_tail(result.out)}", hint="sandbox doctor")


def succeeded(session: Session) -> str | None:
    """Returns the id of the latest sample run that succeeded, None if there is none."""
    found = session.runs.list(team=TEAM, pipeline=PIPELINE, status="succeeded", own=False)
    return found[0].id if found else None


def run(session: Session, stage: Stage) -> None:
    """Runs the revenue pipeline once on the cluster.

    Raises:
        PipelineError: It failed.
    """
    stop_leftovers(session)  # one that was just being started when `up` first looked
    stage.update(f"running the {PIPELINE} pipeline with --checkpoint {', '.join(CHECKPOINTS)}")
    result = driver.run(
        session,
        [
            *("python", "/opt/spark_etl/spark_etl_runner.py"),
            *("--team-name", TEAM),
            *("--feature-config", f"{PROJECT}/feature_config.yaml"),
            *("--publish-path", "s3a://published/", "--scratch-path", "s3a://scratch/"),
            *("--start-date", START, "--end-date", END),
            *("--checkpoint", *CHECKPOINTS),
        ],
        options=OPTIONS,
        quiet=True,
    )
    if result.exit_code:
        raise PipelineError(f"The sample run failed:\n{_tail(result.out)}", hint="sandbox runs show latest")


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-TAIL_LINES:])
