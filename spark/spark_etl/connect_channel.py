"""The gRPC channel to Spark Connect, with a token but without TLS."""

from __future__ import annotations

from pyspark.sql.connect.client import DefaultChannelBuilder


class TokenChannelBuilder(DefaultChannelBuilder):  # type: ignore[misc, unused-ignore]
    """Sends the token with each call.

    Spark's own client insists on TLS as soon as it knows a token, by the `sc://` address or by the environment, and the
    server does not speak it: so this one hides the token from it, unless the address asks for TLS (`;use_ssl=true`).
    """

    def __init__(self, url: str, token: str | None) -> None:
        super().__init__(url)
        self._bearer = token

    @property
    def token(self) -> str | None:
        """The token as far as Spark's own client may know it."""
        return self._bearer if self.use_ssl else None

    def metadata(self) -> list[tuple[str, str]]:
        """Returns the headers of each call."""
        headers = list(super().metadata())
        if self._bearer and not self.use_ssl:
            headers.append(("authorization", f"Bearer {self._bearer}"))
        return headers
