"""The object of a debug notebook, as far as it needs no Spark: what it refuses, makes, and saves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.debugging.notebook import debugger, live_feature
from spark_etl.debugging.notebook.cells import read_notebook
from spark_etl.debugging.notebook.notebook_file import write_debug_notebook
from spark_etl.debugging.notebook.session_choice import OpenedSession
from spark_etl.debugging.trust import NotTrustedError
from spark_etl.errors import ArgumentError, ConfigError
from spark_etl.feature import SparkFeature
from spark_etl.reading import Run

from tests.unit.spark_etl.debugging.notebook.conftest import MakeDebugRun

CODE = {
    "shop/__init__.py": "",
    "shop/rates.py": "RATE = 2\n",
    "shop/net.py": "from spark_etl import ConfiguredSparkFeature, SparkFeature\nfrom shop.rates import RATE\n\n\n"
    "class Net(SparkFeature):\n"
    "    def __init__(self, factor):\n"
    "        self.factor = factor * RATE\n"
    '        self.sources = {"orders": ConfiguredSparkFeature()}\n\n'
    "    def transform(self, spark, start_date, end_date, orders):\n"
    "        return orders\n",
}
FEATURES = {"orders": {"class": "shop.orders.Orders"}, "net": {"class": "shop.net.Net", "params": {"factor": 3}}}


class Events:
    """Stands for IPython's: calls what is registered before a cell."""

    def __init__(self) -> None:
        self.called: list[Any] = []

    def register(self, _: str, function: Any) -> None:
        self.called.append(function)

    def unregister(self, _: str, function: Any) -> None:
        self.called.remove(function)


@pytest.fixture(autouse=True)
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A process without Spark, with a shell, which forgets the project in the end."""
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.delenv("SANDBOX_SCRATCH", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.setattr(debugger, "open_session", lambda choice, *_: OpenedSession(object(), choice))  # type: ignore[arg-type]
    monkeypatch.setattr(debugger, "ship_code", lambda *_: None)
    by_value: list[str] = []
    sent = lambda modules: by_value.extend(each.__name__ for each in modules)  # noqa: E731
    monkeypatch.setattr(live_feature, "send_by_value", sent)
    made = SimpleNamespace(events=Events(), user_ns={}, by_value=by_value)
    monkeypatch.setattr(debugger, "ipython_shell", lambda: made)
    before = set(sys.modules)
    yield made
    debugger._watching.clear()
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def run(make_debug_run: MakeDebugRun) -> Run:
    return make_debug_run(code=CODE, config={"features": FEATURES})


def cell(shell: Any, text: str, cell_id: str = "one") -> None:
    """Executes a cell, as IPython does."""
    for function in shell.events.called:
        function(SimpleNamespace(cell_id=cell_id, raw_cell=text))
    exec(text, shell.user_ns)  # noqa: S102 - as a kernel does


def test_the_feature_is_made_as_the_runner_makes_it(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    debug = run.debugger("net")
    feature: Any = debug.feature
    assert (feature.alias, feature.factor) == ("net", 6)
    assert (str(debug.start_date), str(debug.end_date)) == ("2024-02-29", "2024-02-29")
    assert list(debug.inputs) == ["orders"]
    assert sys.modules["shop.net"].__file__ == str(Path.cwd() / f"debug/shop/{run.id}-net" / "shop" / "net.py")
    assert f"unpacked the run's code to debug/shop/{run.id}-net" in capsys.readouterr().out
    assert run.debugger().feature.alias == "net", "the one that failed; and once more in the same kernel"
    with pytest.raises(ArgumentError, match=r"has no input `order`\. Did you mean `orders`"):
        debug.input("order")


def test_a_class_of_a_cell_gets_the_same_parameters(run: Run) -> None:
    debug = run.debugger("net")

    class OfACell(SparkFeature):
        def __init__(self, factor: int) -> None:
            self.sources = {}
            self.factor = factor

        def transform(self, spark: Any, start_date: Any, end_date: Any) -> Any:
            return None

    made: Any = debug.new(OfACell)
    assert (made.alias, made.factor) == ("net", 3)
    assert list(debug.inputs) == [], "its sources are what counts now"
    with pytest.raises(ConfigError, match="Path of the cell is no subclass"):
        debug.new(Path)  # type: ignore[arg-type]


def test_what_is_saved_counts_in_the_next_cell(run: Run, shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    debug = run.debugger("net")
    shell.user_ns.update(debug=debug, self=debug.feature)
    cell(shell, "globals().update(debug.names())")
    (Path.cwd() / f"debug/shop/{run.id}-net/shop/rates.py").write_text("RATE = 5\n")
    cell(shell, "seen = (RATE, self.factor)")
    assert shell.user_ns["seen"] == (5, 15)
    assert shell.user_ns["self"] is debug.feature
    assert "loaded again, as saved: shop.rates, and with it shop.net" in capsys.readouterr().out
    assert shell.by_value == ["shop.rates", "shop.net"]


def test_a_class_that_can_not_be_made_any_more_is_said(
    run: Run, shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    debug = run.debugger("net")
    before = debug.feature
    file = Path.cwd() / f"debug/shop/{run.id}-net/shop/net.py"
    file.write_text(file.read_text().replace("def __init__(self, factor)", "def __init__(self)"))
    cell(shell, "")
    assert debug.feature is before
    assert "`self` stays as it was: feature `net`: shop.net.Net takes no parameter `factor`" in capsys.readouterr().out


def test_only_the_newest_debugger_hears_of_cells(run: Run, shell: Any) -> None:
    run.debugger("net")
    second = run.debugger("net")
    assert shell.events.called == [second.before_cell]


def test_what_a_cell_has_executed_is_in_the_patch_before_it_is_saved(run: Run, shell: Any) -> None:
    made = write_debug_notebook(run, "net", Path.cwd(), scratch=run.stored.scratch)
    debug = run.debugger("net")
    assert not debug.save_patch()
    ids = {each["metadata"].get("sandbox_debug", {}).get("part"): each["id"] for each in _cells(made.path)}
    shell.user_ns.update(debug=debug, orders=[])
    cell(shell, "result = orders or None", ids["transform:0"])
    cell(shell, "patch = debug.save_patch()", ids["patch"])
    patch = shell.user_ns["patch"]
    assert "+        return orders or None\n" in patch.text
    assert patch.path == Path.cwd() / f"debug/shop/{run.id}-net.patch"


def _cells(path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_notebook(Path(path))["cells"]
    return found


def test_code_that_somebody_else_wrote_is_refused_before_it_is_unpacked(make_debug_run: MakeDebugRun) -> None:
    run = make_debug_run(code=CODE, config={"features": FEATURES}, kind="imported")
    with pytest.raises(NotTrustedError) as raised:
        run.debugger("net")
    assert "spark-etl trust" in str(raised.value.hint)
    assert list(Path.cwd().iterdir()) == []


def test_a_run_without_code_has_inputs_and_no_feature(make_debug_run: MakeDebugRun) -> None:
    debug = make_debug_run(code=None).debugger("net")
    assert list(debug.inputs) == ["orders"]
    with pytest.raises(ArgumentError, match=r"kept no checkpoint of `orders`, and run .* has no code"):
        debug.input("orders")
    for ask in (debug.names, lambda: debug.feature):
        with pytest.raises(ArgumentError, match="has no code") as raised:
            ask()
        assert "--code DIR" in str(raised.value.hint)


def test_an_unknown_feature_is_named(run: Run) -> None:
    with pytest.raises(ArgumentError, match=r"has no feature `nett`\. Did you mean `net`"):
        run.debugger("nett")
