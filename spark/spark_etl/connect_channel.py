"""The gRPC channel to Spark Connect, with a token but without TLS."""

from __future__ import annotations

from pyspark.sql.connect.client import DefaultChannelBuilder


class TokenChannelBuilder(DefaultChannelBuilder):  # type: ignore[misc, unused-ignore]
    """Sends the token with each call.

    A token in the `sc://` address would make the client insist on TLS, which the server does not speak.
    """

    def __init__(self, url: str, token: str | None) -> None:
        super().__init__(url)
        self._bearer = token

    def metadata(self) -> list[tuple[str, str]]:
        """Returns the headers of each call."""
        headers = list(super().metadata())
        if self._bearer:
            headers.append(("authorization", f"Bearer {self._bearer}"))
        return headers
