from typing import TextIO

from nbformat import NotebookNode

class PrettyPrintConfig:
    def __init__(
        self, out: TextIO = ..., *, use_git: bool = True, use_diff: bool = True, use_color: bool = True
    ) -> None: ...

def pretty_print_notebook_diff(
    afn: str, bfn: str, a: NotebookNode, di: list[dict[str, object]], config: PrettyPrintConfig = ...
) -> None: ...
