"""Names of the module of `transform` in the notebook: given, and bound again when it is loaded again."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from spark_etl.debugging.notebook.names import NotebookNames, names_for, renew_instance
from spark_etl.feature import SparkFeature

MODULE = """
from spark_etl import SparkFeature
RATE, debug, orders, spark, _hidden = 2, 1, 3, 4, 5
class Base(SparkFeature):
    def transform(self, spark, start_date, end_date, orders, **kwargs):
        return orders
"""


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType("names_of_it")
    exec(MODULE, made.__dict__)  # noqa: S102 - stands for a file
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


def feature_of(cls: Any) -> SparkFeature:
    made: SparkFeature = cls()
    return made


def test_names_of_the_module_where_transform_is_defined(module: ModuleType) -> None:
    inherited = type("Inherited", (module.Base,), {"__module__": __name__})
    for cls in (module.Base, inherited):
        names = names_for(feature_of(cls))
        assert sorted(names) == ["Base", "RATE", "SparkFeature", "_hidden"], "nothing that the notebook uses"


def test_a_transform_that_is_not_the_projects_has_no_names() -> None:
    assert names_for(SparkFeature()) == {}
    assert names_for(feature_of(type("OfACell", (SparkFeature,), {"__module__": "__main__"}))) == {}


def test_names_are_bound_again_unless_a_cell_has_bound_them_itself(module: ModuleType) -> None:
    names, feature = NotebookNames(), feature_of(module.Base)
    namespace = names.give(feature)
    namespace["_hidden"] = "of a cell"
    del module.SparkFeature
    module.__dict__.update(RATE=3, _hidden=6, more=7)

    names.renew(namespace, feature)

    assert (namespace["RATE"], namespace["_hidden"], namespace["more"]) == (3, "of a cell", 7)
    assert "SparkFeature" not in namespace
    module.__dict__["RATE"] = 4
    names.renew(namespace, feature)
    assert namespace["RATE"] == 4


def test_before_names_were_given_none_are_bound(module: ModuleType) -> None:
    namespace: dict[str, Any] = {}
    NotebookNames().renew(namespace, feature_of(module.Base))
    assert namespace == {}


def test_self_is_the_new_instance_unless_it_is_one_of_a_cell(module: ModuleType) -> None:
    before, now, other = (feature_of(module.Base) for _ in range(3))
    namespace = {"self": before}
    renew_instance(namespace, before, now)
    assert namespace["self"] is now
    namespace = {"self": other}
    renew_instance(namespace, before, now)
    assert namespace["self"] is other
