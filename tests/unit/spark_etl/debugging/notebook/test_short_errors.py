"""What IPython shows of an error of the debug notebook: what it says, and what to do."""

from __future__ import annotations

import pytest
from spark_etl.debugging.notebook.short_errors import short_errors
from spark_etl.errors import ArgumentError


class Notebook:
    @short_errors
    def fails(self, error: Exception) -> None:
        """Raises it."""
        raise error


def test_ours_are_two_lines() -> None:
    with pytest.raises(ArgumentError) as shown:
        Notebook().fails(ArgumentError("edited twice \x1b[31m", hint="edit once"))
    assert shown.value._render_traceback_() == [  # type: ignore[attr-defined]
        "ArgumentError: edited twice \\x1b[31m",
        "next: edit once",
    ]


def test_others_keep_their_traceback() -> None:
    with pytest.raises(ZeroDivisionError) as shown:
        Notebook().fails(ZeroDivisionError())
    assert not hasattr(shown.value, "_render_traceback_")
    assert Notebook.fails.__doc__ == "Raises it."
