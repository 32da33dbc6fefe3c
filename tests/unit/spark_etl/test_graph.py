from __future__ import annotations

import random
from typing import Any

import pytest
from spark_etl.errors import ArgumentError, GraphError
from spark_etl.feature import ConfiguredSparkFeature, SparkFeature
from spark_etl.graph import Graph


def feature(*upstreams: str, **others: Any) -> SparkFeature:
    class Feature(SparkFeature):
        def __init__(self) -> None:
            self.sources = {**{name: ConfiguredSparkFeature() for name in upstreams}, **others}

    return Feature()


SOURCES = ("days", "orders", "users")
DIAMOND = {"left": ["orders"], "right": ["orders"], "joined": ["left", "right"], "orders": [], "alone": []}


def graph_of(edges: dict[str, list[str]]) -> Graph:
    return Graph({name: feature(*upstreams) for name, upstreams in edges.items()})


def test_the_order_is_the_same_however_the_config_is_sorted() -> None:
    names = list(DIAMOND)
    orders = set()
    for seed in range(20):
        random.Random(seed).shuffle(names)  # noqa: S311
        orders.add(tuple(graph_of({name: DIAMOND[name] for name in names}).order))
    assert orders == {("alone", "orders", "left", "right", "joined")}


@pytest.mark.parametrize(
    ("targets", "needed"),
    [
        (["left"], ["orders", "left"]),
        (["joined"], ["orders", "left", "right", "joined"]),
        (["alone"], ["alone"]),
        (["right", "alone"], ["alone", "orders", "right"]),
    ],
)
def test_only_what_the_targets_are_made_of_is_needed(targets: list[str], needed: list[str]) -> None:
    assert graph_of(DIAMOND).needed(targets) == needed


def test_a_cycle_is_refused_with_its_members() -> None:
    with pytest.raises(GraphError, match=r"circle: a ← c ← b ← a$|circle: a ← b ← c ← a$") as caught:
        graph_of({"a": ["b"], "b": ["c"], "c": ["a"], "free": []})
    assert "free" not in str(caught.value)


def test_a_feature_that_reads_itself_is_a_cycle() -> None:
    with pytest.raises(GraphError, match="circle: a ← a"):
        graph_of({"a": ["a"]})


def test_attributes_that_end_the_program_are_their_features() -> None:
    class Ending(SparkFeature):
        def __init__(self) -> None:
            pass

        @property
        def sources(self) -> Any:
            raise SystemExit(0)

        @sources.setter
        def sources(self, value: Any) -> None:
            pass

    with pytest.raises(GraphError, match=r"feature `ends`: looking at its sources: it ends the program: sys.exit\(0\)"):
        Graph({"ends": Ending()})


def test_an_unknown_source_is_refused_with_the_nearest() -> None:
    with pytest.raises(GraphError, match=r"`net` reads `ordrs`, .*Did you mean `orders`\? Known: orders\."):
        graph_of({"net": ["ordrs"], "orders": []})


def test_an_unknown_checkpoint_is_refused_with_the_nearest() -> None:
    with pytest.raises(ArgumentError, match=r"--checkpoint names an unknown feature `joind`\. Did you mean `joined`\?"):
        graph_of(DIAMOND).check_known(["joind"], "--checkpoint")


def test_a_source_of_another_kind_is_refused() -> None:
    with pytest.raises(GraphError, match="its source `orders` is of type str"):
        Graph({"net": feature(orders="s3a://bucket/orders")})


@pytest.mark.parametrize("name", [1, "net revenue", "2024"])
def test_a_source_that_can_be_no_keyword_is_refused(name: Any) -> None:
    with pytest.raises(GraphError, match=f"its source {name!r} can't be a keyword of transform"):
        Graph({"net": _reading(name)})


def _reading(name: Any) -> SparkFeature:
    net = feature()
    net.sources = {name: ConfiguredSparkFeature()}
    return net


def test_a_placeholder_that_was_not_called_is_refused() -> None:
    with pytest.raises(GraphError, match="its source `orders` is the class ConfiguredSparkFeature"):
        Graph({"net": feature(orders=ConfiguredSparkFeature)})


def test_sources_may_be_declared_in_the_class() -> None:
    class Net(SparkFeature):
        sources = {"orders": ConfiguredSparkFeature()}  # noqa: RUF012

    class More(Net):
        def __init__(self) -> None:
            super().__init__()
            self.sources["users"] = ConfiguredSparkFeature()

    class Other(Net):
        def __init__(self) -> None:  # as most do, it does not call the base class
            self.sources["days"] = ConfiguredSparkFeature()

    graph = Graph({"net": Net(), "more": More(), "other": Other(), **{name: feature() for name in SOURCES}})

    assert {name: graph.upstreams[name] for name in ("net", "more", "other")} == {
        "net": ["orders"],
        "more": ["orders", "users"],
        "other": ["days", "orders"],
    }


def test_sources_that_are_no_dict_are_refused() -> None:
    class Net(SparkFeature):
        sources = ["orders"]  # noqa: RUF012

    with pytest.raises(GraphError, match=r"`sources` of .*Net is of type list, but must be a dict"):
        Graph({"net": Net()})


def test_sources_that_were_forgotten_are_reported() -> None:
    class Forgetful(SparkFeature):
        def __init__(self) -> None:
            pass

    with pytest.raises(GraphError, match=r"Forgetful.__init__ sets no `self.sources`"):
        Graph({"net": Forgetful()})


def test_a_transform_without_the_keyword_is_refused_before_spark_starts() -> None:
    class Deaf(SparkFeature):
        def __init__(self) -> None:
            self.sources = {"orders": ConfiguredSparkFeature()}

        def transform(self, spark: Any, start_date: Any, end_date: Any, order: Any) -> Any:  # type: ignore[override]
            return order

    with pytest.raises(GraphError, match="does not fit its sources") as caught:
        Graph({"net": Deaf(), "orders": feature()})
    assert "orders)" in str(caught.value.hint)
