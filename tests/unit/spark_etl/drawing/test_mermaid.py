from __future__ import annotations

import re

import pytest
from spark_etl.drawing import Diagram, Node, as_mermaid

CHART = """\
flowchart TD
    accTitle: plan of revenue: 6 features, 1 reuse, 4 run, 1 skip
    s0[("S3PublishedSource('s3a://published/orders')")]
    n0["<b>orders</b><br/>↺ reuse"]
    n1["<b>left</b><br/>▶ run · checkpoint"]
    n2["<b>right</b><br/>▶ run"]
    n3["<b>joined</b><br/>▶ run · publish · 12 rows"]
    n4["<b>alone</b><br/>– skip"]
    n5["<b>late</b><br/>▶ run"]
    s0 --> n0
    n0 --> n1
    n0 --> n2
    n1 --> n3
    n2 --> n3
    n0 --> n5
    n3 --> n5
"""


def test_the_chart(diamond: Diagram) -> None:
    drawn = as_mermaid(diamond)
    assert drawn.startswith(CHART)
    classes = {word for line in re.findall(r"^    class (\S+) c\d+$", drawn, re.MULTILINE) for word in line.split(",")}
    assert classes == {f"n{number}" for number in range(6)}


@pytest.mark.parametrize("sign", ['"', "<", ">", "&", "#", "`", "%", "$", "\\"])
def test_nothing_ends_a_label_or_is_taken_for_markup(sign: str) -> None:
    drawn = as_mermaid(Diagram([Node("end", sources=[f"Source(a{sign}b)"], detail=f"x{sign}y")]))
    assert f"a#{ord(sign)};b" in drawn
    assert f"x#{ord(sign)};y" in drawn


def test_a_source_read_twice_is_drawn_once() -> None:
    drawn = as_mermaid(Diagram([Node("a", sources=["Raw()"]), Node("b", sources=["Raw()"])]))
    assert drawn.count("Raw()") == 1
    assert "s0 --> n0\n    s0 --> n1" in drawn
