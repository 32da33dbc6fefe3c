"""A pytest plugin: `sandbox`, the stack of the test session, in the tests of any repository. See docs/ci.md.

    def test_revenue(sandbox):
        run = sandbox.run("feature_config.yaml", start_date="2024-02-29")
        run.expect("revenue", "rows > 0")

`feature_case`, which needs no Docker, is a plugin of its own: `spark_etl.testing.plugin`.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sandbox_cli.testing.artifacts import Artifacts
    from sandbox_cli.testing.options import StackOptions
    from sandbox_cli.testing.session import StackSession
    from sandbox_cli.testing.stack import SandboxStack

NAME = "sandbox_stack"  # in what xdist gives its workers, and in what they report
STACK_NAME = pytest.StashKey[str]()
SESSION = pytest.StashKey["StackSession"]()
ARTIFACTS = pytest.StashKey["Artifacts"]()
RUNS_BEFORE = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the settings of pytest's ini."""
    add = parser.addini
    add("sandbox_services", "beside store and Spark: history, mail, connect, hub; default: none", type="args")
    add("sandbox_workers", "Spark workers; default: 1", default="1")
    add("sandbox_sample", "publish the sample's data and run its pipeline; default: false", type="bool", default=False)
    add("sandbox_up_options", "further options of `sandbox up`", type="args")
    add("sandbox_artifacts", "where the runs of red tests are kept; default: build/sandbox", default="build/sandbox")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Gives a worker of xdist the name that the stack has if a test asks for it."""
    node.workerinput[NAME] = _name(node.config)


@pytest.fixture(scope="session")
def sandbox(request: pytest.FixtureRequest) -> SandboxStack:
    """The stack of this test session; it is removed with everything in it when the session has ended."""
    from sandbox_cli.errors import SandboxError  # noqa: PLC0415 - most test runs need none of it

    try:
        return _session(request.config).stack()
    except SandboxError as error:
        said = f"{error.message}\nnext: {error.hint}" if error.hint else error.message
    return pytest.fail(said, pytrace=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Remembers which runs there are before a test."""
    started = _started(item.config)
    item.stash[RUNS_BEFORE] = len(started.made) if started else 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keeps the runs of a red test, and says in its report how to open them."""
    report = yield
    stack = _started(item.config)
    session = item.config.stash.get(SESSION, None)
    if session is not None and session.is_owner:
        setattr(report, NAME, True)
    if (
        report.failed
        and stack is not None
        and call.when != "teardown"
        and "sandbox" in getattr(item, "fixturenames", ())
    ):
        lines = _artifacts(item.config).keep(stack, item.nodeid, item.stash.get(RUNS_BEFORE, 0))
        if lines:
            report.sections.append(("sandbox", "\n".join(lines)))
    return report


def pytest_runtest_logreport(report: Any) -> None:
    """Owns the stack too, once a worker of xdist has started it: workers end, or crash, before this process."""
    node = getattr(report, "node", None)
    if node is not None and getattr(report, NAME, False):
        _session(node.config).own()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Removes the stack, after Ctrl-C too."""
    if STACK_NAME not in config.stash or hasattr(config, "workerinput"):
        return
    from sandbox_cli.errors import SandboxError  # noqa: PLC0415
    from sandbox_cli.testing import owner  # noqa: PLC0415

    if not owner.is_owned(_name(config)):  # no process of the session has asked for it
        return
    try:
        _session(config).close()
    except SandboxError as error:
        sys.stderr.write(f"The stack of this test session was not removed. The next one tries it again.\n{error}\n")
        raise SystemExit(error.exit_code) from None


def _name(config: pytest.Config) -> str:
    """Returns the name of this session's stack, started or not."""
    if STACK_NAME not in config.stash:
        from sandbox_cli.testing import owner  # noqa: PLC0415

        config.stash[STACK_NAME] = str(getattr(config, "workerinput", {}).get(NAME, "")) or owner.new_name()
    return config.stash[STACK_NAME]


def _session(config: pytest.Config) -> StackSession:
    """Returns this process's part of the session; what it needs is imported by those test runs that need it."""
    if SESSION not in config.stash:
        from sandbox_cli.testing.session import StackSession  # noqa: PLC0415

        config.stash[SESSION] = StackSession(
            _name(config),
            lambda: _options(config),
            config.rootpath,
            is_worker=hasattr(config, "workerinput"),
            say=lambda line: _show(config, line),
        )
    return config.stash[SESSION]


def _options(config: pytest.Config) -> StackOptions:
    from sandbox_cli.testing.options import stack_options  # noqa: PLC0415

    return stack_options(
        services=config.getini("sandbox_services"),
        workers=str(config.getini("sandbox_workers")),
        sample=bool(config.getini("sandbox_sample")),
        more=config.getini("sandbox_up_options"),
    )


def _started(config: pytest.Config) -> SandboxStack | None:
    session = config.stash.get(SESSION, None)
    return session.started if session else None


def _artifacts(config: pytest.Config) -> Artifacts:
    if ARTIFACTS not in config.stash:
        from sandbox_cli.testing.artifacts import Artifacts  # noqa: PLC0415

        folder = config.rootpath / Path(str(config.getini("sandbox_artifacts")))
        config.stash[ARTIFACTS] = Artifacts(folder, config.rootpath)
    return config.stash[ARTIFACTS]


def _show(config: pytest.Config, line: str) -> None:
    """Shows a line between the dots of tests; workers of xdist have no terminal."""
    reporter, capture = (config.pluginmanager.getplugin(name) for name in ("terminalreporter", "capturemanager"))
    if reporter is not None:
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            reporter.write_line(f"sandbox: {line}")
