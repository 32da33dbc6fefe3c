"""The values of the ${…} in compose.yaml."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox_cli.settings import Settings
from sandbox_cli.stack import state
from sandbox_cli.stack.engine import Engine
from sandbox_cli.stack.images import Image

FILE = "stack.json"
WORKERS = 2
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
    }


def workers(settings: Settings) -> int:
    """Returns how many workers to run: as told, else as many as last time."""
    return settings.workers or int(state.read(settings.state_dir / FILE).get("workers") or WORKERS)


def remember(settings: Settings, variables: Mapping[str, str]) -> None:
    """Keeps what later commands need: the number of workers, and the variables of this `up`."""
    state.write(settings.state_dir / FILE, {"workers": workers(settings), "variables": dict(variables)})


def remembered(settings: Settings) -> dict[str, str]:
    """Returns the variables of the last `up`; {} if there was none."""
    return dict(state.read(settings.state_dir / FILE).get("variables") or {})
