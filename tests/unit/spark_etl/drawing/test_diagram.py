from __future__ import annotations

import pytest
from spark_etl.drawing import Diagram, Node


def test_a_layer_reads_only_what_stands_above_it(diamond: Diagram) -> None:
    layers = [[node.alias for node in layer] for layer in diamond.layers]
    assert layers == [["orders", "alone"], ["left", "right"], ["joined"], ["late"]]


def test_what_is_not_drawn_is_passed_over() -> None:
    assert Diagram([Node("net", ["orders", "orders", "gone"]), Node("orders")]).upstreams == {
        "net": ["orders"],
        "orders": [],
    }


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([], "features: 0 features"),
        ([""], "features: 1 feature"),
        (["run", "skip", "run"], "features: 3 features, 2 run, 1 skip"),
    ],
)
def test_a_summary_counts_the_states(states: list[str], told: str) -> None:
    diagram = Diagram([Node(f"f{number}", state=state) for number, state in enumerate(states)])
    assert diagram.summary() == told
    assert len(diagram.layers) == bool(states)
