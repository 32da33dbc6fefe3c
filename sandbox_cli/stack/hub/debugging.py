"""The debug notebook of a run: written in the server of a user, opened by its link, and its edits as a patch."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from spark_etl.compare.request import is_local_run
from spark_etl.debugging.origin import Origin, find_origin, origin_in
from spark_etl.errors import ArgumentError, ReadError
from spark_etl.printable import printable
from spark_etl.reading import Run, Runs
from spark_etl.reading.commands import USUAL_SCRATCH, local_debug_words
from spark_etl.reading.repeat import newest_failed
from spark_etl.store import ADOPTED, looks_like_a_path

from sandbox_cli.console import Stage
from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.stack.hub.lab_requests import ask_lab, lab_link
from sandbox_cli.stack.session import Session

DEBUG, PATCH = "/sandbox/debug", "/sandbox/debug/patch"
OF_USER = re.compile(r"/user/([^/]+)/(.*)")
IN_LAB = re.compile(r"(?:.*/)?(?:lab|doc)(?:/workspaces/[^/]+)?/tree/(.+)")
NEW, UNCHANGED = "new", "unchanged"


@dataclass(frozen=True)
class DebugNotebook:
    """A debug notebook in a user's server.

    Attributes:
        user: Whose server.
        link: Its page.
        path: As JupyterLab shows it.
        state: `new`; or of one that was there: `unchanged`, or `edited`.
        folder: Where the code of the run was unpacked.
        run: The run.
        feature: The feature.
        trusted: Whether the code may run; if not, it is only shown.
    """

    user: str
    link: str
    path: str
    state: str
    folder: str
    run: str
    feature: str
    trusted: bool

    def to_dict(self) -> dict[str, Any]:
        """Returns the same as plain values."""
        return asdict(self)


def find(runs: Runs, name: str | None, users: set[str]) -> Origin:
    """Returns the run and the feature that are to be debugged.

    Args:
        runs: Of the stack.
        name: `RUN/FEATURE`, or `RUN`, for the feature that it failed at; None: the newest of these users that failed.
        users: Who calls.

    Raises:
        UsageError: The run lies in a folder of this machine, or has no code.
        spark_etl.errors.ArgumentError: There is none, or it has no such feature.
    """
    origin = _found(runs, name) if name is not None else origin_in(newest_failed(runs, users), needs_code=False)
    if origin.why_no_code:
        is_adopted = origin.run.kind == ADOPTED
        with_code = f"with the project that computes it: sandbox replay {origin.name} --code DIR"
        hint = with_code if is_adopted else "a new run keeps its code, unless told otherwise"
        raise UsageError(f"There is nothing to open: {origin.why_no_code}.", hint=hint)
    return origin


def _found(runs: Runs, name: str) -> Origin:
    """Returns the run and the feature of a name; one that is found on this machine only is refused."""
    head, _, last = name.rstrip("/").rpartition("/")
    for folder, feature in ((name, ""), (head, last)):
        if folder and is_local_run(folder):
            raise _local(str(Path(folder).resolve()), feature)
    try:
        return find_origin(runs, name, needs_code=False)
    except ArgumentError:
        if local := _below_usual_folder(head or last):
            raise _local(local.path, last if head else "") from None
        raise


def _below_usual_folder(name: str) -> Run | None:
    """Returns the run that `spark-etl run --local`, called in this folder, has kept by that id."""
    usual = Path(USUAL_SCRATCH[True])
    try:
        return Runs(str(usual.resolve()))[name] if usual.is_dir() and not looks_like_a_path(name) else None
    except ReadError:
        return None


def _local(root: str, feature: str) -> UsageError:
    command, verb, run, *options = local_debug_words(root)
    words = shlex.join([command, verb, f"{run}/{feature}" if feature else run, *options])
    return UsageError(
        f"Run {run} lies in a folder of this machine, which no server of the hub can read.",
        hint=f"{words}\nIt writes the notebook here, for any Jupyter.",
    )


def open_notebook(session: Session, stage: Stage, user: str, origin: Origin, *, new: bool) -> DebugNotebook:
    """Writes a debug notebook in a user's server, which is started if need be; one that is there stays as it is.

    Args:
        session: The stack.
        stage: Shows how far it is.
        user: In whose server.
        origin: The run and the feature.
        new: Whether another one is made beside one that is there.

    Raises:
        UsageError: The server refuses, with its reason.
        StackError: It does not answer, or is of an older version.
    """
    answer = ask_lab(
        session,
        stage,
        user,
        DEBUG,
        body={"run": origin.run.name, "feature": origin.feature, "new": new},
        what="debug",
        step="the notebook",
    )
    texts = {name: str(answer.get(name) or "") for name in ("path", "state", "folder", "run", "feature")}
    path = PurePosixPath(texts["path"])
    if path.suffix != ".ipynb" or path.is_absolute() or ".." in path.parts:  # what runs in a server is its user's own
        raise StackError(
            f"The server of `{user}` does not say where the notebook is.", hint=f"sandbox logs user:{user}"
        )
    link = lab_link(session, user, texts["path"])
    return DebugNotebook(user=user, link=link, trusted=answer.get("trusted") is True, **texts)


def fetch_patch(session: Session, stage: Stage, user: str, path: str) -> Mapping[str, Any]:
    """Returns what was edited in a debug notebook: patch, left_out, run.

    Args:
        session: The stack.
        stage: Shows how far it is.
        user: In whose server it is.
        path: The notebook's, as JupyterLab shows it.

    Raises:
        UsageError: There is no such notebook, or it is none of `debug`.
        StackError: The server does not answer, or is of an older version.
    """
    return ask_lab(session, stage, user, PATCH, body={"path": path}, what="debug", step="the notebook")


def notebook_of(text: str, hub: str) -> tuple[str | None, str]:
    """Returns whose server a notebook is in, if its page's address says so, and its path there.

    Args:
        text: A path as JupyterLab shows it, or the address of the page, also with the host of a user.
        hub: The hub's address.

    Raises:
        UsageError: It is another page, one of another hub, or no notebook.
    """
    parsed = urlsplit(text)
    user, path = None, text.removeprefix("~/").lstrip("/")
    if parsed.scheme in {"http", "https"}:
        ports = {_port_here(text), _port_here(hub)} - {None}
        if len(ports) > 1:
            shown = printable(f"{parsed.scheme}://{parsed.netloc}"[:200], one_line=True)
            raise UsageError(
                f"--apply: the page is one of {shown}, and the hub of this stack is {hub}.",
                hint="give the notebook's path, or name the stack that it is in: --stack NAME",
            )
        of_user = OF_USER.fullmatch(parsed.path)
        in_lab = IN_LAB.fullmatch(parsed.path)
        user, path = unquote(of_user[1]) if of_user else None, unquote(in_lab[1]) if in_lab else ""
    if not path.endswith(".ipynb"):
        shown = printable(text[:200], one_line=True)
        raise UsageError(
            f"--apply {shown}: it is no debug notebook, and no .patch file.",
            hint="give its path as JupyterLab shows it, below `debug`, or the address of its page",
        )
    return user, path


def _port_here(address: str) -> int | None:
    """Returns the port of an address of this machine, which tells its hubs apart; None of any other."""
    try:
        parsed = urlsplit(address)
        host, port = parsed.hostname or "", parsed.port
    except ValueError:
        return None
    is_here = host in {"127.0.0.1", "::1", "localhost"} or host.endswith(".localhost")
    return (port or {"http": 80, "https": 443}.get(parsed.scheme)) if is_here else None
