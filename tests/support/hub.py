"""The hub as a user's browser and API clients see it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import httpx

from tests.support.kernel import UserKernel
from tests.support.sandbox import until

# MailDev gives its page to whom asks for HTML, as browsers do.
BROWSER = {"Accept": "text/html,application/json;q=0.9,*/*;q=0.8"}


class HubClient:
    """A browser-like session with the hub; `login` makes it somebody's.

    Args:
        port: The hub's port on 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.base, follow_redirects=True, timeout=60, headers=BROWSER)
        self.user = ""
        self._token = ""

    def __enter__(self) -> HubClient:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    def xsrf(self) -> dict[str, str]:
        """Returns the header that a script on the hub's pages would send."""
        values = [c.value for c in self.http.cookies.jar if c.name == "_xsrf" and c.path == "/hub/"]
        return {"X-XSRFToken": values[0] or ""}

    def try_login(self, user: str, password: str) -> httpx.Response:
        """Sends the login form; the response is the page the browser ends on."""
        page = self.http.get("/hub/login")
        token = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
        assert token, f"no login form: {page.status_code} {page.url}\n{page.text[:2000]}"
        form = {"username": user, "password": password, "_xsrf": token[1]}
        return self.http.post("/hub/login", params={"next": "/hub/home"}, data=form)

    def login(self, user: str, password: str) -> HubClient:
        """Logs in; fails when the hub does not let this user in."""
        page = self.try_login(user, password)
        assert page.status_code == 200, f"{page.status_code} {page.url}\n{page.text[:2000]}"
        assert page.url.path == "/hub/home", f"not let in: {page.url}\n{page.text[:3000]}"
        self.user = user
        return self

    def api(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Calls the hub's REST API as the logged-in user."""
        headers = {"Authorization": f"token {self._token}"} if self._token else self.xsrf()
        return self.http.request(method, f"/hub/api{path}", headers=headers, **more)

    def token(self) -> str:
        """Returns an API token of the user, as made on the hub's token page."""
        if not self._token:
            done = self.api("POST", f"/users/{self.user}/tokens", json={"note": "tests", "expires_in": 3600})
            assert done.status_code in {200, 201}, done.text
            self._token = done.json()["token"]
        return self._token

    def server(self) -> dict[str, Any] | None:
        """Returns the hub's model of the user's default server, None when there is none."""
        self.token()
        servers = self.api("GET", f"/users/{self.user}").json()["servers"]
        model: dict[str, Any] | None = servers.get("")
        return model

    def start_server(self, *, within: float = 60) -> dict[str, Any]:
        """Starts the user's server unless it runs, and returns its model once it is ready."""
        self.token()
        done = self.api("POST", f"/users/{self.user}/server")
        assert done.status_code in {201, 202, 400}, done.text
        ready: dict[str, Any] = until(
            lambda: (model := self.server()) and model["ready"] and model, within=within, what=f"{self.user}'s server"
        )
        return ready

    def stop_server(self) -> None:
        """Stops the user's server and waits until it is gone."""
        self.token()
        self.api("DELETE", f"/users/{self.user}/server")
        until(lambda: self.server() is None, within=60, what=f"{self.user}'s server gone")

    def lab(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Calls the API of the user's own server."""
        headers = {"Authorization": f"token {self.token()}"}
        return self.http.request(method, f"/user/{self.user}/api{path}", headers=headers, **more)

    def notebook(self, path: str) -> dict[str, Any]:
        """Returns a notebook of the user's home."""
        answer = self.lab("GET", f"/contents/{quote(path)}")
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()["content"]
        return content

    def code_cells(self, path: str) -> list[str]:
        """Returns the code of a notebook of the user's home, cell by cell."""
        return [cell["source"] for cell in self.notebook(path)["cells"] if cell["cell_type"] == "code"]

    def kernel(self) -> UserKernel:
        """Starts a Python kernel in the user's server."""
        self.start_server()
        done = self.lab("POST", "/kernels", json={"name": "python3"})
        assert done.status_code == 201, done.text
        return self.attach(done.json()["id"])

    def applications(self) -> set[str]:
        """Returns the ids of the applications that Spark's history shows."""
        answer = self.http.get("/services/ui/history/api/v1/applications")
        return {entry["id"] for entry in answer.json()} if answer.status_code == 200 else set()

    def kernels(self) -> list[str]:
        """Returns the ids of the kernels that run in the user's server."""
        return [str(kernel["id"]) for kernel in self.lab("GET", "/kernels").json()]

    def attach(self, kernel_id: str) -> UserKernel:
        """Connects to a kernel that runs in the user's server."""
        url = f"ws://{self.base.removeprefix('http://')}/user/{self.user}/api/kernels/{kernel_id}/channels"
        return UserKernel(url, self.user, self.token(), lambda: self.lab("DELETE", f"/kernels/{kernel_id}"))


def logged_in_again(port: int, name: str, password: str) -> HubClient:
    """Returns a user's session with a hub that was restarted, once it has their server again."""

    def logged_in() -> HubClient | None:
        try:
            return HubClient(port).login(name, password)
        except (httpx.HTTPError, AssertionError):
            return None

    again: HubClient = until(logged_in, within=60, what=f"the hub lets {name} in again")
    until(lambda: (again.server() or {}).get("ready"), within=30, what=f"the hub knows {name}'s server again")
    return again
