"""The list of runs, the page of one, and what else belongs to it."""

from __future__ import annotations

from typing import Any

from jupyterhub.services.auth import HubOAuthenticated
from tornado import web

from sandbox_hub.pages import refuse_other_sites
from sandbox_hub.runs.handlers import RunsHandler, page_link
from sandbox_hub.runs.limits import MOST_TO_COMPARE
from sandbox_hub.runs.listing import STATUSES, Filters, list_runs
from sandbox_hub.runs.relations import last_success, other_runs, relations_of
from sandbox_hub.runs.run_view import RunView, log_tail, sources_of, view_of

LONGEST_QUERY = 200


class RunListHandler(RunsHandler):
    """`/services/runs/`."""

    @web.authenticated
    async def get(self) -> None:
        """Lists the runs that match."""
        given = {name: self.get_query_argument(name, "")[:LONGEST_QUERY] for name in ("q", "status", "pipeline")}
        status = given["status"] if given["status"] in STATUSES else ""
        before = self.get_query_argument("before", "")[:LONGEST_QUERY]
        replays = self.get_query_argument("replays", "") == "1"
        filters = Filters(given["q"], status, given["pipeline"], replays=replays, before=before)
        found = await self.ask_store(lambda: list_runs(self._access.store(self.user), self.user, filters))
        template = "list_part.html" if self.wants_part else "list.html"
        self.render(template, found=found, filters=filters, statuses=STATUSES)


class RunHandler(RunsHandler):
    """`/services/runs/TEAM/PIPELINE/RUN_ID`, and of a user's own `/services/runs/users/NAME/…`."""

    @web.authenticated
    async def get(self, path: str) -> None:
        """Shows a run; what changes while it goes on is the part that a script asks for."""
        _, run, document = await self.find(path)
        view = await self.ask_store(lambda: view_of(run, document))
        is_rest = bool(self.get_query_argument("rest", ""))
        drawing = "" if is_rest else await self.ask_store(lambda: view.graph(page_link(path)))
        if self.wants_part and not is_rest:
            self.render("run_part.html", run=view, here=page_link(path), drawing=drawing)
            return

        def work() -> dict[str, Any]:
            sources, problem = sources_of(run)
            log, has_more = log_tail(run.log())
            return {"sources": sources, "problem": problem, "log": log, "has_more": has_more}

        template = "run_rest.html" if self.wants_part else "run.html"
        self.render(template, run=view, here=page_link(path), drawing=drawing, **await self.ask_store(work))


class RelationsHandler(RunsHandler):
    """`…/relations`: replays, who reuses it, who pins it, and what it can be compared with."""

    @web.authenticated
    async def get(self, path: str) -> None:
        """Shows them, as a part of the run's page or as one of its own."""
        store, run, document = await self.find(path)
        view = await self.ask_store(lambda: view_of(run, document))
        found = await self.ask_store(lambda: relations_of(store, run, self.user))
        template = "relations_part.html" if self.wants_part else "relations.html"
        self.render(template, run=view, here=page_link(path), found=found)


class CompareHandler(RunsHandler):
    """`…/compare`: with which run it is to be compared; the comparison is made in the viewer's own server."""

    @web.authenticated
    async def get(self, path: str) -> None:
        """Shows the newest runs of its pipeline, the last that succeeded chosen."""
        store, run, document = await self.find(path)
        others = await self.ask_store(lambda: other_runs(store, run, self.user, MOST_TO_COMPARE))
        before = await self.ask_store(lambda: last_success(store, run, self.user))
        succeeded = (each for each in others if each.status == "succeeded")
        chosen = before or next(succeeded, None)
        if before is not None and before not in others:
            others.append(before)
        view: RunView = await self.ask_store(lambda: view_of(run, document))
        self.render("compare.html", run=view, here=page_link(path), others=others, chosen=chosen.name if chosen else "")


class LogHandler(RunsHandler):
    """`…/log`: all that the run said, as text."""

    @web.authenticated
    async def get(self, path: str) -> None:
        """Sends the log."""
        _, run, _ = await self.find(path)
        text = await self.ask_store(run.log)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        self.finish(text.encode("utf-8", "replace"))


class GraphHandler(RunsHandler):
    """`…/graph`: the drawing alone, however large it is."""

    @web.authenticated
    async def get(self, path: str) -> None:
        """Shows the graph."""
        _, run, document = await self.find(path)
        view = await self.ask_store(lambda: view_of(run, document))
        drawing = await self.ask_store(lambda: view.graph(page_link(path), whole=True))
        self.render("graph.html", run=view, here=page_link(path), drawing=drawing)


class StopHandler(RunsHandler):
    """`…/stop`: asks before, and then asks the run to stop."""

    @web.authenticated
    async def get(self, path: str) -> None:
        """Says what would be stopped."""
        _, run, document = await self.find(path)
        view = await self.ask_store(lambda: view_of(run, document))
        self.render("stop.html", run=view, here=page_link(path))

    @web.authenticated
    async def post(self, path: str) -> None:
        """Writes the request, and goes back to the run's page."""
        refuse_other_sites(self)
        HubOAuthenticated.check_xsrf_cookie(self)
        _, run, document = await self.find(path)
        view = await self.ask_store(lambda: view_of(run, document))
        if not view.is_running:
            raise web.HTTPError(409, "%s", f"run {document.run_id} has ended: {view.status}")
        await self.ask_store(lambda: self._access.for_stops(run).request_stop(self.user))
        self.redirect(page_link(path))

    def check_xsrf_cookie(self) -> None:
        """Is checked by `post`, which refuses other sites first."""
