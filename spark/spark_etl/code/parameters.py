"""The parameters of a feature's class: what its `__init__` takes, and what the config gives."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from spark_etl.errors import ConfigError
from spark_etl.feature import SparkFeature
from spark_etl.names import alternatives, listing


def check_params(alias: str, class_path: str, cls: type[SparkFeature], given: Mapping[str, Any]) -> None:
    """Refuses parameters that the class does not take, and those that are missing.

    Args:
        alias: The feature.
        class_path: What its class is called in messages.
        cls: The class.
        given: The parameters.

    Raises:
        ConfigError: There are some; those that the class takes are named.
    """
    parameters = inspect.signature(cls).parameters.values()
    if not given and not parameters:
        return
    named = [each for each in parameters if each.kind in {each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD}]
    names = [each.name for each in named]
    anything = any(each.kind is each.VAR_KEYWORD for each in parameters)
    unknown = [] if anything else [name for name in given if name not in names]
    if unknown:
        known = alternatives(unknown[0], names) if names else "It takes none."
        raise ConfigError(
            f"feature `{alias}`: {class_path} takes no parameter `{unknown[0]}`. {known}",
            hint=f"correct `params:` of `{alias}`, or {cls.__name__}.__init__",
        )
    missing = [each.name for each in named if each.default is each.empty and each.name not in given]
    if missing:
        raise ConfigError(
            f"feature `{alias}`: {class_path} needs the parameters it is not given: {listing(missing)}",
            hint=f"add `params:` with `{missing[0]}:` below `{alias}:`",
        )
