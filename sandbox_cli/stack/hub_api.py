"""The one door to the hub's REST API, as the hub's service `sandbox-cli`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.stack.health import poll

NOT_FOUND, CONFLICT, UNPROCESSABLE = 404, 409, 422
SPAWN_SECONDS = 90


class Hub:
    """The hub on 127.0.0.1.

    Args:
        port: The hub's published port.
        secrets: The stack's generated secrets.
    """

    def __init__(self, port: int, secrets: Mapping[str, str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._headers = {"Authorization": f"token {secrets['hub_admin_token']}"}
        # Never through a proxy of the environment: it is this machine.
        self._http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def request(
        self,
        method: str,
        path: str,
        *,
        ok: tuple[int, ...] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Calls the API of the hub.

        Args:
            ok: Status codes that are no error here.
            headers: Others than those of the service: what is not the hub's own must not see its token.

        Raises:
            StackError: It doesn't answer, or with an error that is not in `ok`.
        """
        try:
            answer = self._http.request(method, path, headers=self._headers if headers is None else headers, **more)
        except httpx.HTTPError as error:
            raise StackError(f"The hub at {self.url} doesn't answer: {error}", hint="sandbox status") from None
        if not answer.is_success and answer.status_code not in ok:
            raise StackError(f"The hub refused {method} {path}: {_message(answer)}", hint="sandbox logs hub")
        return answer

    def shelf(self, method: str, path: str, *, host: str, ok: tuple[int, ...] = ()) -> httpx.Response:
        """Calls the API of the team's shelf, a service in the hub's own container.

        Args:
            path: Below `/services/shelf/api`.
            host: By which the hub's proxy knows it.
        """
        headers = {**self._headers, "Host": host}
        return self.request(method, f"/services/shelf/api{path}", ok=ok, headers=headers)

    def authenticator(self) -> str:
        """Returns who lets users in: `native`, or the name of an OAuth provider."""
        return str(self.request("GET", "/hub/api/sign-in").json()["authenticator"])

    def accounts(self) -> list[dict[str, Any]]:
        """Returns the users but the stack's own: name, admin, login (`open`, or `none`: can't log in now)."""
        return list(self.request("GET", "/hub/api/accounts").json())

    def put_account(self, name: str, password: str, *, admin: bool) -> None:
        """Makes an account, or gives it another password.

        Raises:
            UsageError: The hub refuses the name or the password.
        """
        body = {"password": password, "admin": admin}
        answer = self.request("PUT", f"/hub/api/accounts/{name}", json=body, ok=(400, UNPROCESSABLE))
        if not answer.is_success:
            raise UsageError(
                f"The hub refuses this account: {_message(answer)}",
                hint="sandbox users list\nIt shows the accounts there are.",
            )

    def remove_account(self, name: str) -> bool:
        """Removes an account; returns whether there was one."""
        return self.request("DELETE", f"/hub/api/users/{name}", ok=(NOT_FOUND,)).is_success

    def ensure_user(self, name: str) -> None:
        """Makes a user without a password: none can log in as it."""
        self.request("POST", f"/hub/api/users/{name}", ok=(CONFLICT,))

    def server(self, user: str) -> dict[str, Any] | None:
        """Returns the hub's model of the user's server, None when there is none."""
        answer = self.request("GET", f"/hub/api/users/{user}", ok=(NOT_FOUND,))
        servers = answer.json().get("servers", {}) if answer.is_success else {}
        model: dict[str, Any] | None = servers.get("")
        return model

    def start_server(self, user: str) -> None:
        """Starts a user's server, if it isn't running, and returns when it is ready.

        Raises:
            StackError: It isn't, in time or because the spawn failed.
        """
        self.request("POST", f"/hub/api/users/{user}/server", ok=(400, CONFLICT))

        def settled() -> str | None:
            model = self.server(user)
            if model is None:
                return "failed"
            return "ready" if model["ready"] else None

        outcome = poll(settled, seconds=SPAWN_SECONDS, every=0.15)
        if outcome != "ready":
            what = "could not be started" if outcome else f"is not ready after {SPAWN_SECONDS} s"
            raise StackError(f"The server of `{user}` {what}.", hint=f"sandbox logs hub; sandbox logs user:{user}")

    def stop_server(self, user: str) -> None:
        """Stops a user's server, and returns when it is gone."""
        self.request("DELETE", f"/hub/api/users/{user}/server", ok=(NOT_FOUND, 400))
        poll(lambda: self.server(user) is None, seconds=30, every=0.2)


def _message(answer: httpx.Response) -> str:
    try:
        text = answer.json().get("message") or answer.text
    except ValueError:
        text = answer.text
    return f"{answer.status_code} {str(text)[:300]}"
