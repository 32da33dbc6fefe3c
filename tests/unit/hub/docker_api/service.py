"""docker-api as it runs, on a port of its own, before an engine that only takes notes."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from docker_api.app import application
from docker_api.listener import Bounds, listening
from docker_api.settings import FilterSettings

SECONDS = 10
BOUNDS = Bounds()
NEW_ID = "c0ffee" + "0" * 58
VOLUMES = [
    {"Name": "demo-home-ada", "UsageData": {"Size": 5_000}},
    {"Name": "demo-home-bob", "UsageData": {"Size": -1}},
    {"Name": "demo_s3-data", "UsageData": {"Size": 10**9}},
    {"Name": "demo_team", "UsageData": {"Size": 500}},
    {"Name": "other-home-ada", "UsageData": {"Size": 10**9}},
]
SERVERS = [
    {"Labels": {"sandbox.stack": "demo", "sandbox.user": "ada"}, "SizeRw": 2_000, "State": "running", "Id": "ada1"},
    {"Labels": {"sandbox.stack": "demo", "sandbox.user": "bob"}, "SizeRw": 3, "State": "exited", "Id": "bob1"},
    {"Labels": {"sandbox.stack": "demo"}, "SizeRw": 10**9},
]


@dataclass
class Engine:
    """An engine: the containers it has, and the calls that reached it."""

    containers: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    refusal: int = 0
    exit_code: int = 0
    without_archives: bool = False
    version: str = "1.41"
    files: int = 4_321
    servers: list[dict[str, Any]] = field(default_factory=lambda: list(SERVERS))
    counts_wait_for: int = 1
    counting: asyncio.Condition = field(default_factory=asyncio.Condition)

    def add(self, name: str, identity: str, **labels: str) -> None:
        """Gives the engine a container."""
        self.containers[name] = self.containers[identity] = {
            "Id": identity,
            "Name": f"/{name}",
            "Config": {"Labels": labels},
            "State": {"Running": True, "ExitCode": self.exit_code},
            "NetworkSettings": {"Networks": {"demo_data": {"IPAddress": "10.1.2.3"}}},
        }

    def changes(self) -> list[tuple[str, str, Any]]:
        """Returns the calls that were more than a look."""
        return [call for call in self.calls if call[0] != "GET"]

    async def answer(self, request: web.Request) -> web.Response:  # noqa: PLR0911 - a call each
        """Takes a note and answers like an engine."""
        body = await request.read()
        is_tar = request.content_type == "application/x-tar"
        self.calls.append((request.method, request.raw_path, body if is_tar else json.loads(body) if body else None))
        if self.refusal and request.method != "GET":
            return web.json_response({"message": "the engine says no"}, status=self.refusal)
        path = request.path.removeprefix("/v1.41")
        if path == "/containers/create":
            self.add(request.query["name"], NEW_ID, **json.loads(body)["Labels"])
            return web.json_response({"Id": NEW_ID, "Warnings": []}, status=201)
        if "/exec" in path:
            return await self._count(path)
        if is_tar:
            return web.Response(status=500 if self.without_archives else 200)
        if request.method == "DELETE":
            gone = self.containers[path.rpartition("/")[2]]
            self.containers = {key: found for key, found in self.containers.items() if found is not gone}
        if request.method != "GET":
            return web.Response(status=204)
        if path == "/containers/json":
            return web.json_response(self.servers)
        found = self._known(path)
        return web.json_response(found or {"message": "there is none"}, status=200 if found else 404)

    async def _count(self, path: str) -> web.Response:
        if path.startswith("/containers/"):
            async with self.counting:
                self.counts_wait_for -= 1
                self.counting.notify_all()
                await self.counting.wait_for(lambda: self.counts_wait_for <= 0)
            return web.json_response({"Id": "process"}, status=201)
        return web.Response(body=b"." * self.files, content_type="application/vnd.docker.raw-stream")

    def _known(self, path: str) -> dict[str, Any] | None:
        match path.split("/"):
            case ["", "_ping" | "version"]:
                return {"ApiVersion": self.version, "MinAPIVersion": "1.12"}
            case ["", "system", "df"]:
                return {"Volumes": VOLUMES}
            case ["", "containers", name, "json"]:
                return self.containers.get(name)
            case ["", "images", name, "json"]:
                return {"Id": name}
        return None


@dataclass(frozen=True)
class Service:
    """docker-api on a port, and the engine behind it."""

    port: int
    engine: Engine

    def raw(self, request: bytes) -> tuple[int, str]:
        """Sends the very bytes; returns status and body of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS) as connection:
            connection.sendall(request)
            with connection.makefile("rb") as stream:
                head, _, body = stream.read().partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode()

    def ask(self, method: str, target: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        """Sends a request, its target untouched."""
        lines = {"Host": "docker-api", "Connection": "close", "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items() if value)
        return self.raw(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body)


@contextmanager
def running(settings: FilterSettings, folder: Path, bounds: Bounds = BOUNDS) -> Iterator[Service]:
    """Runs docker-api and its engine in a thread of their own."""
    engine, loop = Engine(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(SECONDS)

    behind = web.Application()
    behind.router.add_route("*", "/{path:.*}", engine.answer)
    path = str(folder / "engine.sock")
    runner = web.AppRunner(behind)
    app = application(dataclasses.replace(settings, socket=path), bounds)
    service = listening(app, "127.0.0.1", 0, bounds)
    try:
        wait(runner.setup())
        wait(web.UnixSite(runner, path).start())
        yield Service(wait(service.__aenter__()), engine)
    finally:
        wait(service.__aexit__(None, None, None))
        wait(runner.cleanup())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()
