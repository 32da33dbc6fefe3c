"""The shelf's API for the servers of authors, which share notebooks; `sandbox_hub.shelf.withdraw` takes them off.

Whatever changes something needs a token: no page of another site can have one.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from bounded_http import Body
from spark_etl import bounded_json
from spark_etl import usernames as names
from spark_etl.errors import DamagedError
from spark_etl.printable import printable
from tornado import web

from sandbox_hub.shelf.handlers import ShelfHandler, page_link
from sandbox_hub.shelf.share_queue import QueueFullError, ShareJob
from sandbox_hub.shelf.store import NameRefusedError, slug
from sandbox_hub.shelf.validation import (
    MAX_DECODED_BYTES,
    MAX_NOTEBOOK_BYTES,
    MAX_PARSED_BYTES,
    MAX_TEXT_CHARS,
    OVERHEAD_BYTES,
    check_reads,
    parse_notebook,
)

# A notebook in JSON: a notebook of text has a backslash before one character in eight, one of pictures none.
MAX_BODY_BYTES = MAX_NOTEBOOK_BYTES + MAX_NOTEBOOK_BYTES // 4 + OVERHEAD_BYTES
BODY_SECONDS = 120


@web.stream_request_body
class ShareHandler(ShelfHandler):
    """`/services/shelf/api/share`."""

    @web.authenticated
    def prepare(self) -> None:
        """Takes nothing in before it is known whose it is."""
        if not self.request.headers.get("Authorization"):
            raise web.HTTPError(403, "sharing needs a token")
        author = self.current_user["name"]
        if author in names.RESERVED:  # a notebook that is run again has the rerun user's token
            raise web.HTTPError(403, f"`{author}` is the stack's own user, and shares nothing")
        self._body = Body(self.request, MAX_BODY_BYTES, BODY_SECONDS)

    def data_received(self, chunk: bytes) -> None:
        """Takes a part of the notebook in."""
        self._body.add(chunk)

    @web.authenticated
    def post(self) -> None:
        """Adds the notebook to the queue; 202 with the job."""
        try:
            job = self._queue.add(self.current_user["name"], parse_share_request(self._body.take()))
        except QueueFullError as error:
            raise web.HTTPError(429, str(error)) from None
        except (DamagedError, NameRefusedError) as error:
            raise web.HTTPError(422, printable(f"it can't be shared: {error.message}", one_line=True)[:300]) from None
        self.set_status(202)
        self.finish({"job": job.job_id})


class ShareProgressHandler(ShelfHandler):
    """`/services/shelf/api/share/JOB`."""

    @web.authenticated
    def get(self, job_id: str) -> None:
        """Sends how far a job of one's own is."""
        job = self._queue.get(self.current_user["name"], job_id)
        if job is None:
            raise web.HTTPError(404, "no such job: the hub was restarted, or the job belongs to another user")
        self.finish(job_to_dict(job))


class NotebooksHandler(ShelfHandler):
    """`/services/shelf/api/notebooks`."""

    @web.authenticated
    def get(self) -> None:
        """Lists the notebooks that match the search."""
        query = self.get_query_argument("q", "")
        found = [record for record in self._shelf.latest() if record.matches(query)]
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps([asdict(record) | {"link": page_link(record)} for record in found]))


class MineHandler(ShelfHandler):
    """`/services/shelf/api/mine?path=PATH`."""

    @web.authenticated
    def get(self) -> None:
        """Sends what a notebook of one's own is called on the shelf, and which versions of it are there."""
        author = self.current_user["name"]
        try:
            name = slug(self.get_query_argument("path"))
        except NameRefusedError as error:
            raise web.HTTPError(422, str(error)) from None
        versions = self._shelf.versions(author, name)
        self.finish(
            {
                "author": author,
                "name": name,
                "next": self._shelf.next_version(author, name),
                "versions": [
                    {"version": record.version, "at": record.at, "verdict": record.verdict} for record in versions
                ],
            }
        )


def parse_share_request(body: bytes) -> dict[str, Any]:
    """Returns `content`, `path` and `reads` of what is to be shared, once it is sure to be a notebook.

    Raises:
        DamagedError: It is no notebook.
    """
    request = bounded_json.parse(
        body,
        "the request",
        largest=MAX_BODY_BYTES,
        in_objects=MAX_PARSED_BYTES,
        in_memory=MAX_DECODED_BYTES,
        finite=False,
    )
    if not isinstance(request, dict) or not isinstance(request.get("path"), str):
        raise DamagedError("the request must be an object with the notebook's `content` and `path`, both texts")
    parse_notebook(request.get("content"))
    reads = check_reads(request.get("reads") or [])
    return {"content": request["content"], "path": request["path"][:MAX_TEXT_CHARS], "reads": reads}


def job_to_dict(job: ShareJob) -> dict[str, Any]:
    """Returns a job as its author's server gets it."""
    progress = {"state": job.state, "message": job.message}
    record = job.record
    if record is None:
        return progress
    return {
        **progress,
        "author": record.author,
        "name": record.name,
        "version": record.version,
        "verdict": record.verdict,
        "why": record.why,
        "reads": record.reads,
        "seconds": record.seconds,
        "link": page_link(record),
    }
