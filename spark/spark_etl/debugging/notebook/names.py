"""The names that `transform` finds in its module: given to the notebook, and kept up to date when files are saved."""

from __future__ import annotations

import inspect
import sys
from collections.abc import MutableMapping
from typing import Any

from spark_etl.debugging.notebook.one_cell import is_for_notebook
from spark_etl.feature import SparkFeature

MISSING = object()


def names_for(feature: SparkFeature) -> dict[str, Any]:
    """Returns name → value of the module in which the feature's `transform` is defined, helpers included.

    Without names that begin and end with `__`, arguments of `transform`, and what the notebook itself uses. Of a
    `transform` that is spark_etl's own, there are none.
    """
    owner = next((cls for cls in type(feature).__mro__ if "transform" in vars(cls)), None)
    module = sys.modules.get(owner.__module__) if owner else None
    if module is None or module.__name__.partition(".")[0] in {"spark_etl", "__main__"}:
        return {}
    parameters = inspect.signature(feature.transform).parameters
    reserved = {*parameters, *feature.sources}
    taken = {name for name in vars(module) if name in reserved or _is_special(name) or is_for_notebook(name)}
    return {name: value for name, value in vars(module).items() if name not in taken}


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


class NotebookNames:
    """The names that a notebook was given, which it may have bound to something else since."""

    def __init__(self) -> None:
        self._given: dict[str, Any] = {}

    def give(self, feature: SparkFeature) -> dict[str, Any]:
        """Returns the names for a notebook, and remembers them."""
        self._given = names_for(feature)
        return dict(self._given)

    def renew(self, namespace: MutableMapping[str, Any], feature: SparkFeature) -> None:
        """Binds the names again after modules were loaded again; those that a cell has bound itself stay.

        Args:
            namespace: The notebook's.
            feature: An instance of what the class is now.
        """
        before, now = self._given, names_for(feature) if self._given else {}
        for name in before.keys() | now.keys():
            if namespace.get(name, MISSING) is not before.get(name, MISSING):
                continue
            if name in now:
                namespace[name] = now[name]
            else:
                namespace.pop(name, None)
        self._given = now


def renew_instance(namespace: MutableMapping[str, Any], before: SparkFeature, now: SparkFeature) -> None:
    """Binds `self` to the new instance of a feature, where it is bound to the former one."""
    if namespace.get("self") is before:
        namespace["self"] = now
