"""The hub's services in processes of their own, forked from one that has imported what they share.

What they import of JupyterHub takes 60 MB. So started, they hold it once: the rest of each is 10 to 20 MB.
The hub knows this process alone. It stops them when it is stopped, and starts again the ones that end.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import hmac
import json
import logging
import os
import runpy
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

LIST = "SANDBOX_SERVICES"
RESTART_SECONDS, LONGEST_RESTART_SECONDS, LOOK_SECONDS = 1.0, 60.0, 0.5
END_SECONDS = 5.0
# PR_SET_PDEATHSIG and PR_SET_NAME of prctl.
DIE_WITH_PARENT, SET_NAME = 1, 15
# As the hub stops the services that it starts itself.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
log = logging.getLogger("sandbox.services")


@dataclass(frozen=True, eq=False)
class Service:
    """A process of the hub.

    Attributes:
        module: What it runs, as `python -m` does.
        environment: What it has besides this process's.
    """

    module: str
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """What `top` shows of it: the package that its module is in."""
        return self.module.removeprefix("sandbox_hub.").partition(".")[0]


@dataclass(frozen=True)
class WebService:
    """A service with pages, which the hub sends browsers to.

    Attributes:
        name: Below `/services/`.
        module: What it runs.
        port: Of the hub's container, where it listens.
        secret: The hub's own secret that its token is made of: the same token after each restart.
        public_url: Its whole address, where it has one of its own.
        environment: More of it.
    """

    name: str
    module: str
    port: int
    secret: str = field(repr=False)
    public_url: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        """Where the hub's proxy finds it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def prefix(self) -> str:
        """The path that its pages lie below."""
        return f"/services/{self.name}/"

    @property
    def _token(self) -> str:
        return hmac.new(self.secret.encode(), f"service {self.name}".encode(), hashlib.sha256).hexdigest()

    def of_hub(self) -> dict[str, Any]:
        """Returns what JupyterHub is told of it."""
        known = {"name": self.name, "url": self.url, "api_token": self._token}
        return {**known, "oauth_no_confirm": True, "display": False}

    def process(self) -> Service:
        """Returns its process, with the environment that JupyterHub gives services that it starts itself."""
        known = {
            "JUPYTERHUB_SERVICE_NAME": self.name,
            "JUPYTERHUB_SERVICE_PREFIX": self.prefix,
            "JUPYTERHUB_SERVICE_URL": self.url,
            "JUPYTERHUB_API_TOKEN": self._token,
            "JUPYTERHUB_CLIENT_ID": f"service-{self.name}",
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps(["access:services", f"access:services!service={self.name}"]),
            "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{self.public_url or self.prefix}oauth_callback",
            "JUPYTERHUB_PUBLIC_URL": self.public_url,
        }
        return Service(self.module, {**known, **self.environment})


def dump_services(services: Sequence[Service]) -> dict[str, str]:
    """Returns the environment that `main` reads the services from."""
    return {LIST: json.dumps([asdict(service) for service in services])}


def main() -> None:
    """Starts the services, and starts each again that ends, until the hub stops this process."""
    services = [Service(**known) for known in json.loads(os.environ.pop(LIST))]
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)
    _import_shared()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")  # of what follows
    processes = _Processes(services)
    try:
        while True:
            processes.start_due()
            processes.look()
            time.sleep(LOOK_SECONDS)
    finally:
        processes.end()


class _Processes:
    """The services' processes; one that ends is started again, later each time that it has not lived for long."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._running: dict[int, tuple[Service, float]] = {}
        self._due = dict.fromkeys(services, 0.0)
        self._waits = dict.fromkeys(services, RESTART_SECONDS)

    def start_due(self) -> None:
        """Starts those whose moment has come."""
        now = time.monotonic()
        for service in [each for each, due in self._due.items() if due <= now]:
            del self._due[service]
            self._running[_start(service)] = (service, now)

    def look(self) -> None:
        """Takes in which ones have ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid in self._running:
                self._ended(*self._running.pop(pid), os.waitstatus_to_exitcode(status))

    def _ended(self, service: Service, since: float, code: int) -> None:
        now = time.monotonic()
        lived_long = now - since > LONGEST_RESTART_SECONDS
        wait = RESTART_SECONDS if lived_long else self._waits[service]
        self._waits[service], self._due[service] = min(2 * wait, LONGEST_RESTART_SECONDS), now + wait
        log.warning("%s has ended with %s; it is started again in %.0f s", service.module, code, wait)

    def end(self) -> None:
        """Ends all of them."""
        _end(list(self._running))


def _stop(number: int, _frame: object) -> NoReturn:
    for each in STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number if number != signal.SIGINT else 0)


def _import_shared() -> None:
    """Imports what the services share, but nothing of this package: its modules read their service's environment."""
    import aiohttp  # noqa: F401, PLC0415
    import jupyterhub.services.auth  # noqa: F401, PLC0415
    import tornado.httpserver  # noqa: F401, PLC0415

    from minio import Minio, MinioAdmin  # noqa: F401, PLC0415

    gc.collect()
    gc.freeze()  # or the next collection would copy every page that holds an object


def _start(service: Service) -> int:
    """Starts a service and returns its process."""
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)
        prctl = ctypes.CDLL(None).prctl
        prctl(DIE_WITH_PARENT, signal.SIGKILL)
        prctl(SET_NAME, ctypes.c_char_p(service.name.encode()))
        if os.getppid() != parent:  # it has ended meanwhile
            os._exit(1)
        os.environ.update(service.environment)
        sys.argv = [service.module]
        runpy.run_module(service.module, run_name="__main__")
    except SystemExit as ended:
        os._exit(ended.code if isinstance(ended.code, int) else 1)
    except BaseException:
        logging.exception("%s has failed", service.module)
        os._exit(1)
    os._exit(0)


def _end(pids: Sequence[int]) -> None:
    """Ends processes, first as Ctrl-C does, so that they end what they have begun."""
    for number, seconds in ((signal.SIGINT, END_SECONDS), (signal.SIGKILL, 0.0)):
        for pid in pids:
            _kill(pid, number)
        until = time.monotonic() + seconds
        while pids and time.monotonic() < until:
            pids = [pid for pid in pids if not _has_ended(pid)]
            time.sleep(0.05)


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _has_ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


if __name__ == "__main__":
    main()
