from typing import Any

from tornado.web import RequestHandler

class ContentsManager:
    root_dir: str

class APIHandler(RequestHandler):
    auth_resource: str
    @property
    def contents_manager(self) -> ContentsManager: ...
    def get_json_body(self) -> dict[str, Any] | None: ...
