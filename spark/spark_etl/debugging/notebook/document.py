"""The debug notebook as a document: which cells it has, and what they say."""

from __future__ import annotations

import hashlib
import json
import keyword
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from spark_etl.debugging.notebook.cells import KEY, OPENS, REPLAY, SETUP, TRANSFORM, source_of
from spark_etl.debugging.notebook.failure_text import failure_of, fenced, inline, inline_text, what_happened
from spark_etl.debugging.notebook.one_cell import is_for_notebook
from spark_etl.debugging.notebook.split import TransformCells, split_transform
from spark_etl.debugging.origin import reads_of
from spark_etl.debugging.trust import command_to_trust
from spark_etl.errors import DamagedError, SparkEtlError
from spark_etl.reading import Run
from spark_etl.reading.code import RunCode
from spark_etl.storage import is_s3, normalise
from spark_etl.store import run_name

VERSION = 1
LONGEST_MODULE = 200_000
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class Subject:
    """What a notebook is about.

    Attributes:
        run: The run.
        feature: The feature.
        scratch: The scratch path that the run was looked for in, normalised.
        folder: Where its code is unpacked, relative to the home folder.
        code: What the run has kept; None if it has none.
        no_code: Why it has none; empty if it has.
        refused: Why the code may not run here; None if it may.
    """

    run: Run
    feature: str
    scratch: str
    folder: str
    code: RunCode | None
    no_code: str = ""
    refused: SparkEtlError | None = None

    @property
    def class_path(self) -> str:
        """The feature's class, with its module."""
        return self.run.features[self.feature].class_path

    @property
    def run_call(self) -> str:
        """The expression that finds the run in a notebook; it names the run as a literal text, which pins rely on."""
        name = f"runs[{_text(run_name(self.run.path, self.scratch))}]"
        usual = os.environ.get("SANDBOX_SCRATCH")
        if usual and normalise(usual) == self.scratch:
            return name
        return name.replace("runs", f"runs.at({_text(self.scratch.removeprefix('file://'))})", 1)


def make_notebook(subject: Subject) -> dict[str, Any]:
    """Returns the notebook, as its file has it."""
    split = split_transform(subject.code, subject.class_path) if subject.code is not None else None
    if subject.refused is not None:
        cells = list(_untrusted_cells(subject, subject.refused, split))
    else:
        cells = [_markdown(what_happened(subject.run, subject.feature, subject.code)), _setup(subject)]
        cells += _input_cells(subject, split)
        cells += [_markdown(_without_code(subject))] if split is None else _code_cells(subject, split)
    for number, cell in enumerate(cells, 1):
        cell["id"] = f"debug-{number:02}"
    known = {
        "version": VERSION,
        "run": run_name(subject.run.path, subject.scratch),
        "path": subject.run.path,
        "feature": subject.feature,
        "code": subject.code.sha256 if subject.code is not None else None,
        "file": split.file if split else None,
        "class": subject.class_path,
        "folder": subject.folder,
        "parts": {each["metadata"][KEY]["part"]: each["source"] for each in cells if KEY in each["metadata"]},
        "fingerprint": fingerprint(cells),
    }
    metadata = {KEY: known, "kernelspec": KERNEL, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def fingerprint(cells: Iterable[Mapping[str, Any]]) -> str:
    """Returns a hash of what is written in the cells of a notebook; outputs are not counted."""
    texts = [[str(cell.get("cell_type")), source_of(cell)] for cell in cells]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def input_names(run: Run, feature: str, split: TransformCells | None) -> tuple[str, ...]:
    """Returns what a feature reads: the names that its `transform` has for it first, then the others."""
    named = split.arguments if split else ()
    try:
        recorded = run.stored.inputs()
    except DamagedError:
        recorded = None
    known = recorded.features.get(feature) if recorded else None
    if known is not None:
        names: Iterable[str] = known.sources
    else:
        failure = failure_of(run, feature)
        kept = [*failure.inputs, *failure.not_kept] if failure else []
        names = [*reads_of(run, feature), *kept]
    return tuple(dict.fromkeys([*named, *names]))


def _setup(subject: Subject) -> dict[str, Any]:
    names = (
        ["spark", "self", "start_date", "end_date"] if subject.code is not None else ["spark", "start_date", "end_date"]
    )
    values = {"self": "debug.feature"}
    given = ", ".join(values.get(name, f"debug.{name}") for name in names)
    return _code(
        SETUP,
        "from spark_etl import runs\n\n"
        f"{OPENS}{subject.run_call}.debugger({_text(subject.feature)})\n"
        f"{', '.join(names)} = {given}",
    )


def _input_cells(subject: Subject, split: TransformCells | None) -> Iterator[dict[str, Any]]:
    """Yields a cell for each input, which the code that follows has under the name that `transform` has for it."""
    names = input_names(subject.run, subject.feature, split)
    named = split.arguments if split else names
    others = [name for name in names if name not in named] if split and split.keywords else []
    if split and split.keywords and not others:
        yield _code("input:*", f"{split.keywords} = dict(debug.inputs)")
    for name in names:
        if name in others and split:
            made = f"{split.keywords} = {{{', '.join(f'{_text(each)}: {_input(each)}' for each in others)}}}\n"
            head = f"debug.head({split.keywords}[{_text(name)}])"
            yield _code(f"input:{name}", made + head if name == others[0] else head)
        elif name in named and _is_free(name):
            yield _code(f"input:{name}", f"{name} = {_input(name)}\ndebug.head({name})")
        else:
            yield _code(f"input:{name}", f"debug.head({_input(name)})")


def _input(name: str) -> str:
    return f"debug.input({_text(name)})"


def _is_free(name: str) -> bool:
    is_name = name.isidentifier() and not keyword.iskeyword(name)
    return is_name and not is_for_notebook(name) and name != "result"


def _code_cells(subject: Subject, split: TransformCells) -> Iterator[dict[str, Any]]:
    yield _markdown(_module_text(subject, split))
    future = "from __future__ import annotations\n\n" if split.lazy_annotations else ""
    yield _code("names", f"{future}globals().update(debug.names())")
    yield _markdown(_transform_text(split))
    yield from (_code(f"{TRANSFORM}{number}", text) for number, text in enumerate(split.cells))
    every = ", every_row=True" if failure_of(subject.run, subject.feature) else ""
    yield _code("result", f"debug.head({split.result}{every})")
    yield _markdown(
        "## Replay and compare\n\nThe feature is computed as the cells and the files below "
        f"{inline(subject.folder)} have it now, in a process of its own, and its rows are compared with the run's."
    )
    yield _code(REPLAY, "debug.replay_and_compare()")
    yield _markdown(
        "## Save as a patch\n\nWhat was changed in the cells of `transform` and in the files, as `git apply` takes it. "
        "On your machine, `./sandbox debug --apply NOTEBOOK` shows it, asks, and applies all of it or nothing."
    )
    yield _code("patch", "debug.save_patch()")


def _module_text(subject: Subject, split: TransformCells) -> str:
    if split.file is None or subject.code is None:
        return f"## The code\n\nThe files of the run's code lie below {inline(subject.folder)}."
    where = quote(f"{subject.folder.rpartition('/')[2]}/{split.file}")
    return "\n\n".join(
        [
            f"## The module {inline(split.file)}",
            f"The real file is [{inline(split.file)}]({where}), beside the others of the run's code. What is saved "
            "there takes effect with the next cell; run those that make a frame with it again. For a breakpoint, "
            "switch on the debugger (the bug above), open the module from *Kernel Sources* in its sidebar, and click "
            "beside a line. `transform` is below, as cells.",
            fenced(_cut(subject.code[split.file]), "python"),
        ]
    )


def _cut(module: str) -> str:
    text = module.rstrip("\n")
    return text if len(text) <= LONGEST_MODULE else f"{text[:LONGEST_MODULE]}\n# … the rest is in the file"


def _transform_text(split: TransformCells) -> str:
    of = f" of {inline(split.class_name)}" if split.class_name else ""
    if split.whole is None:
        return (
            f"## `transform`{of}\n\nOne cell for each statement: each leaves its frames to look at. What the last one "
            f"returns is `{split.result}`. Change any of them and run it again."
        )
    reason = f"It is one cell: {inline_text(split.whole)}."
    if split.is_editable:
        return (
            f"## `transform`{of}\n\n{reason} The cell has the whole class, makes an instance with the feature's "
            "parameters, and calls it. Change it and run it again."
        )
    return f"## `transform`{of}\n\n{reason} It is run as the file has it: change it there."


def _without_code(subject: Subject) -> str:
    command = f"./sandbox replay {subject.run.name}/{subject.feature} --code DIR"
    return (
        f"## No code\n\nThere is no code to run: {inline(subject.no_code)}. The inputs are there to look at. "
        f"With the project that computes the feature: {inline(command)}"
    )


def _untrusted_cells(subject: Subject, error: SparkEtlError, split: TransformCells | None) -> Iterator[dict[str, Any]]:
    yield _markdown(what_happened(subject.run, subject.feature, subject.code))
    name = run_name(subject.run.path, subject.scratch)
    yield _markdown(
        "## This code is not trusted yet\n\n"
        f"{inline(str(error))}\n\nNo cell of this notebook runs it. Look at it; then, on your machine:\n\n"
        + fenced("\n".join(_command_to_trusts(subject, name)))
    )
    if subject.code is not None and split is not None and split.file is not None:
        yield _markdown(f"## {inline(split.file)}\n\n{fenced(_cut(subject.code[split.file]), 'python')}")


def _command_to_trusts(subject: Subject, name: str) -> Iterator[str]:
    yield command_to_trust(subject.run.path, name, subject.scratch)
    program, local = ("./sandbox", "") if is_s3(subject.run.path) else ("spark-etl", " --scratch-path …")
    yield f"{program} debug {name}/{subject.feature} --new{local}"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=True)


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": "", "metadata": {}, "source": text}


def _code(part: str, text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": "",
        "metadata": {KEY: {"part": part}},
        "outputs": [],
        "source": text,
    }
