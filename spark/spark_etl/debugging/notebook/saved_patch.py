"""What `debug.save_patch()` shows: the changes, where they were written, and how they get into the project."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from spark_etl.debugging.notebook.own_notebook import OwnNotebook
from spark_etl.printable import printable
from spark_etl.units import format_count

MOST_LINES = 500
OF_STACK = ("./sandbox", "debug", "--apply")
# Without a repository, or git would pass over a project that lies below the top of one.
BY_GIT = ("git", "--git-dir=/dev/null", "apply")
SAVE_FIRST = "save the notebook (Ctrl+S), which has cells that were run and not saved"


@dataclass(frozen=True)
class SavedPatch:
    """The changes of a debug notebook as a patch; it shows itself.

    Attributes:
        path: The file, which lies beside the notebook; None where nothing was edited.
        text: The unified diff; empty where nothing was edited.
        next: The command that applies it, and what has to be done before.
        left_out: What of the cells is not in it, a line each.
        shown: The file as JupyterLab shows it.
    """

    path: Path | None
    text: str = ""
    next: str = ""
    left_out: Sequence[str] = ()
    shown: str = ""

    @classmethod
    def write(cls, path: Path, text: str, left_out: Sequence[str], *, notebook: OwnNotebook, local: bool) -> SavedPatch:
        """Writes a patch and returns it.

        Args:
            path: Where to.
            text: The diff.
            left_out: What of the cells is not in it.
            notebook: Whose changes they are.
            local: Whether the run was one without a stack: then git applies the file itself.
        """
        path.write_text(text, encoding="utf-8", newline="")
        user = os.environ.get("JUPYTERHUB_USER")
        command = [*OF_STACK, notebook.name, *(["--user", user] if user else [])] if not local else [*BY_GIT, str(path)]
        before = "" if local or notebook.is_saved else f"{SAVE_FIRST}, then: "
        return cls(path, text, f"{before}{shlex.join(command)}", tuple(left_out), notebook.shown(path))

    def __bool__(self) -> bool:
        return bool(self.text)

    def _notes(self) -> Iterator[str]:
        yield from (f"not in it: {line}" for line in self.left_out)

    def _lines(self) -> list[str]:
        lines = printable(self.text).splitlines()
        more = len(lines) - MOST_LINES
        return lines[:MOST_LINES] + ([f"… {format_count(more, 'line')} more in the file"] if more > 0 else [])

    def __repr__(self) -> str:
        if not self.text:
            return printable("\n".join(["nothing is edited: the code is what the run had", *self._notes()]))
        where = [f"saved: {self.shown}", *self._notes(), f"next: {self.next}"]
        return "\n".join([*self._lines(), "", *map(printable, where)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{escape(printable(note))}</p>" for note in self._notes())
        if not self.text or self.path is None:
            return f"<p>Nothing is edited: the code is what the run had.</p>{notes}"
        # Relative to the notebook: JupyterLab makes of it the address at its server, which the browser downloads.
        href, name = quote(self.path.name), escape(printable(self.path.name))
        link = f'<a href="{href}" download="{name}">Download {name}</a>'
        diff = escape("\n".join(self._lines()))
        command = escape(printable(self.next))
        return f"<pre>{diff}</pre>{notes}<p>{link}, or on your machine: <code>{command}</code></p>"
