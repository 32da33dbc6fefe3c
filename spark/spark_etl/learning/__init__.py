"""Lessons: real pipelines with one planted bug, a run that has happened, and answers that are checked.

What a learner hands in is evidence and a fix: the feature, its rows, and the edited project. `Desk` is the way in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spark_etl.learning.notebook import open_lesson as open_lesson

__all__ = ["open_lesson"]


def __getattr__(name: str) -> Any:
    """Imports what notebooks use when it is first asked for: generators need no readers of runs."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from spark_etl.learning.notebook import open_lesson

    return open_lesson
