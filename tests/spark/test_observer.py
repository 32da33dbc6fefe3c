"""Looking changes nothing: over generated graphs, what a checkpoint shows is what every reader of it consumed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.spark.support import Pipeline

SLOW = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FEATURE = """
class {name}(SparkFeature):
    def __init__(self):
        self.sources = {sources}
    def transform(self, spark, start_date, end_date, **given):
        frames = [given[name] for name in sorted(given)]
        own = {own}
        frame = frames[0]
        if len(frames) == 2:
            frame = frames[0].join(frames[1].withColumnRenamed("v", "w"), "id").withColumn("v", F.col("v") + F.col("w"))
        frame = frame.select("id", (F.col("v") + own).alias("v"))
        return frame.where({keeps})
"""
RAW = """
import random
from pyspark.sql.types import DoubleType

# F.rand() draws its seed once, so that a second computation gives the same; this does not.
chance = F.udf(lambda: random.random(), DoubleType()).asNondeterministic()

class Raw(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        return orders.select("id", F.col("amount").alias("v"))
"""


@dataclass(frozen=True)
class Node:
    """A feature: v = the sum of its upstreams' v + its own, for the ids that it keeps.

    Attributes:
        upstreams: Positions of earlier nodes, one or two; of the raw one for -1.
        random_value: Whether its own is another in each computation, between 0 and 1; else it is 2 * id.
        random_rows: Whether each computation keeps other rows; else those that `modulus` does not divide.
    """

    upstreams: tuple[int, ...]
    random_value: bool
    random_rows: bool
    modulus: int

    def source(self, position: int) -> str:
        """Returns it as a class."""
        return FEATURE.format(
            name=name(position).title(),
            sources="{" + ", ".join(f'"{name(one)}": ConfiguredSparkFeature()' for one in self.upstreams) + "}",
            own="chance()" if self.random_value else 'F.col("id") * 2.0',
            keeps="chance() < 0.8" if self.random_rows else f'F.col("id") % {self.modulus} != 0',
        )


def name(position: int) -> str:
    """Returns the alias of a node."""
    return "raw" if position < 0 else f"n{position}"


@st.composite
def graphs(draw: st.DrawFn, *, chance: bool) -> list[Node]:
    """Draws two to five nodes."""
    nodes = []
    for position in range(draw(st.integers(2, 5))):
        upstreams = st.lists(st.integers(-1, position - 1), min_size=1, max_size=2, unique=True)
        maybe = st.booleans() if chance else st.just(False)
        nodes.append(Node(tuple(draw(upstreams)), draw(maybe), draw(maybe), draw(st.integers(2, 5))))
    return nodes


def write(pipeline: Pipeline, orders: str, nodes: list[Node]) -> None:
    """Every node is published."""
    source = orders + RAW + "".join(node.source(position) for position, node in enumerate(nodes))
    pipeline.write(source, {name(position): f"out/{name(position)}!" for position in range(len(nodes))})


def values(rows: list[dict[str, Any]]) -> dict[int, float]:
    found = {row["id"]: row["v"] for row in rows}
    assert len(found) == len(rows), "an id is there twice"
    return found


@SLOW
@given(nodes=graphs(chance=True))
def test_what_a_checkpoint_shows_is_what_was_computed_from_it(
    pipeline: Pipeline, orders: str, nodes: list[Node]
) -> None:
    write(pipeline, orders, nodes)
    aliases = ["raw", *map(name, range(len(nodes)))]
    ended = pipeline.run("--parallel", "3", "--checkpoint", *aliases)
    assert ended.code == 0, ended.shown
    assert ended.run is not None
    kept = {alias: values(ended.run[alias].arrow().to_pylist()) for alias in aliases}
    for position, node in enumerate(nodes):
        mine, read = kept[name(position)], [kept[name(one)] for one in node.upstreams]
        there = set.intersection(*map(set, read))
        assert mine == values(pipeline.output(f"out/{name(position)}")), "published are other rows than kept"
        if node.random_rows:
            assert set(mine) <= there
        else:
            assert set(mine) == {key for key in there if key % node.modulus}
        for key, value in mine.items():
            own = value - sum(values[key] for values in read)
            assert 0 <= own < 1 if node.random_value else abs(own - 2 * key) < 1e-9


@SLOW
@given(nodes=graphs(chance=False), seed=st.integers(0, 99))
def test_results_are_the_same_with_and_without_checkpoints(
    pipeline: Pipeline, orders: str, nodes: list[Node], seed: int
) -> None:
    write(pipeline, orders, nodes)
    aliases = list(map(name, range(len(nodes))))
    assert pipeline.run().code == 0
    without = {alias: pipeline.output(f"out/{alias}") for alias in aliases}
    chosen = random.Random(seed).sample(aliases, k=1 + seed % len(aliases))  # noqa: S311
    ended = pipeline.run("--checkpoint", *chosen)
    assert ended.code == 0, ended.shown
    assert {alias: pipeline.output(f"out/{alias}") for alias in aliases} == without
