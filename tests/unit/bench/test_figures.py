"""The table of `make bench`: what it says of a figure, and what the exit code makes of it."""

from __future__ import annotations

import pytest

from bench.figures import Figure, table


@pytest.mark.parametrize(
    ("figure", "holds", "shown"),
    [
        (Figure("head", 0.05, "×", limit=0.1, detail="0.50 s / 10.00 s"), True, "0.050     0.100       holds"),
        (Figure("head", 0.11, "×", limit=0.1, detail="1.10 s / 10.00 s"), False, "OVER THE LIMIT  1.10 s / 10.00 s"),
        (Figure("head", None, "×", limit=0.1, problem="it broke"), False, "FAILED: it broke"),
        (Figure("head", None, "×", limit=0.1, missing="--resume"), True, "not there yet: --resume"),
        (
            Figure("up", 12.34, "s", limit=45, raw=1, note="a container"),
            True,
            "12.3 s    45.0 s  1.0 s  (raw: a container)",
        ),
        (Figure("idle", 205.4, "MB"), True, "205 MB"),
    ],
)
def test_a_figure_says_how_it_went(figure: Figure, holds: bool, shown: str) -> None:
    line = table([figure]).splitlines()[-1]

    assert figure.holds is holds
    assert shown in line
