"""Whatever the graph: no two boxes touch, and lines go around boxes."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from spark_etl.drawing import Diagram, Node
from spark_etl.drawing import ranks as ranks_module
from spark_etl.drawing.layout import Box, Layout, Line, lay_out
from spark_etl.drawing.ranks import rank

NEAR = 4.0


@st.composite
def diagrams(draw: st.DrawFn) -> Diagram:
    count = draw(st.integers(1, 14))
    return Diagram(
        [
            Node(f"f{number}", [f"f{other}" for other in draw(st.sets(st.integers(0, number - 1), max_size=4))])
            if number
            else Node("f0")
            for number in range(count)
        ]
    )


def sizes_of(diagram: Diagram, widths: list[int]) -> dict[str, tuple[float, float]]:
    return {node.alias: (widths[place % len(widths)], 30.0) for place, node in enumerate(diagram.nodes)}


def apart(one: Box, other: Box) -> bool:
    beside = one.x + one.width + NEAR <= other.x or other.x + other.width + NEAR <= one.x
    return beside or one.y + one.height + NEAR <= other.y or other.y + other.height + NEAR <= one.y


def inside(box: Box, line: Line) -> bool:
    """Returns whether a line passes through a box; those between layers can't, and those in one are straight."""
    (x, y), (to_x, to_y) = line.start, line.end
    middle, centre = (x + to_x) / 2, (y + to_y) / 2
    return box.x < middle < box.x + box.width and box.y < centre < box.y + box.height


def on_the_page(layout: Layout) -> bool:
    boxes = layout.boxes.values()
    return all(
        box.x >= 0 and box.y >= 0 and box.x + box.width <= layout.width and box.y + box.height <= layout.height
        for box in boxes
    )


@settings(max_examples=150, deadline=None)
@given(diagrams(), st.lists(st.integers(20, 400), min_size=1, max_size=5))
def test_boxes_keep_apart_and_lines_go_around_them(diagram: Diagram, widths: list[int]) -> None:
    layout = lay_out(diagram, sizes_of(diagram, widths))
    assert set(layout.boxes) == {node.alias for node in diagram.nodes}
    assert all(apart(one, other) for one, other in combinations(layout.boxes.values(), 2))
    assert not [line for line in layout.lines for box in layout.boxes.values() if inside(box, line)]
    assert on_the_page(layout)


@settings(max_examples=50, deadline=None)
@given(diagrams())
def test_each_line_begins_and_ends_at_boxes_or_bends(diagram: Diagram) -> None:
    layout = lay_out(diagram, sizes_of(diagram, [100]))
    ends = {line.end for line in layout.lines if not line.arrives}
    for line in layout.lines:
        starts = {(box.x + box.width / 2, box.y + box.height) for box in layout.boxes.values()}
        starts |= {(box.x + box.width, box.y + box.height / 2) for box in layout.boxes.values()}
        assert any(abs(x - line.start[0]) + abs(y - line.start[1]) < 0.01 for x, y in starts | ends)
    arrivals = sum(line.arrives for line in layout.lines)
    assert arrivals == sum(len(upstreams) for upstreams in diagram.upstreams.values())


def test_layers_follow_each_other_down_the_page(diamond: Diagram) -> None:
    boxes = lay_out(diamond, sizes_of(diamond, [100])).boxes
    for alias, upstreams in diamond.upstreams.items():
        assert all(boxes[upstream].y + boxes[upstream].height < boxes[alias].y for upstream in upstreams)


def test_what_would_be_too_wide_is_drawn_from_left_to_right() -> None:
    wide = Diagram([*(Node(f"f{number}") for number in range(30)), Node("sum", [f"f{number}" for number in range(30)])])
    layout = lay_out(wide, sizes_of(wide, [100]))
    assert not layout.down
    assert layout.boxes["sum"].x > layout.boxes["f0"].x + 100
    assert layout.width < 300


def test_lines_that_need_not_cross_do_not() -> None:
    twisted = Diagram([Node(name) for name in "abc"] + [Node(f"of_{name}", [name]) for name in "cab"])
    upper, lower = rank(twisted).layers
    assert [str(item).removeprefix("of_") for item in lower] == list(upper)


def test_a_line_past_many_layers_is_drawn_even_if_it_gets_no_bends(monkeypatch) -> None:
    monkeypatch.setattr(ranks_module, "MOST_BENDS", 2)
    chain = Diagram([Node(f"f{number}", [f"f{other}" for other in (0, number - 1)]) for number in range(10)][1:])
    layout = lay_out(chain, sizes_of(chain, [50]))
    assert len(layout.lines) == sum(len(upstreams) for upstreams in chain.upstreams.values())
