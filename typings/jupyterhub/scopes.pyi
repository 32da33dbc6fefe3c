from collections.abc import Callable
from typing import TypeVar

_Method = TypeVar("_Method", bound=Callable[..., object])

def needs_scope(*scopes: str, post_filter: bool = False) -> Callable[[_Method], _Method]: ...
