"""Taking notebooks off the shelf: their authors, by a page or from JupyterLab; and whoever runs the stack."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyterhub.services.auth import HubOAuthenticated
from tornado import web

from sandbox_hub.pages import refuse_other_sites
from sandbox_hub.shelf.checkpoints import STORE_ERRORS
from sandbox_hub.shelf.handlers import PREFIX, ShelfHandler
from sandbox_hub.shelf.store import Record

# The hub's service as which `./sandbox` calls it.
COMMAND = "sandbox-cli"


class WithdrawingHandler(ShelfHandler):
    """What both ways share."""

    async def _withdraw(self, found: list[Record]) -> list[int]:
        """Deletes versions with their pins; returns their numbers.

        Raises:
            HTTPError: The store, where the pins are, does not answer.
        """
        try:
            for record in found:
                await asyncio.to_thread(self._checkpoints.unpin, record)
                self._shelf.remove(record)
        except STORE_ERRORS as error:
            raise web.HTTPError(503, f"the S3 store, where its pin is, does not answer: {error}"[:200]) from None
        return sorted(record.version for record in found)

    def _is_author(self, author: str) -> bool:
        who: dict[str, Any] = self.current_user
        return (who.get("kind"), who["name"]) == ("user", author)


class UnshareHandler(WithdrawingHandler):
    """`/services/shelf/api/notebooks/AUTHOR/NAME` and `…/vN`: by the token of the author, or of the command."""

    @web.authenticated
    async def delete(self, author: str, name: str, number: str | None = None) -> None:
        """Deletes a version, or all of them, and their pins."""
        who = self.current_user
        is_command = (who.get("kind"), who["name"]) == ("service", COMMAND)
        if not self.request.headers.get("Authorization") or not (is_command or self._is_author(author)):
            raise web.HTTPError(403, "shared notebooks are removed only by their author, or by ./sandbox unshare")
        self.finish({"withdrawn": await self._withdraw(self._found(author, name, number))})


class WithdrawHandler(WithdrawingHandler):
    """`/services/shelf/AUTHOR/NAME/withdraw` and `…/vN/withdraw`: the page on which an author is asked once."""

    @web.authenticated
    def get(self, author: str, name: str, number: str | None = None) -> None:
        """Says what would be deleted."""
        self._refuse_others(author)
        found = self._found(author, name, number)
        self.render("withdraw.html", records=found, one=number is not None)

    @web.authenticated
    async def post(self, author: str, name: str, number: str | None = None) -> None:
        """Deletes it, and goes back to what is left."""
        refuse_other_sites(self)
        HubOAuthenticated.check_xsrf_cookie(self)
        self._refuse_others(author)
        await self._withdraw(self._found(author, name, number))
        self.redirect(f"{PREFIX}{author}/{name}" if self._shelf.versions(author, name) else PREFIX)

    def _refuse_others(self, author: str) -> None:
        if not self._is_author(author):
            raise web.HTTPError(403, f"only {author} withdraws what {author} has shared")
