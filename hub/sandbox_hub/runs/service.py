"""The page of runs as a service of the hub, at /services/runs/.

GET  /services/runs/?q=words&status=failed        the runs that match, newest first
GET  /services/runs/RUN_ID                        leads to the page of that run
GET  /services/runs/TEAM/PIPELINE/RUN_ID          one run; of a user's own: /services/runs/users/NAME/…/RUN_ID
GET  …/relations, …/log, …/graph, …/compare       what belongs to it
GET  …/features/ALIAS                             one feature of it
GET  …/code[/FILE][?against=last-success]         its code as it ran
POST …/stop                                       asks it to stop; GET: asks before

A script asks the list and a run's page for the part that changes, with the header X-Sandbox-Part. Rows are read in
the viewer's own server alone: nothing here opens Parquet.
"""

from __future__ import annotations

import os
from pathlib import Path

from bounded_http import Limits
from jupyterhub.services.auth import HubOAuthCallbackHandler
from tornado import web

from sandbox_hub import hub_service
from sandbox_hub.keys.s3_keys import server_keys_from_env
from sandbox_hub.runs.access import RunAccess
from sandbox_hub.runs.code_pages import CodePages
from sandbox_hub.runs.feature_handlers import CodeHandler, FeatureHandler
from sandbox_hub.runs.handlers import PREFIX, MissingHandler, ShortLinkHandler
from sandbox_hub.runs.run_handlers import (
    CompareHandler,
    GraphHandler,
    LogHandler,
    RelationsHandler,
    RunHandler,
    RunListHandler,
    StopHandler,
)

LIMITS = Limits(connections=256)
RUN_ID = r"\d{8}T\d{6}Z-[0-9a-f]{6}"
RUN = rf"((?:[^/]+/){{2,4}}{RUN_ID})"
ALIAS = r"([A-Za-z][A-Za-z0-9_]{0,199})"
PART_OF_AN_ID = r"([0-9a-zA-Z-]{1,24})"
FOLDER = Path(__file__).parent


def application(access: RunAccess, code: CodePages) -> web.Application:
    """Returns the service."""
    shared = {"access": access, "code": code}
    return hub_service.application(
        [
            (f"{PREFIX}oauth_callback", HubOAuthCallbackHandler),
            (f"{PREFIX}static/(.*)", web.StaticFileHandler, {"path": str(FOLDER / "static")}),
            (PREFIX, RunListHandler, shared),
            (f"{PREFIX}{RUN}", RunHandler, shared),
            (f"{PREFIX}{RUN}/relations", RelationsHandler, shared),
            (f"{PREFIX}{RUN}/log", LogHandler, shared),
            (f"{PREFIX}{RUN}/graph", GraphHandler, shared),
            (f"{PREFIX}{RUN}/compare", CompareHandler, shared),
            (f"{PREFIX}{RUN}/stop", StopHandler, shared),
            (f"{PREFIX}{RUN}/features/{ALIAS}", FeatureHandler, shared),
            (f"{PREFIX}{RUN}/code(?:/(.+))?", CodeHandler, shared),
            (f"{PREFIX}{PART_OF_AN_ID}", ShortLinkHandler, shared),
            (".*", MissingHandler, shared),
        ],
        FOLDER / "pages",
    )


async def main() -> None:
    """Serves until the hub stops it."""
    endpoint, region = os.environ["AWS_ENDPOINT_URL_S3"], os.environ["AWS_REGION"]
    access = RunAccess(endpoint, region, lambda user: server_keys_from_env().session(user))
    await hub_service.serve(application(access, CodePages()), LIMITS)


if __name__ == "__main__":
    hub_service.run(main())
