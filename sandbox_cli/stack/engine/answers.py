"""What the engine says of containers: the one door to it, since some end while it is asked.

Of such a container the engine says that it isn't there, that it is being removed, or nothing at all: an empty answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from docker.errors import APIError, DockerException
from docker.models.containers import Container
from requests import RequestException

from sandbox_cli.errors import EngineError

if TYPE_CHECKING:
    from sandbox_cli.stack.engine.connection import Engine

T = TypeVar("T")
FAILURES = (DockerException, RequestException)  # whatever else the engine ends a question with
GONE = {404, 409}
TRIES = 3


def of_one(question: Callable[[], T], gone: T) -> T:
    """Returns the answer to a question about one container, or `gone` if that has just ended.

    Args:
        question: Asks the engine.
        gone: What stands for a container that isn't there any more.
    """
    try:
        return question()
    except APIError as error:
        if error.status_code not in GONE:
            raise
    except ValueError:  # an empty answer, or half of one
        pass
    return gone


def of_all(question: Callable[[], T]) -> T:
    """Returns the answer to a question about several containers; it is asked again where one ended meanwhile.

    Raises:
        EngineError: The engine never answers as a whole.
    """
    reason = ""
    for _ in range(TRIES):
        try:
            return question()
        except ValueError as error:
            reason = str(error)
        except APIError as error:
            if error.status_code not in GONE:
                raise
            reason = str(error.explanation)
    raise EngineError(f"The Docker engine does not list its containers: {reason}", hint="docker ps --all")


def listed(engine: Engine, label: str) -> list[dict[str, Any]]:
    """Returns the containers with a label, running or not, as the engine lists them."""
    found = of_all(lambda: engine.client.api.containers(all=True, filters={"label": label}))
    return [raw for raw in found if raw.get("Id")]


def container(engine: Engine, name: str) -> Container | None:
    """Returns a container by id or name; None if there is none."""
    return of_one(lambda: engine.client.containers.get(name), None)


def stats(engine: Engine, name: str) -> dict[str, Any]:
    """Returns what a container uses; {} if it has just ended."""
    return of_one(lambda: dict(engine.client.api.stats(name, stream=False, one_shot=True)), {})


def log_tail(engine: Engine, name: str, count: int) -> str:
    """Returns the last log lines of a container; empty if it is gone."""
    return of_one(lambda: engine.client.containers.get(name).logs(tail=count), b"").decode(errors="replace")


def end(found: Container, *, seconds: int) -> None:
    """Stops a container and removes it, unless somebody else does just that."""
    of_one(lambda: found.stop(timeout=seconds), None)
    remove(found)


def remove(found: Container) -> None:
    """Removes a container, unless somebody else does just that."""
    of_one(lambda: found.remove(force=True), None)


def failure(error: Exception) -> EngineError:
    """Returns the error of an engine that did not answer a command to its end."""
    return EngineError(f"The Docker engine did not finish this command: {error}", hint="sandbox doctor")
