"""What our JupyterLab extension asks of a user's server: what lies in S3, and rows of Parquet, with the user's S3 keys.

    GET <base>/sandbox/contents?path=bucket/key&content=1   a folder or an object, as in Jupyter's contents API
    POST <base>/sandbox/upload {path, content, chunk}       writes a file to the user's own place in S3
    GET <base>/sandbox/preview?path=…&offset=0&limit=100    rows of a checkpoint, a Parquet file or a folder of them
    GET <base>/sandbox/share?path=…                         what will be seen of a notebook once it is shared
    POST <base>/sandbox/share {path}                        a notebook for the shelf; GET …/share/JOB: how far it is
    DELETE <base>/sandbox/withdraw/NAME[/vN]                takes a notebook of one's own off the shelf
    GET <base>/sandbox/open/AUTHOR/NAME/vN                  opens the reader's copy of a shared notebook
    POST <base>/sandbox/copies/AUTHOR/NAME/vN               makes another copy of it
    POST <base>/sandbox/debug {run, feature, new}           writes the debug notebook of a run; GET …/open: opens it
    POST <base>/sandbox/debug/patch {path}                  what was edited in a debug notebook, as a patch
    GET <base>/sandbox/runs/open?kind=…&run=…               opens a small notebook about a run: rows, diff, replay
    GET <base>/sandbox/learn                                the page of lessons, whose buttons POST to it
    GET <base>/sandbox/learn/api                            the lessons, and how far they are
    POST <base>/sandbox/learn/api {action, lesson, …}       starts, checks or resets a lesson, or gives a hint
    POST <base>/sandbox/execute {notebook}                  a shared notebook run again, in the shelf's own server

The keys of the store stay in this process: the browser is given rows and names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "sandbox_lab"}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    from sandbox_lab.handlers import routes  # noqa: PLC0415 - the readers' tests need no server

    server.web_app.add_handlers(".*$", routes(server))
