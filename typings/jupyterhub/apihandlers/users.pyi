from collections.abc import Callable, Coroutine
from typing import Any

from tornado.web import RequestHandler

class UserTokenListAPIHandler(RequestHandler):
    post: Callable[..., Coroutine[Any, Any, None]]
    def get_json_body(self) -> Any: ...
    def find_user(self, name: str) -> Any: ...

class UserListAPIHandler(RequestHandler):
    post: Callable[..., Coroutine[Any, Any, None]]
    def get_json_body(self) -> Any: ...
