"""What `spark-etl plan` says, as far as it needs no Spark: all of it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass

import pytest
from spark_etl.command_line import parse
from spark_etl.commands.plan import plan_command, plan_diagram
from spark_etl.drawing import Node
from spark_etl.errors import ArgumentError, ConfigError, PublishRefusedError
from spark_etl.runner.plan import Plan

from tests.support.sandbox import ROOT
from tests.unit.spark_etl.runner.conftest import PUBLISH, Line
from tests.unit.spark_etl.runner.resume.test_decide import CHAIN, Bench


@dataclass(frozen=True)
class Planned:
    action: str
    reason: str


def printed(argv: list[str]) -> str:
    """Returns what `spark-etl plan` prints."""
    return plan_command(parse(["plan", *argv]))


def few(line: Line, *more: str) -> list[str]:
    """Returns the options a plan can't do without."""
    return ["--feature-config", str(line.project.config), "--publish-path", str(line.published), *more]


def nodes(plan: Plan, actions: dict[str, Planned] | None = None) -> dict[str, Node]:
    return {node.alias: node for node in plan_diagram(plan, actions).nodes}


def test_each_feature_is_reported_with_why(line: Line) -> None:
    planned = nodes(line.plan("--checkpoint", "orders"))
    assert {alias: (node.state, list(node.marks), node.reason) for alias, node in planned.items()} == {
        "orders": ("run", ["checkpoint"], "kept by --checkpoint; needed by net"),
        "net": ("run", ["publish"], f"published to file://{line.published}/out/net"),
        "other": ("skip", [], "not needed"),
    }


def test_what_may_be_replaced_is_said(line: Line) -> None:
    line.project.configure(line.features, "publish: {s3: [{net: {path: out/net, overwrite: True}}]}")
    assert nodes(line.plan())["net"].reason.endswith("/out/net, replacing what is there")


def test_a_decision_comes_before_what_a_feature_is_needed_for(line: Line) -> None:
    actions = {
        "orders": Planned("skip", "net is reused"),
        "net": Planned("reuse", "reused from run 7f3a2c"),
        "other": Planned("run", "recomputed because its code has changed"),
    }
    planned = nodes(line.plan("--checkpoint", "other"), actions)
    assert {alias: node.state for alias, node in planned.items()} == {"orders": "skip", "net": "reuse", "other": "run"}
    assert planned["net"].reason.startswith("reused from run 7f3a2c; published to")
    assert planned["other"].reason == "recomputed because its code has changed; kept by --checkpoint"
    assert planned["orders"].reason == "net is reused; needed by other"


def test_a_feature_is_not_needed_by_one_that_is_reused(line: Line) -> None:
    planned = nodes(line.plan(), {"net": Planned("reuse", "reused"), "orders": Planned("skip", "not needed")})
    assert planned["orders"].reason == "not needed"


def test_a_plan_needs_no_team_dates_or_scratch(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDBOX_SCRATCH", raising=False)
    shown = printed(few(line))
    assert shown.startswith("plan of revenue: 3 features, 2 run, 1 skip")
    assert printed(line.argv()) == shown


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--start-date", "2024-02-30"], "--start-date '2024-02-30' is not a date"),
        (["--end-date=2024-02-30"], "--(start|end)-date '2024-02-30' is not a date"),
        (["--start-date=2024-02-29", "--end-date", "2024-02-01"], "is before --start-date"),
        (["--checkpoint", "nett"], r"Did you mean `net`\?"),
        (["--bogus"], "unknown argument --bogus"),
        (["--format", "png"], "invalid choice: 'png'"),
    ],
)
def test_what_a_run_would_refuse_a_plan_refuses(line: Line, more: list[str], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        printed(few(line, *more))


REFUSING = """
    import os, sys
    from spark_etl import Source
    class Own(Source):
        def inputs(self, dates): return []
        def read(self, spark, dates): pass
        def __repr__(self): {}
    class Feature(SparkFeature):
        def __init__(self):
            self.sources = {{"raw": Own()}}
"""


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("import os\nclass Feature(SparkFeature): pass\nos._exit(0)", "feature `net`: importing .*it ends the program"),
        (REFUSING.format("sys.exit(0)"), "feature `net`: source `raw`: its repr\\(\\): it ends the program"),
        (REFUSING.format("1 / 0"), "feature `net`: source `raw`: its repr\\(\\): ZeroDivisionError"),
    ],
)
def test_a_project_that_ends_the_program_ends_no_plan(line: Line, module: str, message: str) -> None:
    line.project.write("leaving", module)
    line.project.configure({"net": f"{line.project.package}.leaving.Feature"}, PUBLISH)
    with pytest.raises(ConfigError, match=message):
        printed(few(line))


def test_an_end_date_alone_is_the_start_too(line: Line) -> None:
    assert printed(few(line, "--end-date", "2024-02-01"))
    assert printed(few(line, "--start-date=2999-02-01"))


def test_resuming_needs_what_a_run_needs(line: Line) -> None:
    with pytest.raises(ArgumentError, match="are required: --team-name, --start-date, --end-date"):
        printed(few(line, "--resume", "latest"))


def test_a_plan_of_a_resumed_run_shows_what_it_reuses(line: Line) -> None:
    bench = Bench(line)
    bench.shape(CHAIN)
    run = bench.ran("clean", "net")
    bench.edit("helper_net", "1", "2")
    shown = printed(line.argv("--resume", run, "--checkpoint", "report", "--format", "json"))
    features = json.loads(shown)["features"]
    planned = {alias: (feature["action"], feature["reason"]) for alias, feature in features.items()}
    assert planned["orders"] == ("skip", "what reads it is reused")
    assert planned["clean"] == ("reuse", f"as in run {run}; needed by net")
    assert planned["net"][0] == "run"
    assert "helper_net" in planned["net"][1]
    assert planned["report"] == ("run", f"run {run} had no such feature; kept by --checkpoint")


def test_an_output_that_is_there_already_is_refused(line: Line) -> None:
    (line.published / "out" / "net").mkdir(parents=True)
    (line.published / "out" / "net" / "part-0.parquet").write_bytes(b"old")
    with pytest.raises(PublishRefusedError, match="already published"):
        printed(few(line))


def test_nothing_is_written_and_spark_is_not_even_imported(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    printed(few(line))
    assert not line.scratch.exists()
    assert not line.published.exists()


@pytest.mark.parametrize(
    ("form", "start"), [("text", "plan of revenue: "), ("mermaid", "flowchart TD\n"), ("svg", "<svg "), ("json", "{\n")]
)
def test_a_plan_comes_in_several_forms(line: Line, form: str, start: str) -> None:
    shown = printed(few(line, "--format", form))
    assert shown.startswith(start)
    assert all(alias in shown for alias in ("orders", "net", "other"))


def test_json_tells_all_of_it(line: Line) -> None:
    source = 'S3PublishedSource(base_s3_path="s3a://raw/", source_schema_id="orders")'
    line.features["orders"] = line.project.feature("snapshot", raw=source)
    line.project.configure(line.features, "publish: {s3: [{net: {path: out/net, overwrite: True}}]}")
    content = json.loads(printed(few(line, "--format", "json", "--checkpoint", "orders")))
    assert content["pipeline"] == "revenue"
    assert content["order"] == ["orders", "net"]
    assert content["features"]["orders"] == {
        "class": line.features["orders"],
        "action": "run",
        "reason": "kept by --checkpoint; needed by net",
        "checkpoint": True,
        "publish": [],
        "upstreams": [],
        "sources": ["S3PublishedSource('s3a://raw/orders')"],
    }
    path = f"file://{line.published}/out/net"
    assert content["features"]["net"]["publish"] == [{"path": path, "overwrite": True}]
    assert content["features"]["other"]["action"] == "skip"


def test_what_a_module_prints_is_not_part_of_the_plan(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    file = line.project.folder / line.project.package / "net.py"
    file.write_text(file.read_text() + "\nprint('hello')\n")
    json.loads(printed(few(line, "--format", "json")))
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "hello\n")


def test_parameters_of_the_config_reach_the_features(line: Line) -> None:
    line.project.config.write_text(
        f"features: {{net: {{class: {line.features['orders']}, params: {{day: 1}}}}}}\n"
        "publish: {s3: [{net: {path: x}}]}\n"
    )
    with pytest.raises(ConfigError, match=r"feature `net`: .* takes no parameter `day`"):
        printed(few(line))


WITHOUT_PYSPARK = """
import sys
from unittest.mock import MagicMock
sys.modules.update({name: MagicMock() for name in ("pyspark", "pyspark.sql", "pyspark.sql.types")})
from spark_etl.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_the_guide_shows_what_is_really_printed() -> None:
    page = (ROOT / "docs" / "plan.md").read_text()
    command, shown = (block.strip() for block in re.findall(r"^```text\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[:2])
    program, *argv = shlex.split(command.replace("\\\n", " "))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PYSPARK, *argv],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key != "SANDBOX_PUBLISHED"}
        | {"PYTHONPATH": str(ROOT / "spark")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert program == "spark-etl"
    assert done.stdout.strip() == shown, done.stderr
