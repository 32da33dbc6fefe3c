"""The values of the ${…} in compose.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox_cli.settings import LOCALHOST, PARTS, Settings
from sandbox_cli.stack import state
from sandbox_cli.stack.engine.connection import Engine

if TYPE_CHECKING:
    from sandbox_cli.stack.images.inventory import Image

FILE = "stack.json"
WORKERS = 2
MOST_WORKERS = 16
PAGES = {"spark": None, "history": "history", "s3": None, "mail": "mail"}


def of(engine: Engine, settings: Settings, ports: Mapping[str, int], images: Mapping[str, Image]) -> dict[str, str]:
    """Returns the variables, by name."""
    refs = {f"SANDBOX_IMAGE_{name.upper().replace('-', '_')}": image.ref for name, image in images.items()}
    return {
        **refs,
        "SANDBOX_IMAGE_NOTEBOOK_ID": images["notebook"].id,
        "SANDBOX_HUB_PORT": str(ports["hub"]),
        "SANDBOX_S3_PORT": str(ports["s3"]),
        "SANDBOX_WORKERS": str(workers(settings)),
        "SANDBOX_DOCKER_SOCKET": engine.socket_path,
        "SANDBOX_DOCKER_SOCKET_GID": str(engine.socket_gid(images["hub"].ref)),
        "SANDBOX_UI_LINKS": ",".join(page for page, extra in PAGES.items() if extra not in settings.without),
        "SANDBOX_SUBDOMAIN_HOST": subdomain_host(settings, ports["hub"]),
        "SANDBOX_HUB_URL": "" if "hub" in settings.without else hub_origin(settings, ports["hub"]),
    }


def workers(settings: Settings) -> int:
    """Returns how many workers to run: as the settings say, else as many as last time."""
    return settings.workers or int(_read(settings).get("workers") or WORKERS)


def subdomains(settings: Settings) -> str:
    """Returns the host below which each user has an address, empty for none: as set, else as last time."""
    if settings.subdomains is not None:
        return settings.subdomains
    return str(_read(settings).get("subdomains") or "")


def subdomain_host(settings: Settings, hub_port: int) -> str:
    """Returns the hub's origin where each user has an address of their own; empty where there is one for all pages."""
    host = subdomains(settings)
    return f"http://{LOCALHOST}:{hub_port}" if host == LOCALHOST else host


def hub_origin(settings: Settings, hub_port: int) -> str:
    """Returns the origin at which a browser finds the hub, which has that port on 127.0.0.1."""
    return subdomain_host(settings, hub_port) or f"http://127.0.0.1:{hub_port}"


def remember(settings: Settings, variables: Mapping[str, str]) -> None:
    """Stores what later commands need: workers, subdomains, what was left out, and the variables of this `up`."""
    remembered = {
        "workers": workers(settings),
        "subdomains": subdomains(settings),
        "without": [part for part in PARTS if part in settings.without],
        "variables": dict(variables),
    }
    state.write(settings.state_dir / FILE, remembered)


def remembered(settings: Settings) -> dict[str, str]:
    """Returns the variables of the last `up`; {} if there was none."""
    return dict(_read(settings).get("variables") or {})


def left_out(settings: Settings) -> tuple[str, ...]:
    """Returns the parts of the stack that the last `up` left out."""
    return tuple(_read(settings).get("without") or ())


def _read(settings: Settings) -> dict[str, Any]:
    return state.read(
        settings.state_dir / FILE,
        _check,
        anew="starts with 2 workers and one address; pass --workers or --subdomains to change that",
    )


def _check(content: dict[str, Any]) -> str:
    count, host, without, found = (content.get(name) for name in ("workers", "subdomains", "without", "variables"))
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or not 0 < count <= MOST_WORKERS):
        return state.wrong_kind("workers", count, f"a number from 1 to {MOST_WORKERS}")
    if host is not None and not isinstance(host, str):
        return state.wrong_kind("subdomains", host, "a text")
    if without is not None and not (isinstance(without, list) and set(map(str, without)) <= set(PARTS)):
        return state.wrong_kind("without", without, f"a list of {', '.join(PARTS)}")
    if found is not None and not isinstance(found, dict):
        return state.wrong_kind("variables", found, "an object")
    return state.texts(least=0)(found or {})
