from __future__ import annotations

import pytest
from spark_etl.errors import ArgumentError, ConfigError, PublishRefusedError, SparkEtlError
from spark_etl.runner.publish.ownership import refuse_foreign

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


def test_what_an_output_did_not_write_is_replaced_only_when_it_is_adopted(line: Line) -> None:
    (line.published / "out" / "net").mkdir(parents=True)
    (line.published / "out" / "net" / "part-0.parquet").write_bytes(b"old")
    configure(line, "net: {path: out/net, overwrite: True}")
    message = r"`net` would replace file://.*/out/net: 1 file, 3 B; this output did not write them: part-0.parquet"
    with pytest.raises(PublishRefusedError, match=message) as caught:
        refuse_foreign(line.plan().outputs, line.plan().owner, adopt=False)
    assert "--adopt-output" in str(caught.value.hint)
    assert line.plan("--adopt-output").options.adopt_output


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (["net: {path: ../net}"], r"leads out of its place"),
        (["nett: {path: net}"], r"unknown feature `nett`\. Did you mean `net`\?"),
        (["net: {path: a}", "other: {path: a}"], "`net` and `other` are published over each other"),
        (["net: {path: a}", "other: {path: a/b}"], "`net` and `other` are published over each other"),
        (["net: {path: a/b}", "other: {path: a}"], "`net` and `other` are published over each other"),
    ],
)
def test_an_output_that_can_not_be_is_refused(line: Line, outputs: list[str], message: str) -> None:
    configure(line, *outputs)
    with pytest.raises(SparkEtlError, match=message) as caught:
        line.plan()
    assert caught.value.exit_code == 2


def test_a_path_of_the_disk_is_no_place_below_a_publish_path_in_s3(line: Line) -> None:
    configure(line, "net: {path: /rep/daily}")
    with pytest.raises(SparkEtlError, match="'/rep/daily' is a folder of the driver's disk") as caught:
        line.plan("--publish-path", "s3a://published/")
    assert "rep/daily is s3a://published/rep/daily; file:///rep/daily is" in str(caught.value.hint)


@pytest.mark.parametrize(
    "path",
    [
        ".",
        "./",
        "././",
        "/",
        "{publish}",
        "{publish}/.",
        "{publish}//",
        "{above}",
        "file:{publish}",
        "s3a://bucket",
        "s3://bucket/.",
    ],
)
def test_an_output_at_the_root_of_outputs_or_above_is_refused(line: Line, path: str) -> None:
    written = path.format(publish=line.published, above=line.published.parent)
    configure(line, f'net: {{path: "{written}", overwrite: True}}')
    with pytest.raises(PublishRefusedError, match=r"`net` can't be published at .*: that is the root below which"):
        line.plan()


def test_a_link_to_the_root_is_the_root(line: Line) -> None:
    line.published.mkdir()
    (line.published / "again").symlink_to(line.published)
    configure(line, "net: {path: again, overwrite: True}")
    with pytest.raises(PublishRefusedError, match="that is the root"):
        line.plan()


@pytest.mark.parametrize("file", ["out", "out/net"])
def test_an_output_where_a_file_is_or_below_one_is_refused(line: Line, file: str) -> None:
    (line.published / file).parent.mkdir(parents=True)
    (line.published / file).write_text("something")
    with pytest.raises(PublishRefusedError, match=rf"`net` can't be published at .*: .*/{file} is a file"):
        line.plan()


def test_an_output_over_the_runs_is_refused(line: Line) -> None:
    configure(line, f"net: {{path: {line.scratch}, overwrite: True}}")
    with pytest.raises(PublishRefusedError, match="the runs are kept there"):
        line.plan()


SNAPSHOTS = 'S3PublishedSource("{published}", "raw")'
FILES = '__import__("spark_etl").CsvSource("{published}/raw/{{date}}/*.csv")'
ONE_FILE = '__import__("spark_etl").ParquetSource("{published}/raw/a.parquet")'
DELTA = '__import__("spark_etl").DeltaSource("{published}/raw")'


# What a source never reads, though it lies in the same folder.
BESIDE = {(ONE_FILE, "raw/_dt=2024-02-29"), (FILES, "raw/_dt=2024-02-29"), (FILES, "raw/a.parquet/b")}


@pytest.mark.parametrize("source", [SNAPSHOTS, FILES, ONE_FILE, DELTA])
@pytest.mark.parametrize("path", ["raw", "raw/_dt=2024-02-29", "raw/a.parquet/b", "./raw/"])
@pytest.mark.parametrize("overwrite", [True, False])
def test_an_output_over_or_below_a_source_is_refused(line: Line, source: str, path: str, overwrite: bool) -> None:
    if (source, path) in BESIDE:
        path = "raw"
    line.features["net"] = line.project.feature("net", raw=source.format(published=line.published))
    configure(line, f'net: {{path: "{path}", overwrite: {overwrite}}}')
    with pytest.raises(PublishRefusedError, match=r"`net` reads its source `raw` from file://.*/published/raw"):
        line.plan()


@pytest.mark.parametrize(
    ("source", "path"),
    [
        (SNAPSHOTS, "raw_net"),
        *BESIDE,
        (FILES.replace("raw/{{date}}/*.csv", "*.csv"), "out/daily"),
        (FILES.replace("raw/{{date}}/*.csv", "day={{date}}/"), "out"),
    ],
)
def test_an_output_beside_a_source_is_fine(line: Line, source: str, path: str) -> None:
    line.features["net"] = line.project.feature("net", raw=source.format(published=line.published))
    configure(line, f'net: {{path: "{path}"}}')
    assert line.plan().outputs


@pytest.mark.parametrize("path", ["raw/2024-03-01", "raw/2030-01-01/x.csv", "raw/2024-02-29"])
def test_an_output_at_another_day_of_a_source_is_refused(line: Line, path: str) -> None:
    line.features["net"] = line.project.feature("net", raw=FILES.format(published=line.published))
    configure(line, f'net: {{path: "{path}"}}')
    with pytest.raises(PublishRefusedError, match="`net` reads its source `raw` from"):
        line.plan()


OWN = """type("Own", (__import__("spark_etl.source").source.Source,), {{
    "inputs": lambda s, d: [], "read": lambda s, p, d: None, "locations": {}}})()""".replace("\n    ", "")


@pytest.mark.parametrize("locations", ['["an attribute", "of theirs"]', 'lambda s, d: ["gs://elsewhere/x"]'])
def test_what_a_source_of_ones_own_says_elsewise_is_left_alone(line: Line, locations: str) -> None:
    line.features["net"] = line.project.feature("net", raw=OWN.format(locations))
    assert line.plan().outputs


@pytest.mark.parametrize(
    ("locations", "message"),
    [
        ("lambda s, d: 1 / 0", "ZeroDivisionError"),
        ("lambda s, d: [3]", "TypeError"),
        ("lambda s, d: exit(0)", "it ends the program"),
    ],
)
def test_a_source_of_ones_own_that_fails_to_say_where_it_looks_is_refused(
    line: Line, locations: str, message: str
) -> None:
    line.features["net"] = line.project.feature("net", raw=OWN.format(locations))
    with pytest.raises(ConfigError, match=rf"feature `net`: source `raw`: locations\(\): {message}"):
        line.plan()


@pytest.mark.parametrize("places", ["lambda s, d: {!r}", "lambda s, d: __import__('pathlib').Path({!r}).parents"])
def test_where_a_source_of_ones_own_looks_may_be_returned_in_any_way(line: Line, places: str) -> None:
    line.features["net"] = line.project.feature("net", raw=OWN.format(places.format(f"{line.published}/out/net")))
    with pytest.raises(PublishRefusedError, match="`net` reads its source `raw` from"):
        line.plan()


def test_neighbours_with_a_common_beginning_are_fine(line: Line) -> None:
    configure(line, "net: {path: a}", "other: {path: ab}")
    assert len(line.plan().outputs) == 2


def test_an_unknown_checkpoint_is_refused(line: Line) -> None:
    with pytest.raises(ArgumentError, match=r"`nett`\. Did you mean `net`\?"):
        line.plan("--checkpoint", "nett")


def test_nothing_to_do_is_reported(line: Line) -> None:
    configure(line)
    with pytest.raises(ArgumentError, match="nothing to run"):
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
