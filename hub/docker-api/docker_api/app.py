"""The service: a request is recognised, checked, written anew and sent to the engine."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from docker_api.create import TEAM, rebuild, shelf_folder_archive, user_of
from docker_api.disk import disk_usage
from docker_api.listener import Bounds, listening
from docker_api.parse import MAX_BYTES, DeniedError, parse_object
from docker_api.routes import EngineCall, match_call, refuse_foreign_container, refuse_foreign_image
from docker_api.settings import FilterSettings

log = logging.getLogger("docker-api")
SETTINGS = web.AppKey("settings", FilterSettings)
BOUNDS = web.AppKey("bounds", Bounds)
ENGINE = web.AppKey("engine", aiohttp.ClientSession)
ENGINE_SECONDS = 60
OK, CREATED = 200, 201


async def handle(request: web.Request) -> web.Response:
    """Answers one request."""
    settings, engine = request.app[SETTINGS], request.app[ENGINE]
    try:
        _plain(request)
        raw_path, _, _ = request.raw_path.partition("?")
        call = match_call(request.method, raw_path, list(request.query.items()))
        return await _answer(settings, engine, call, await _body(request))
    except DeniedError as denied:
        log.warning("refused %s %s: %s", request.method, request.raw_path[:120], denied.rule)
        return web.json_response({"message": f"docker-api: {denied.rule}"}, status=denied.status)
    except (aiohttp.ClientError, TimeoutError) as error:
        log.warning("the engine does not answer %s %s: %s", request.method, request.raw_path[:120], error)
        return web.json_response({"message": "docker-api: the engine does not answer"}, status=502)


def _plain(request: web.Request) -> None:
    if request.headers.get("Upgrade") or request.headers.get("Content-Encoding"):
        raise DeniedError("neither upgrades nor encodings are allowed")


async def _body(request: web.Request) -> bytes:
    seconds = request.app[BOUNDS].body_seconds
    try:
        async with asyncio.timeout(seconds):
            return await request.read()
    except TimeoutError:
        raise DeniedError(f"the body took longer than {seconds:g} s", status=408) from None


async def _answer(
    settings: FilterSettings, engine: aiohttp.ClientSession, call: EngineCall, body: bytes
) -> web.Response:
    forwarded: dict[str, Any] | None = None
    path = call.path
    if call.rule.kind == "image":
        refuse_foreign_image(settings, call.name)
    elif call.rule.kind == "container":
        found = await _inspect(engine, call)
        if isinstance(found, web.Response):
            return found
        refuse_foreign_container(settings, found)
        # The one that was checked, whatever it is called by then.
        path = f"/containers/{found['Id']}{path.removeprefix(f'/containers/{call.name}')}"
    elif call.rule.kind == "create":
        forwarded = rebuild(settings, call.query["name"], parse_object(body))
    if call.rule.kind != "create" and body not in {b"", b"{}", b"null"}:
        raise DeniedError("this call has no body")
    answer = await _forward(engine, call, path, forwarded)
    if forwarded is not None and answer.status == CREATED and user_of(forwarded) not in settings.own_users:
        return await _make_shelf_folder(engine, call, forwarded, answer)
    return answer


async def _make_shelf_folder(
    engine: aiohttp.ClientSession, call: EngineCall, created: dict[str, Any], answer: web.Response
) -> web.Response:
    """Makes the user's folder on the shelf through the container that was created; returns what to answer."""
    url = f"http://engine{call.version}/containers/{json.loads(answer.text or '')['Id']}/archive"
    tar = shelf_folder_archive(user_of(created), created["User"])
    headers = {"Content-Type": "application/x-tar"}
    async with engine.put(url, params={"path": TEAM}, data=tar, headers=headers) as put:
        if put.status == OK:
            return answer
        log.warning("the folder on the shelf could not be made: %s %s", put.status, (await put.text())[:200])
    return web.json_response({"message": "docker-api: the folder on the shelf could not be made"}, status=502)


async def _inspect(engine: aiohttp.ClientSession, call: EngineCall) -> dict[str, Any] | web.Response:
    """Returns what the engine knows of the container, or its answer that there is none."""
    async with engine.get(f"http://engine{call.version}/containers/{call.name}/json") as answer:
        if answer.status != 200:
            return web.Response(status=answer.status, body=await answer.read(), content_type="application/json")
        found: dict[str, Any] = await answer.json()
        return found


async def _forward(
    engine: aiohttp.ClientSession, call: EngineCall, path: str, body: dict[str, Any] | None
) -> web.Response:
    query = f"?{urlencode(call.query)}" if call.query else ""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    data = json.dumps(body).encode() if body is not None else None
    url = f"http://engine{call.version}{path}{query}"
    async with engine.request(call.rule.method, url, data=data, headers=headers) as answer:
        content = await answer.read()
        kind = answer.content_type
        if call.rule.method != "GET":
            log.info("%s %s: %s", call.rule.method, call.query.get("name") or call.path, answer.status)
        return web.Response(status=answer.status, body=content or None, content_type=kind if content else None)


async def _engine(app: web.Application) -> AsyncIterator[None]:
    """Keeps the connection to the engine while the service runs."""
    connector = aiohttp.UnixConnector(path=app[SETTINGS].socket)
    timeout = aiohttp.ClientTimeout(total=ENGINE_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        app[ENGINE] = session
        yield


async def health(request: web.Request) -> web.Response:
    """Answers whether the engine does."""
    try:
        async with request.app[ENGINE].get("http://engine/_ping") as answer:
            return web.Response(status=answer.status)
    except (aiohttp.ClientError, TimeoutError):
        return web.Response(status=502)


async def disk_usage_page(request: web.Request) -> web.Response:
    """Sends how many bytes of the disk each user holds."""
    try:
        return web.json_response(await disk_usage(request.app[SETTINGS], request.app[ENGINE]))
    except (aiohttp.ClientError, TimeoutError) as error:
        log.warning("the engine gives no sizes: %s", error)
        return web.json_response({"message": "docker-api: the engine gives no sizes"}, status=502)


def application(settings: FilterSettings, bounds: Bounds | None = None) -> web.Application:
    """Returns the service."""
    app = web.Application(client_max_size=MAX_BYTES)
    app[SETTINGS], app[BOUNDS] = settings, bounds or Bounds()
    app.cleanup_ctx.append(_engine)
    app.router.add_get("/_health", health)
    app.router.add_get("/_disk", disk_usage_page)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


async def main() -> None:
    """Serves until it is stopped."""
    settings, stopped, loop = FilterSettings.from_env(), asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    app = application(settings)
    async with listening(app, "0.0.0.0", settings.port, app[BOUNDS]):  # noqa: S104 - of its container
        await stopped.wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    asyncio.run(main())
