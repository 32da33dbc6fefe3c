from __future__ import annotations

import pytest
from spark_etl.drawing import Diagram, Node, as_html, as_mermaid, as_text

LISTING = """\
plan of revenue: 6 features, 1 reuse, 4 run, 1 skip

1  orders  reuse                       from run 7f3a2c
     ← S3PublishedSource('s3a://published/orders')
   alone   skip                        not needed

2  left    run    checkpoint           kept by --checkpoint
     ← orders
   right   run                         needed by joined
     ← orders

3  joined  run    publish     12 rows  published to x
     ← left, right

4  late    run                         needed by nobody
     ← orders, joined"""


def test_a_layer_reads_only_what_stands_above_it(diamond: Diagram) -> None:
    layers = [[node.alias for node in layer] for layer in diamond.layers]
    assert layers == [["orders", "alone"], ["left", "right"], ["joined"], ["late"]]


def test_what_is_not_drawn_is_passed_over() -> None:
    assert Diagram([Node("net", ["orders", "orders", "gone"]), Node("orders")]).upstreams == {
        "net": ["orders"],
        "orders": [],
    }


@pytest.mark.parametrize(
    ("states", "summary"),
    [
        ([], "features: 0 features"),
        ([""], "features: 1 feature"),
        (["run", "skip", "run"], "features: 3 features, 2 run, 1 skip"),
    ],
)
def test_a_summary_counts_the_states(states: list[str], summary: str) -> None:
    diagram = Diagram([Node(f"f{number}", state=state) for number, state in enumerate(states)])
    assert diagram.summary() == summary
    assert len(diagram.layers) == bool(states)


def test_the_listing(diamond: Diagram) -> None:
    assert as_text(diamond) == LISTING


def test_a_graph_without_features() -> None:
    assert as_text(Diagram([])) == "features: 0 features"


def test_more_than_nine_layers_stay_in_one_column() -> None:
    chain = Diagram([Node(f"f{number}", [f"f{number - 1}"], state="run") for number in range(11)])
    assert " 1  f0 " in as_text(chain)
    assert "\n11  f10" in as_text(chain)


class TestCircles:
    """No run has one, but a run.json may be anybody's."""

    def test_it_is_drawn_but_for_what_closes_it_and_said(self) -> None:
        diagram = Diagram([Node("a", ["c"]), Node("b", ["a"]), Node("c", ["b"]), Node("d", ["c"])])
        assert diagram.closing == [("b", "a")]
        assert [[node.alias for node in layer] for layer in diagram.layers] == [["b"], ["c"], ["a", "d"]]
        assert diagram.summary() == "features: 4 features; they read each other in a circle, not drawn: b ← a"
        assert "b ← a" in as_text(diagram)
        assert "b ← a" in as_html(diagram)
        assert "n0 --> n1" not in as_mermaid(diagram)

    def test_one_that_reads_itself(self) -> None:
        diagram = Diagram([Node("a", ["a"]), Node("b", ["a", "b"])])
        assert diagram.closing == [("a", "a"), ("b", "b")]
        assert diagram.summary().endswith("not drawn: a ← a and 1 more")
        assert [[node.alias for node in layer] for layer in diagram.layers] == [["a"], ["b"]]

    def test_a_long_one_needs_no_recursion(self) -> None:
        number = 5_000
        diagram = Diagram([Node(f"f{each}", [f"f{(each + 1) % number}"]) for each in range(number)])
        assert diagram.closing == [(f"f{number - 1}", "f0")]
        assert len(diagram.layers) == number

    def test_a_graph_without_one_loses_nothing(self, diamond: Diagram) -> None:
        assert diamond.closing == []
