"""The one error of this service."""

from __future__ import annotations


class RefusedError(Exception):
    """Raised for a request that does not pass; the message names the rule."""

    def __init__(self, rule: str, *, status: int = 403) -> None:
        super().__init__(rule)
        self.rule = rule
        self.status = status
