"""The runner as a process of its own: the printed command line, and what ends it early."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from spark_etl.errors import CheckpointError
from spark_etl.reading import Runs

from tests.spark.support import RUNNER, Pipeline

CHAIN = """
class Feature1(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, **kwargs):
        return kwargs["orders"].where(F.col("_dt") == F.lit(start_date))

class Feature2(SparkFeature):
    def __init__(self):
        self.sources = {"feature1": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, **kwargs):
        return kwargs["feature1"].withColumn("u", F.udf(str.upper)("customer"))

class Feature3(SparkFeature):
    def __init__(self):
        self.sources = {"feature2": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, **kwargs):
        return kwargs["feature2"].groupBy("u").count()
"""
PRINTED = """
    spark-submit {runner} \
      --team-name my_team --notify-email my_email@example.com \
      --feature-config feature_config.yaml \
      --publish-path {publish}/ --scratch-path {scratch}/ \
      --start-date 2024-02-29 --end-date 2024-02-29 \
      --checkpoint feature1, feature2, feature3
"""
SLOW = """
import time

def slowly(x):
    time.sleep(1)
    return x

class Slow(SparkFeature):
    def __init__(self):
        self.sources = {}
    def transform(self, spark, start_date, end_date):
        return spark.range(100, numPartitions=100).withColumn("x", F.udf(slowly, "long")("id"))
"""


def submit_command() -> str:
    beside = Path(sys.executable).with_name("spark-submit")
    return str(beside) if beside.exists() else str(shutil.which("spark-submit"))


def test_the_printed_command_line_works_as_it_stands(
    pipeline: Pipeline, orders: str, environment: dict[str, str]
) -> None:
    pipeline.write(orders + CHAIN, {"feature3": "feature3"})
    line = PRINTED.format(runner=RUNNER, publish=pipeline.publish, scratch=pipeline.scratch)
    argv = [submit_command(), *shlex.split(line)[1:], "--json"]
    done = subprocess.run(
        argv, cwd=pipeline.project, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    run = pipeline.runs.latest("revenue", team="my_team")
    assert run.checkpoints == ["feature1", "feature2", "feature3"]
    assert run["feature3"].pandas()["count"].sum() == 100
    assert len(pipeline.output("feature3")) == 7
    summary = json.loads(done.stdout.splitlines()[-1])  # spark-submit puts what Python writes to stderr there, too
    assert (summary["run_id"], summary["status"]) == (run.id, "succeeded")


def test_exit_codes_come_through_spark_submit(pipeline: Pipeline, orders: str, environment: dict[str, str]) -> None:
    pipeline.write(orders)
    argv = [submit_command(), str(RUNNER), *pipeline.argv("--checkpoint", "nope")]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "unknown feature `nope`" in done.stdout


def poll(what: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)


class Slow:
    """A slow pipeline in a process group of its own, begun to write."""

    def __init__(self, pipeline: Pipeline, environment: dict[str, str], *command: str) -> None:
        pipeline.write(SLOW)
        self.pipeline = pipeline
        argv = [*command, str(RUNNER), *pipeline.argv("--checkpoint", "slow")]
        self.process = subprocess.Popen(
            argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        poll(lambda: any(pipeline.scratch.rglob("slow/_temporary/**/*.parquet")))

    def status(self) -> str:
        return self.pipeline.runs.latest().status

    def end(self) -> str:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.communicate(timeout=30)[0]


def test_a_killed_write_leaves_nothing_that_reads_as_a_checkpoint(
    pipeline: Pipeline, environment: dict[str, str]
) -> None:
    Slow(pipeline, environment, sys.executable).end()
    assert not list(pipeline.scratch.rglob("_manifest.json"))
    with pytest.raises(CheckpointError, match="is not written yet"):
        pipeline.runs.latest()["slow"]
    (beat,) = pipeline.scratch.rglob("_heartbeat.json")
    assert pipeline.runs.latest().status == "running", "its last beat is fresh"
    beat.write_text(json.dumps({**json.loads(beat.read_text()), "at": "2024-02-29T00:00:00+00:00"}))
    assert pipeline.runs.latest().status == "died"
    assert [run.id for run in pipeline.runs.list(status="died")] == [pipeline.runs.latest().id]


def test_a_local_run_needs_nothing_but_pyspark(
    pipeline: Pipeline, orders: str, environment: dict[str, str], tmp_path: Path
) -> None:
    pipeline.write(orders + CHAIN, {"feature3": "feature3"})
    seat = tmp_path / "plane"
    seat.mkdir()
    line = ["run", "--local", "--team-name", "me", "--feature-config", str(pipeline.config)]
    dates = ["--start-date", "2024-02-29", "--end-date", "2024-02-29", "--checkpoint", "feature1"]
    ended = subprocess.run(
        [sys.executable, "-m", "spark_etl", *line, *dates],
        env={**environment, "SPARK_CONF_DIR": str(seat)},
        cwd=seat,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    run = Runs(str(seat / ".spark-etl" / "scratch")).latest("revenue")
    assert (run.status, run["feature1"].rows) == ("succeeded", 100)
    assert run.content["spark"]["master"].startswith("local")
    assert list((seat / ".spark-etl" / "published" / "feature3").glob("*.parquet"))


@pytest.mark.parametrize(
    ("command", "number"),
    [([sys.executable], signal.SIGINT), ([submit_command()], signal.SIGTERM)],
    ids=["python", "spark-submit"],
)
def test_a_signal_ends_the_run_as_interrupted(
    pipeline: Pipeline, environment: dict[str, str], command: list[str], number: signal.Signals
) -> None:
    slow = Slow(pipeline, environment, *command)
    slow.process.send_signal(number)
    code = slow.process.wait(timeout=60)
    shown = slow.end()
    assert slow.status() == "interrupted", shown
    assert pipeline.runs.latest().features["slow"].state == "interrupted"
    assert code in {130, 128 + number, -number}
    assert "Traceback" not in shown, shown
    assert not list(pipeline.scratch.rglob("_manifest.json"))
