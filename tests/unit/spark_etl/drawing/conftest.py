"""Graphs worth drawing."""

from __future__ import annotations

import pytest
from spark_etl.drawing import Diagram, Node

DIAMOND = Diagram(
    [
        Node(
            "orders", sources=("S3PublishedSource('s3a://published/orders')",), state="reuse", reason="from run 7f3a2c"
        ),
        Node("left", ["orders"], state="run", marks=("checkpoint",), reason="kept by --checkpoint"),
        Node("right", ["orders"], state="run", reason="needed by joined"),
        Node("joined", ["left", "right"], state="run", marks=("publish",), detail="12 rows", reason="published to x"),
        Node("alone", state="skip", reason="not needed"),
        Node("late", ["orders", "joined"], state="run", reason="needed by nobody"),
    ],
    "plan of revenue",
)


@pytest.fixture
def diamond() -> Diagram:
    return DIAMOND
