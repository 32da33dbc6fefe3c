"""Fixtures are nouns. The stack is started once, by the command itself, under a name of its own.

Set SANDBOX_TEST_STACK=NAME to use a stack again from run to run: it is then left as it is.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support import leftovers, logs
from tests.support.engine import Containers
from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox

COLD_UP_SECONDS = 1800


def pytest_configure() -> None:
    """A polite kill ends the run like Ctrl-C does: with everything that was started removed."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # So it is in a shell's background job, and the commands that tests interrupt would ignore it as well.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs what disrupts the stack after everything that only uses it, and then what looks back on all of it."""
    for item in items:
        logs.waivers_of(item)
    items.sort(key=lambda item: [item.get_closest_marker(name) is not None for name in ("last", "disrupts")])


def prefer_ports(sandbox: Sandbox) -> None:
    """Leaves the usual ports to others: a stack beside this one gives its own free while it is down for a moment."""
    first = int(os.environ.get("SANDBOX_TEST_PORTS", "0"))
    if first:
        sandbox.state.mkdir(mode=0o700, parents=True)
        (sandbox.state / "ports.json").write_text(json.dumps({"hub": first, "s3": first + 1000}))


@contextmanager
def new_sandbox() -> Iterator[Sandbox]:
    """Gives the command under a fresh stack name; afterwards nothing of that stack is left, or it fails."""
    with leftovers.own_name() as name:
        sandbox = Sandbox(name, leftovers.home())
        prefer_ports(sandbox)
        try:
            yield sandbox
            if sandbox.state.exists() and leftovers.engine_answers():
                sandbox("reset", "--yes", timeout=120)
                left = leftovers.of(name)
                assert not left, f"`sandbox reset` left {left}"
        finally:
            leftovers.remove(name)


@pytest.fixture(scope="session")
def clean_engine() -> None:
    """What killed test runs left behind is gone."""

    stale = leftovers.remove_stale()
    if stale:
        print(f"removed stale test stacks: {', '.join(stale)}")


@pytest.fixture(scope="session")
def stack(clean_engine: None) -> Iterator[Sandbox]:
    """A whole stack, started by `sandbox up`, with its sample run."""
    with ExitStack() as cleanup:
        name = os.environ.get("SANDBOX_TEST_STACK")
        sandbox = Sandbox(name, leftovers.home()) if name else cleanup.enter_context(new_sandbox())
        tested = ["--no-smoke-test"] if os.environ.get("SANDBOX_TEST_PORTS") else []  # the stack's own part tests it
        done = sandbox("up", "--json", *tested, timeout=COLD_UP_SECONDS)
        (sandbox.state / "up.json").write_text(done.out)
        yield sandbox


@pytest.fixture(scope="session")
def log_watch(stack: Sandbox) -> Iterator[logs.LogWatch]:
    """The logs of the stack's containers, from its start to the last test."""
    watch = logs.LogWatch(stack.stack)
    watch.start()
    yield watch
    bad = watch.unwaived()
    assert not bad, "containers logged errors after the last test:\n" + "\n".join(bad)


@pytest.fixture
def fresh_sandbox(clean_engine: None) -> Iterator[Sandbox]:
    """The command under a stack name that nothing was started for yet."""
    with new_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def containers(stack: Sandbox) -> Containers:
    """The stack's containers, users' servers included."""

    return Containers(stack.stack)


@pytest.fixture
def hub_client(stack: Sandbox) -> Iterator[HubClient]:
    """A browser session nobody is logged in to."""

    with HubClient(stack.port("hub")) as client:
        yield client


@pytest.fixture(scope="module")
def engineer(stack: Sandbox) -> Iterator[HubClient]:
    """The engineer, logged in."""
    with HubClient(stack.port("hub")) as client:
        yield client.login("engineer", stack.password("engineer"))


@pytest.fixture
def outside_project() -> Path:
    """A project of somebody who knows nothing of this repository."""
    return Path(__file__).parent / "fixtures" / "outside_project"


@pytest.fixture(autouse=True)
def no_errors_in_logs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test during which a container of the stack logged an error that no waiver covers."""
    if "stack" not in request.fixturenames:
        yield
        return

    watch: logs.LogWatch = request.getfixturevalue("log_watch")
    watch.begin_test(logs.waivers_of(request.node))
    yield
    bad = watch.unwaived()
    assert not bad, "containers logged errors during this test:\n" + "\n".join(bad[:40])
