"""The shelf as a service of the hub: pages for people, at /services/shelf/, and an API for their servers.

GET  /services/shelf/?q=words                     the notebooks that match
GET  /services/shelf/AUTHOR/NAME[/vN]             one notebook, its record, and whether its data is still there
GET  /services/shelf/AUTHOR/NAME[/vN]/cells       its cells, for a frame of that page in which nothing runs
POST /services/shelf/AUTHOR/NAME[/vN]/withdraw    takes it off the shelf, for its author; GET: asks before
POST /services/shelf/api/share                    {path, content, reads} by the author's token → {job}
GET  /services/shelf/api/share/JOB                {state, message, version, verdict, link}
GET  /services/shelf/api/mine?path=PATH           what a notebook of one's own is called, and its versions
GET  /services/shelf/api/notebooks?q=words        the same list, as JSON
DELETE /services/shelf/api/notebooks/AUTHOR/NAME[/vN]   by its author's token, or the command's → {withdrawn: [N, …]}
"""

from __future__ import annotations

import os
from pathlib import Path

from bounded_http import Limits
from jupyterhub.services.auth import HubOAuthCallbackHandler
from spark_etl.usernames import RERUN_USER, USER_NAME
from tornado import web

from sandbox_hub import hub_service
from sandbox_hub.keys.s3_keys import server_keys_from_env
from sandbox_hub.shelf.api import MAX_BODY_BYTES, MineHandler, NotebooksHandler, ShareHandler, ShareProgressHandler
from sandbox_hub.shelf.cells.page_queue import NotebookPages
from sandbox_hub.shelf.checkpoints import CheckpointStore
from sandbox_hub.shelf.handlers import PREFIX, CellsHandler, MissingHandler, NotebookHandler, NotebookListHandler
from sandbox_hub.shelf.quota import quota_from_env
from sandbox_hub.shelf.rerun import RerunServer
from sandbox_hub.shelf.share_queue import ShareQueue
from sandbox_hub.shelf.store import Shelf
from sandbox_hub.shelf.validation import OVERHEAD_BYTES
from sandbox_hub.shelf.withdraw import UnshareHandler, WithdrawHandler

# One notebook of the largest at a time, or a few small ones.
LIMITS = Limits(connections=256, bodies_bytes=MAX_BODY_BYTES + OVERHEAD_BYTES)
# Below scratch/users/, and no user's: a name begins with a letter. No server has keys to it.
AUTHOR, NAME, VERSION = f"({USER_NAME})", r"([A-Za-z0-9][A-Za-z0-9._-]{0,79})", r"(?:/v([1-9][0-9]{0,5}))?"
# The second is for servers that were started before notebooks were shared by that name.
SHARE = "(?:share|publish)"


def application(shelf: Shelf, checkpoints: CheckpointStore, queue: ShareQueue) -> web.Application:
    """Returns the service."""
    shared = {"shelf": shelf, "checkpoints": checkpoints, "queue": queue}
    return hub_service.application(
        [
            (f"{PREFIX}oauth_callback", HubOAuthCallbackHandler),
            (PREFIX, NotebookListHandler, shared),
            (f"{PREFIX}api/{SHARE}", ShareHandler, shared),
            (f"{PREFIX}api/{SHARE}/([A-Za-z0-9_-]+)", ShareProgressHandler, shared),
            (f"{PREFIX}api/mine", MineHandler, shared),
            (f"{PREFIX}api/notebooks", NotebooksHandler, shared),
            (f"{PREFIX}api/notebooks/{AUTHOR}/{NAME}{VERSION}", UnshareHandler, shared),
            (f"{PREFIX}{AUTHOR}/{NAME}{VERSION}", NotebookHandler, shared),
            (f"{PREFIX}{AUTHOR}/{NAME}{VERSION}/cells", CellsHandler, shared),
            (f"{PREFIX}{AUTHOR}/{NAME}{VERSION}/withdraw", WithdrawHandler, shared),
            (".*", MissingHandler, shared),
        ],
        Path(__file__).parent / "pages",
        notebook_pages=NotebookPages(),
    )


async def main() -> None:
    """Serves until the hub stops it."""
    endpoint, region = os.environ["AWS_ENDPOINT_URL_S3"], os.environ["AWS_REGION"]
    checkpoints = CheckpointStore(endpoint, region, lambda user: server_keys_from_env().session(user))
    rerun_server = RerunServer("http://127.0.0.1:8000", os.environ["JUPYTERHUB_API_TOKEN"], RERUN_USER)
    root = Path(os.environ["SANDBOX_SHELF"])
    shelf, quota = Shelf(root), quota_from_env(root.parent)
    queue = ShareQueue(shelf, checkpoints, rerun_server, os.environ["SANDBOX_NOTEBOOK_IMAGE"], quota)
    await hub_service.serve(application(shelf, checkpoints, queue), LIMITS)


if __name__ == "__main__":
    hub_service.run(main())
