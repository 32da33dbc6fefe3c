"""How a result of a comparison finds what shows it: by its name, as `compare.show` imports the results."""

from __future__ import annotations

import importlib


def show(how: str, result: object) -> str:
    """Returns a result as text or HTML.

    Args:
        how: A function of `spark_etl.compare.show`, such as `run_text`.
        result: What it shows.
    """
    shown: str = getattr(importlib.import_module("spark_etl.compare.show"), how)(result)
    return shown
