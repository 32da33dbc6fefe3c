"""The feature that is debugged, of the code as its files are now: what is saved takes effect."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from spark_etl.debugging.notebook.inputs import DebuggedFeature, DebugInputs
from spark_etl.debugging.notebook.names import NotebookNames, renew_instance
from spark_etl.debugging.notebook.reloading import ProjectModules
from spark_etl.debugging.notebook.shipping import send_by_value
from spark_etl.errors import ConfigError
from spark_etl.feature import SparkFeature


class LiveFeature:
    """An instance of a feature's class, and the names of its module, both loaded again when files are saved.

    Args:
        debugged: The feature of the run.
        say: Shows a line.

    Raises:
        ConfigError: The class can't be imported or made.
    """

    def __init__(self, debugged: DebuggedFeature, say: Callable[[str], None]) -> None:
        self._debugged, self._say = debugged, say
        self._names = NotebookNames()
        self.instance = self._made()
        self._modules = ProjectModules(debugged.project)

    def _made(self) -> SparkFeature:
        entry = self._debugged.entry
        return self._debugged.project.load_feature(self._debugged.alias, entry.class_path, entry.params)

    def made_of(self, cls: type[SparkFeature]) -> SparkFeature:
        """Returns an instance of a class that a cell has defined, with the feature's parameters.

        Raises:
            ConfigError: It is no feature, or its `__init__` fails or takes other parameters.
        """
        called = f"{getattr(cls, '__name__', cls)} of the cell"
        return self._debugged.project.make_feature(self._debugged.alias, cls, self._debugged.entry.params, called)

    def names(self) -> dict[str, Any]:
        """Returns the names of the module of `transform`, which are bound again when it is loaded again."""
        return self._names.give(self.instance)

    def reload(self, inputs: DebugInputs, namespace: dict[str, Any] | None = None) -> None:
        """Loads modules again whose files were saved; what they define goes to executors by value from then on.

        Args:
            inputs: Get the sources of the new instance, if they have those of the former one.
            namespace: The notebook's, whose names are bound to what is new.
        """
        reloaded = self._modules.reload_changed()
        if reloaded:
            send_by_value(sys.modules[name] for name in reloaded.modules)
            self._renew(inputs, namespace)
        if text := str(reloaded):
            self._say(text)

    def _renew(self, inputs: DebugInputs, namespace: dict[str, Any] | None) -> None:
        before = self.instance
        try:
            now = self._made()
            if inputs.feature is before:
                inputs.use(now)
        except ConfigError as error:
            self._say(f"`self` stays as it was: {error.message}")
            return
        self.instance = now
        if namespace is not None:
            self._names.renew(namespace, now)
            renew_instance(namespace, before, now)
