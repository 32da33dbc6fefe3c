"""YAML as it was meant: a key written twice is refused, not silently dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from spark_etl.errors import ConfigError


class _StrictLoader(yaml.SafeLoader):
    """A safe loader that refuses doubled keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            key, line = key_node.value, key_node.start_mark.line + 1
            if key in seen:
                raise ConfigError(
                    f"{self.name}:{line}: `{key}` stands here a second time; the first is in line {seen[key]}",
                    hint="give one of them another name",
                )
            seen[key] = line
        return super().construct_mapping(node, deep)


def load_document(path: Path) -> Any:
    """Returns the content of a YAML file.

    Raises:
        ConfigError: It is missing, not readable, not YAML, or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"no feature config at {path}", hint=_elsewhere(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't read the feature config {path}: {error}") from error
    loader = _StrictLoader(text)
    loader.name = str(path)
    try:
        return loader.get_single_data()
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {_one_line(error)}") from error
    finally:
        loader.dispose()


def _elsewhere(path: Path) -> str | None:
    folder = path.parent
    found = sorted(str(other) for other in folder.glob("*.y*ml")) if folder.is_dir() else []
    return f"in that folder: {', '.join(found)}" if found else None


def _one_line(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else str(problem)
