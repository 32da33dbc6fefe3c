"""A replay with unchanged code gives the same rows, for features of any graph; with other code it says what is true."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pipelines.revenue
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from spark_etl.cli import main
from spark_etl.config import load_config
from spark_etl.reading import Checkpoint, Run, Runs

from tests.spark.support import Pipeline, SharedSpark

REVENUE = Path(pipelines.revenue.__file__).parent
FEATURE = """
class {name}(SparkFeature):
    def __init__(self):
        self.sources = {{{sources}}}
    def transform(self, spark, start_date, end_date, {names}):
        return {body}
"""
# Of a frame with id, customer, amount another one.
STEPS = (
    "{one}.where(F.col('id') % {n} != 0)",
    "{one}.withColumn('amount', F.col('amount') * {n})",
    "{one}.withColumn('amount', F.when(F.col('id') % {n} == 0, None).otherwise(F.col('amount')))",
    "{one}.groupBy('customer').agg(F.max('id').alias('id'), F.sum('amount').alias('amount')).select(*COLUMNS)",
    "{one}.unionByName({other})",
    "{one}.join({other}.select('id', F.col('amount').alias('more')), 'id', 'left')"
    ".select('id', 'customer', (F.col('amount') + F.coalesce('more', F.lit({n}))).alias('amount'))",
    "{one}.withColumn('id', F.udf(lambda x: x + {n}, 'long')('id'))",
    "{one}.dropDuplicates(['customer', 'id']).select(*COLUMNS)",
)
MUTATIONS = (
    "{body}.where('id > 3')",
    "{body}.withColumn('amount', F.col('amount') + 1)",
    "{body}.unionByName({body}.where('id = 4'))",
    "{body}.withColumn('customer', F.when(F.col('id') == 8, None).otherwise(F.col('customer')))",
)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[tuple[str, list[str], str]], list[str], str, str]:
    """Features with their upstreams and bodies; those that are kept; the one that is replayed; how it is changed."""
    features: list[tuple[str, list[str], str]] = []
    known = ["orders"]
    for number in range(draw(st.integers(2, 4))):
        reads = draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True))
        step = draw(st.sampled_from(STEPS)).format(one=reads[0], other=reads[-1], n=draw(st.integers(2, 5)))
        features.append((f"f{number}", reads, step))
        known.append(f"f{number}")
    replayed = draw(st.sampled_from(known[1:]))
    kept = draw(st.sets(st.sampled_from(known)))
    return features, sorted({*kept, replayed}), replayed, draw(st.sampled_from(MUTATIONS))


def rows(checkpoint: Checkpoint) -> Counter[tuple[str, ...]]:
    return Counter(tuple(map(repr, row.values())) for row in checkpoint.arrow().to_pylist())


@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(graph=graphs())
def test_generated_graphs(
    pipeline: Pipeline, orders: str, graph: tuple[list[tuple[str, list[str], str]], list[str], str, str]
) -> None:
    features, kept, replayed, mutation = graph
    bodies = {name: body for name, _, body in features}
    written = orders + "COLUMNS = ['id', 'customer', 'amount']\n"
    for name, reads, body in features:
        sources = ", ".join(f'"{each}": ConfiguredSparkFeature()' for each in reads)
        written += FEATURE.format(name=name.upper(), sources=sources, names=", ".join(reads), body=body)
    pipeline.write(written)
    ended = pipeline.run("--checkpoint", *kept)
    assert ended.run is not None, ended.shown
    name = f"{ended.run.id}/{replayed}"

    same = pipeline.replay(name)
    assert same.verdict["answer"] == "same rows", same.shown

    changed = mutation.format(body=f"({bodies[replayed]})")
    code = pipeline.fixed(f"return {bodies[replayed]}\n", f"return {changed}\n", f"fixed-{ended.run.id}")
    other = pipeline.replay(name, "--code", code)
    assert other.run is not None
    is_same = rows(other.run[replayed]) == rows(ended.run[replayed])
    assert other.verdict["answer"] == ("same rows" if is_same else "other rows"), other.shown


def test_every_feature_of_the_sample_pipeline(
    sample_run: Run, shared_spark: SharedSpark, capfd: pytest.CaptureFixture[str]
) -> None:
    scratch = sample_run.stored.scratch
    features = list(load_config(REVENUE / "feature_config.yaml").features)
    for feature in features:
        shared_spark.start()
        code = main(["replay", f"{sample_run.id}/{feature}", "--scratch-path", scratch, "--code", str(REVENUE)])
        assert code == 0, capfd.readouterr().err
    replays = [run for run in Runs(scratch).list(replays=True) if run.kind == "replay"]
    assert len(replays) == len(features) == 12  # none had to compute anything above
    for replay in replays:
        assert replay.document.replay is not None
        assert (replay.document.replay.verdict or {})["answer"] == "same rows"
