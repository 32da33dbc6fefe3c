"""Errors of a debug notebook without a traceback: what is to be read is the message, none of our lines is at fault."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from spark_etl.errors import SparkEtlError
from spark_etl.printable import printable

Given = ParamSpec("Given")
Result = TypeVar("Result")


def short_errors(method: Callable[Given, Result]) -> Callable[Given, Result]:
    """Returns a method whose errors IPython shows in two lines."""

    @wraps(method)
    def called(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return method(*args, **kwargs)
        except SparkEtlError as error:
            lines = [f"{type(error).__name__}: {printable(error.message)}"]
            lines += [f"next: {printable(error.hint)}"] if error.hint else []
            error._render_traceback_ = lambda: lines  # type: ignore[attr-defined] # what IPython looks for
            raise

    return called
