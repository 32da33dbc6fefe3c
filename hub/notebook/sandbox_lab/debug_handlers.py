"""The addresses of notebooks about a run: the debug notebook, its edits as a patch, and what the page of runs opens."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from tornado import web

from sandbox_lab.debugging import make_patch, open_notebook
from sandbox_lab.json_handler import JsonHandler, OpeningHandler
from sandbox_lab.run_notebooks import open_run_notebook

YES = {"1", "true"}


class DebugHandler(JsonHandler):
    """`sandbox/debug`: writes the debug notebook of a run."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Sends where the notebook is, and whether it was there."""
        body = self.get_json_body()
        if not isinstance(body, dict):
            raise web.HTTPError(400, "the body must be an object with `run`, `feature` and `new`")
        run, feature = (_text_or_none(body, name) for name in ("run", "feature"))
        if feature is not None and run is None:
            raise web.HTTPError(400, "the body must name the `run` of its `feature`")
        root, new = Path(str(self.contents_manager.root_dir)), body.get("new") is True
        await self.send_result(lambda: open_notebook(root, run, feature, new=new))


class DebugPatchHandler(JsonHandler):
    """`sandbox/debug/patch`: what was edited in a debug notebook."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Sends the patch."""
        path, root = self.get_body_path(), Path(str(self.contents_manager.root_dir))
        await self.send_result(lambda: make_patch(root, path))


class OpenDebugHandler(OpeningHandler):
    """`sandbox/debug/open?run=…&feature=…`: a page, to which the last line of a failed run leads."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Writes the notebook unless there is one, and sends the browser to it. Nothing of the run is executed."""
        run, feature = (self.get_query_argument(name, "") or None for name in ("run", "feature"))
        if run is None:
            raise web.HTTPError(400, "The address must name a run: …/sandbox/debug/open?run=RUN")
        new = self.get_query_argument("new", "") in YES
        root = Path(str(self.contents_manager.root_dir))
        work = functools.partial(open_notebook, root, run, feature, new=new)
        notebook = await self.made(work)
        self.open_in_lab(str(notebook["path"]))


class OpenRunNotebookHandler(OpeningHandler):
    """`sandbox/runs/open?kind=…&run=…&feature=…&other=…`: a page, to which the page of runs leads."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Writes the notebook unless there is one, and sends the browser to it. Nothing of it is executed."""
        given = {name: self.get_query_argument(name, "") for name in ("kind", "run", "feature", "other")}
        root = Path(str(self.contents_manager.root_dir))
        work = functools.partial(
            open_run_notebook, root, given["kind"], given["run"], given["feature"] or None, given["other"] or None
        )
        notebook = await self.made(work)
        self.open_in_lab(str(notebook["path"]))


def _text_or_none(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise web.HTTPError(400, f"the body must have a text as `{name}`, or null")
    return value


HANDLERS: dict[str, type[JupyterHandler]] = {
    "debug": DebugHandler,
    "debug/open": OpenDebugHandler,
    "debug/patch": DebugPatchHandler,
    "runs/open": OpenRunNotebookHandler,
}
