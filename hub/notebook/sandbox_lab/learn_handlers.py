"""The addresses of lessons: for the command, and a page on which they are done by clicks."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Any

import mistune
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from spark_etl.learning.markdown import as_markdown
from spark_etl.printable import printable
from tornado import template, web

from sandbox_lab.errors import RefusedError
from sandbox_lab.json_handler import POOL, JsonHandler
from sandbox_lab.learning import ACTIONS, GIVEN, act, list_lessons, notebook_path

PAGES = template.Loader(str(Path(__file__).parent / "pages"), autoescape="xhtml_escape")
as_html = mistune.create_markdown(escape=True)  # HTML in it is shown, and does nothing
HEADING = re.compile("^(?=#)", re.MULTILINE)
LONGEST_RUN = 500  # characters of its name, which stands in a file of the user's
NUMBER = re.compile("[1-9][0-9]{0,2}")


class LearnHandler(JsonHandler):
    """`sandbox/learn/api`: the lessons, and how far they are."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Sends the list."""
        root = Path(str(self.contents_manager.root_dir))
        await self.send_result(lambda: list_lessons(root))

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Does what the body says: `action`, `lesson`, and of an answer `feature`, `rows`, `of`."""
        body, root = self.get_json_body(), Path(str(self.contents_manager.root_dir))
        if not isinstance(body, dict) or not isinstance(body.get("action"), str):
            raise web.HTTPError(400, f"the body must be an object with an `action`: {', '.join(ACTIONS)}")
        action, lesson = body["action"], body.get("lesson")
        if lesson is not None and (not isinstance(lesson, int) or isinstance(lesson, bool)):
            raise web.HTTPError(400, "the body must have a whole number as `lesson`, or null")
        given = {name: body[name] for name in GIVEN if body.get(name) is not None}
        if not all(isinstance(text, str) for text in given.values()):
            raise web.HTTPError(400, f"the body must have texts as {', '.join(GIVEN)}")

        def work() -> dict[str, Any]:
            answer = act(root, action, lesson, given)
            return {**answer, "path": notebook_path(root, str(answer.get("notebook", "")))}

        await self.send_result(work)


class LearnPageHandler(JupyterHandler):
    """`sandbox/learn`: the page of lessons."""

    auth_resource = "contents"

    def initialize(self, buckets: list[str]) -> None:
        """Takes what all handlers are given."""
        del buckets

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Shows the lessons."""
        await self._show()

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Does what a button says, and shows the lessons with what came of it."""
        action, number = self.get_body_argument("action", ""), self.get_body_argument("lesson", "")
        if not NUMBER.fullmatch(number):
            raise web.HTTPError(400, "the form must name a lesson")
        given = {name: self.get_body_argument(name, "") for name in GIVEN}
        root = Path(str(self.contents_manager.root_dir))
        try:
            made = await asyncio.get_running_loop().run_in_executor(POOL, act, root, action, int(number), given)
        except RefusedError as refusal:
            self.set_status(refusal.status)
            made = {"lines": [refusal.message, *([f"Next: {refusal.hint}"] if refusal.hint else [])], "refused": True}
        typed = given if action in {"check", "hint"} else {}
        await self._show(int(number), action, {**made, "answer": typed})

    async def _show(self, number: int = 0, action: str = "", made: dict[str, Any] | None = None) -> None:
        root = Path(str(self.contents_manager.root_dir))
        try:
            found = await asyncio.get_running_loop().run_in_executor(POOL, list_lessons, root)
        except RefusedError as refusal:
            raise web.HTTPError(refusal.status, " Next: ".join(filter(None, [refusal.message, refusal.hint]))) from None
        for lesson in found["lessons"]:
            if lesson["number"] == number and made and made["answer"]:
                lesson["answer"] = made["answer"]  # what was typed stays, also where it was not checked
            lesson["ticket"] = _as_html(printable(lesson["ticket"]))
            lesson["run"] = printable(lesson["run"][:LONGEST_RUN], one_line=True)
        base, hub = self.settings["base_url"], os.environ.get("JUPYTERHUB_HOST", "")
        page = PAGES.load("learn.html").generate(
            lessons=found["lessons"],
            number=number,
            action=action,
            made=made or {},
            said=_said((made or {}).get("lines", [])),
            here=url_path_join(base, "sandbox", "learn"),
            lab=url_path_join(base, "lab", "tree", "learn"),
            hub=hub,
            token=self.xsrf_token.decode("ascii"),
        )
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.finish(page)


def _said(lines: list[Any]) -> str:
    """Returns what a lesson says as HTML, its headings below that of the lesson."""
    return _as_html(as_markdown([str(line) for line in lines]))


def _as_html(text: str) -> str:
    return str(as_html(HEADING.sub("##", text)))


HANDLERS: dict[str, type[JupyterHandler]] = {"learn": LearnPageHandler, "learn/api": LearnHandler}
