"""What a learner answers: the feature, and the rows that show it, in a file beside the project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from spark_etl.bounded_yaml import UnreadableYamlError, compose, construct
from spark_etl.errors import ArgumentError, CheckpointError
from spark_etl.names import alternatives
from spark_etl.reading import Run, duck
from spark_etl.storage import normalise, storage_for

FILE = "answer.yaml"
HEAD = """# Your answer. `learn check` reads it; in the notebook, learn.feature("…") and learn.rows("…") write it.
#   feature  the feature whose code is wrong
#   rows     which rows show it: a condition such as  amount < 0 , or a query that returns their keys;
#            in both, the rows are the table  this , and each feature is a table
#   of       the feature whose rows are asked; nothing: the same one
"""


@dataclass(frozen=True)
class Answer:
    """An answer; what is empty is not given yet.

    Attributes:
        feature: The feature whose code is wrong.
        rows: A condition in SQL, or a query.
        of: The feature whose rows it is about; empty: `feature`.
    """

    feature: str = ""
    rows: str = ""
    of: str = ""

    @property
    def frame(self) -> str:
        """The feature whose rows it is about."""
        return self.of or self.feature

    def with_given(self, feature: str | None, rows: str | None, of: str | None) -> Answer:
        """Returns the answer with what is given anew."""
        given = {"feature": feature, "rows": rows, "of": of}
        return replace(self, **{name: value.strip() for name, value in given.items() if value is not None})


def read_answer(folder: Path) -> Answer:
    """Returns the answer in the folder of a lesson.

    Raises:
        ArgumentError: The file can't be read.
    """
    file = folder / FILE
    try:
        content: Any = construct(compose(file.read_text(encoding="utf-8"))) if file.is_file() else {}
    except (UnreadableYamlError, OSError, UnicodeDecodeError) as error:
        raise ArgumentError(f"{file} can't be read: {error}", hint="put the texts in it into quotes") from error
    known = {each.name for each in fields(Answer)}
    if content is not None and not isinstance(content, Mapping):
        raise ArgumentError(f"{file} has no `feature:`, `rows:` and `of:`")
    if unknown := [str(name) for name in content or {} if name not in known]:
        raise ArgumentError(f"{file} has `{unknown[0]}`. {alternatives(unknown[0], known)}")
    return Answer(**{name: str(value).strip() for name, value in (content or {}).items() if value is not None})


def write_answer(folder: Path, answer: Answer) -> None:
    """Writes the answer as a whole."""
    path = normalise(str(folder / FILE))
    storage_for(path).write(path, text_of(answer).encode())


def text_of(answer: Answer) -> str:
    """Returns the text of the file of an answer."""
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in asdict(answer).items()]
    return HEAD + "\n".join(lines) + "\n"


def select_keys(run: Run, answer: Answer, key: str) -> set[Any]:
    """Returns the keys of the rows that an answer names.

    Args:
        run: The run that has happened.
        answer: With rows.
        key: The column of the keys.

    Raises:
        ArgumentError: There is no such feature, it has no rows or no such column, or the SQL is refused.
    """
    checkpoint, text = _frame(run, answer), answer.rows.rstrip("; \n")
    if not duck.is_query(text):
        if key not in checkpoint.schema:
            raise ArgumentError(
                f"`{answer.frame}` has no column `{key}`, by which rows are told apart", hint=_others(run, key)
            )
        text = f"select {duck.identifier(key)} from this where ({text}\n)"  # noqa: S608 - the learner's own SQL
    others = {alias: run[alias] for alias in run.checkpoints}
    try:
        found = checkpoint.sql(text, **others)
    except CheckpointError as error:
        raise ArgumentError(error.message, hint=error.hint) from error
    column = next((name for name in found.columns if name.lower() == key.lower()), None)
    if column is None:
        raise ArgumentError(
            f"the query returns {', '.join(found.columns)}, and not `{key}`",
            hint=f"write a query with {key} among its columns",
        )
    return {_key(value) for value in found[column].dropna().tolist()}


def _key(value: Any) -> Any:
    """Returns a key as the column has it, also where a query has made a text or a float of a whole number."""
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return int(value)
    return int(value) if isinstance(value, float | Decimal) and value == int(value) else value


def _frame(run: Run, answer: Answer) -> Any:
    """Returns the checkpoint that an answer is about.

    Raises:
        ArgumentError: There is none.
    """
    if answer.frame not in run.features:
        raise ArgumentError(f"there is no feature `{answer.frame}`. {alternatives(answer.frame, run.features)}")
    if answer.frame not in run.checkpoints:
        reads = ", ".join(run.document.graph.get(answer.frame, ())) or "nothing"
        raise ArgumentError(
            f"`{answer.frame}` has failed in the run, so it has no rows. It reads: {reads}",
            hint="say whose rows they are: of (--of FEATURE)",
        )
    return run[answer.frame]


def _others(run: Run, key: str) -> str:
    having = [alias for alias in run.checkpoints if key in run[alias].schema]
    return f"features that have it: {', '.join(having)}"
