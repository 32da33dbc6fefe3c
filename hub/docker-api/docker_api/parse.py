"""Strict JSON: what two parsers could read differently is refused.

The engine decodes keys without regard to case and takes the last of doubled ones, so a body is never forwarded: it is
parsed here, checked, and written anew.
"""

from __future__ import annotations

import json
from typing import Any

MAX_BYTES = 64 * 1024
MAX_DEPTH = 8


class DeniedError(Exception):
    """Raised for a request that may not pass; the message names the rule. It is the one error of this service.

    Args:
        rule: What the request breaks.
        status: The HTTP status that it is answered with.
    """

    def __init__(self, rule: str, *, status: int = 403) -> None:
        super().__init__(rule)
        self.rule = rule
        self.status = status


def parse_object(body: bytes) -> dict[str, Any]:
    """Returns the object of a request's body.

    Raises:
        DeniedError: It is too big, no UTF-8, no JSON, no object, has a key twice, or is nested too deep.
    """
    if len(body) > MAX_BYTES:
        raise DeniedError(f"the body has more than {MAX_BYTES} bytes", status=413)
    try:
        value = json.loads(
            body.decode("utf-8", errors="strict"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except UnicodeDecodeError:
        raise DeniedError("the body is not UTF-8", status=400) from None
    except RecursionError:
        raise DeniedError("the body is nested too deep", status=400) from None
    except ValueError as error:
        raise DeniedError(f"the body is not JSON: {error}", status=400) from None
    if not isinstance(value, dict):
        raise DeniedError("the body is not an object", status=400)
    _shallow(value, MAX_DEPTH)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses a key that comes twice, also when it differs in case only."""
    seen: set[str] = set()
    for key, _ in pairs:
        if key.casefold() in seen:
            raise DeniedError(f"the key {key!r} comes twice")
        seen.add(key.casefold())
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise DeniedError(f"{name} is not JSON", status=400)


def _shallow(value: Any, depth: int) -> None:
    if depth < 0:
        raise DeniedError("the body is nested too deep", status=400)
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        _shallow(child, depth - 1)
