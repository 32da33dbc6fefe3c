"""The page of a feature of a run, and the run's code."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from spark_etl.errors import SparkEtlError
from spark_etl.store import FeatureRecord, Manifest, RunDocument, StoredRun, manifest_at
from tornado import web

from sandbox_hub.apart.process import PageError
from sandbox_hub.runs import access
from sandbox_hub.runs.access import NoSuchRunError, path_of
from sandbox_hub.runs.handlers import RunsHandler, page_link
from sandbox_hub.runs.limits import LARGEST_DOCUMENT, LARGEST_MANIFEST, LARGEST_REPORT, LONGEST_TEXT
from sandbox_hub.runs.relations import last_success, other_runs
from sandbox_hub.runs.run_view import view_of

FRAME = re.compile(r'^  File "(?P<file>[^"\n]+)", line (?P<line>\d{1,9})(?:, in (?P<where>[^\n]*))?$', re.MULTILINE)
MOST_FRAMES, MOST_COLUMNS = 10, 2_000
LAST_SUCCESS, MOST_LOOKED_AT = "last-success", 50


@dataclass(frozen=True)
class FailureView:
    """Why a feature failed.

    Attributes:
        message: What was raised.
        traceback: The project's own frames, as text.
        lines: The same with the lines of the kept code around each.
    """

    message: str
    traceback: str
    lines: tuple[dict[str, Any], ...] = ()


class FeatureHandler(RunsHandler):
    """`…/features/ALIAS`."""

    @web.authenticated
    async def get(self, path: str, alias: str) -> None:
        """Shows a feature: how it ended, what its rows are, its code as it ran, and where it failed."""
        _, run, document = await self.find(path)
        feature = document.features.get(alias)
        if feature is None:
            raise web.HTTPError(404, "%s", f"run {document.run_id} has no feature `{alias}`")
        view = await self.ask_store(lambda: view_of(run, document))
        manifest, problem = await self.ask_store(lambda: self._manifest(run, alias, feature))
        code, no_code = await self._answer("class", run, document, feature.class_path)
        failure = await self._failure(run, document, alias)
        self.render(
            "feature.html",
            run=view,
            here=page_link(path),
            alias=alias,
            feature=feature,
            row=next(each for each in view.rows() if each.alias == alias) if alias in document.order else None,
            columns=list(manifest.columns.items())[:MOST_COLUMNS] if manifest else [],
            manifest=manifest,
            problem=problem,
            code=code,
            no_code=no_code,
            failure=failure,
            upstreams=document.graph.get(alias) or [],
            readers=[name for name, above in document.graph.items() if alias in above],
            parameters=dict(view.parameters()).get(alias, ""),
        )

    async def _answer(self, what: str, run: StoredRun, document: RunDocument, *words: str) -> tuple[Any, str]:
        """Returns what the code says, and why it says nothing."""
        try:
            return await self._code.ask(self.user, what, [(run, document)], *words), ""
        except SparkEtlError as error:
            return None, error.message
        except PageError as error:
            return None, str(error)

    async def _failure(self, run: StoredRun, document: RunDocument, alias: str) -> FailureView | None:
        error = document.features[alias].error
        if error is None and document.error is not None and document.error.feature == alias:
            error = document.error
        if error is None:
            return None
        report = await self.ask_store(lambda: run.failure_report(alias, largest=LARGEST_REPORT))
        message = str(report.get("message") or error.message or "")[:LONGEST_TEXT]
        frames = str(report.get("frames") or error.traceback or "")[:LONGEST_TEXT]
        found = [(match["file"], int(match["line"]), match["where"] or "") for match in FRAME.finditer(frames)]
        lines, _ = await self._answer("failure", run, document, json.dumps(found[-MOST_FRAMES:])) if found else ([], "")
        return FailureView(message, frames, tuple(lines or ()))

    def _manifest(self, run: StoredRun, alias: str, feature: FeatureRecord) -> tuple[Manifest | None, str]:
        """Returns what the feature's checkpoint is, also one of another run, and why that is not shown."""
        if not feature.has_checkpoint:
            return None, "No rows of it are kept."
        root = run.root
        if feature.reused_from:
            try:
                path = feature.reused_from.removeprefix(f"{access.SCRATCH}/")
                root = self._access.run(self.user, path).root
            except NoSuchRunError:
                return None, "Its rows are those of a run that is not shown to you."
        try:
            found = manifest_at(f"{root}/{alias}", run.settings, largest=LARGEST_MANIFEST)
        except SparkEtlError as error:
            return None, f"{error.message}."
        return found, "" if found else "Its checkpoint was deleted."


class CodeHandler(RunsHandler):
    """`…/code`, `…/code/FILE`: what the run has kept of the project; `?against=last-success`: the difference."""

    @web.authenticated
    async def get(self, path: str, file: str | None = None) -> None:
        """Shows the files, one of them, or how they differ from those of another run."""
        store, run, document = await self.find(path)
        view = await self.ask_store(lambda: view_of(run, document))
        against = self.get_query_argument("against", "")
        shared: dict[str, Any] = {"run": view, "here": page_link(path)}
        try:
            if file is not None:
                shown = await self._code.ask(self.user, "file", [(run, document)], file)
                if shown is None:
                    raise web.HTTPError(404, "%s", f"the code of run {document.run_id} has no file {file}")
                self.render("file.html", **shared, file=shown)
            elif against:
                other, other_document = await self._other(store, run, document, against)
                pair = [(other, other_document), (run, document)]
                found = await self._code.ask(self.user, "difference", pair)
                self.render(
                    "difference.html", **shared, other=other.run_id, link=page_link(path_of(other)), found=found
                )
            else:
                files = await self._code.ask(self.user, "files", [(run, document)])
                self.render("code.html", **shared, files=files)
        except SparkEtlError as error:
            raise self.refuse(error) from None
        except PageError as error:
            raise web.HTTPError(503, "%s", str(error)) from None

    async def _other(
        self, store: Any, run: StoredRun, document: RunDocument, name: str
    ) -> tuple[StoredRun, RunDocument]:
        """Returns the run that this one is compared with.

        Raises:
            HTTPError: There is none.
        """

        def work() -> tuple[StoredRun, RunDocument] | None:
            if name == LAST_SUCCESS:
                known = last_success(store, run, self.user)
            else:
                others = other_runs(store, run, self.user, MOST_LOOKED_AT)
                known = next((each for each in others if name in {each.name, each.path}), None)
            other = self._access.run(self.user, known.path) if known else None
            found = other.document(largest=LARGEST_DOCUMENT) if other else None
            return (other, found) if other and found else None

        found = await self.ask_store(work)
        if found is None:
            what = (
                "no run of its pipeline succeeded before it"
                if name == LAST_SUCCESS
                else f"no run {name} of its pipeline"
            )
            raise web.HTTPError(404, "%s", f"nothing to compare run {document.run_id} with: {what}")
        return found
