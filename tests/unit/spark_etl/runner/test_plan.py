from __future__ import annotations

import pytest
from spark_etl.errors import ConfigError, PublishRefusedError, SparkEtlError, UsageError

from tests.unit.spark_etl.runner.conftest import Line


def configure(line: Line, *outputs: str) -> None:
    entries = "".join(f"        - {output}\n" for output in outputs)
    line.project.configure(line.features, f"publish:\n    s3:\n{entries}" if outputs else "")


def test_only_what_is_published_or_kept_is_run(line: Line) -> None:
    assert line.plan().order == ("orders", "net")
    assert line.plan("--checkpoint", "other").order == ("orders", "net", "other")


def test_a_relative_path_hangs_below_the_publish_path(line: Line) -> None:
    (output,) = line.plan().outputs
    assert output.path == f"file://{line.published}/out/net"
    assert not output.overwrite


def test_a_full_path_stays_as_it_is(line: Line) -> None:
    configure(line, "net: {path: /elsewhere/net/}")
    assert line.plan().outputs[0].path == "file:///elsewhere/net"


def test_an_existing_output_is_refused_without_overwrite(line: Line) -> None:
    (line.published / "out" / "net").mkdir(parents=True)
    assert line.plan().outputs
    (line.published / "out" / "net" / "part-0.parquet").write_bytes(b"old")
    with pytest.raises(PublishRefusedError, match=r"already published: `net` at file://.*/out/net") as caught:
        line.plan()
    assert "overwrite: True" in str(caught.value.hint)
    configure(line, "net: {path: out/net, overwrite: True}")
    assert line.plan().outputs[0].overwrite


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        (["net: {path: ../net}"], r"leads out of its place"),
        (["nett: {path: net}"], r"unknown feature `nett`\. Did you mean `net`\?"),
        (["net: {path: a}", "other: {path: a}"], "`net` and `other` are published over each other"),
        (["net: {path: a}", "other: {path: a/b}"], "`net` and `other` are published over each other"),
        (["net: {path: a/b}", "other: {path: a}"], "`net` and `other` are published over each other"),
    ],
)
def test_an_output_that_can_not_be_is_refused(line: Line, outputs: list[str], told: str) -> None:
    configure(line, *outputs)
    with pytest.raises(SparkEtlError, match=told) as caught:
        line.plan()
    assert caught.value.exit_code == 2


def test_neighbours_with_a_common_beginning_are_fine(line: Line) -> None:
    configure(line, "net: {path: a}", "other: {path: ab}")
    assert len(line.plan().outputs) == 2


def test_an_unknown_checkpoint_is_refused(line: Line) -> None:
    with pytest.raises(UsageError, match=r"`nett`\. Did you mean `net`\?"):
        line.plan("--checkpoint", "nett")


def test_nothing_to_do_is_told(line: Line) -> None:
    configure(line)
    with pytest.raises(UsageError, match="nothing to run"):
        line.plan()


def test_the_pipelines_name_is_given_configured_or_the_folders(line: Line) -> None:
    assert line.plan().pipeline == "revenue"
    line.project.config.write_text(line.project.config.read_text() + "pipeline: billing\n")
    assert line.plan().pipeline == "billing"
    assert line.plan("--pipeline", "daily").pipeline == "daily"


def test_a_class_outside_of_the_project_is_refused(line: Line) -> None:
    line.project.configure({"net": "spark_etl.feature.SparkFeature"})
    with pytest.raises(ConfigError, match=r"no module spark_etl.feature in the project"):
        line.plan("--checkpoint", "net")
