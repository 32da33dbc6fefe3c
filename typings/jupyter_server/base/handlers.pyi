from typing import Any

from tornado.web import RequestHandler

class ContentsManager:
    root_dir: str

class JupyterHandler(RequestHandler):
    auth_resource: str
    @property
    def contents_manager(self) -> ContentsManager: ...

class APIHandler(JupyterHandler):
    def get_json_body(self) -> dict[str, Any] | None: ...
