"""YAML read strictly: a key written twice is refused, not silently dropped, and every value knows its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from spark_etl.errors import ConfigError

# libyaml's parser is ten times as fast; a PyYAML built without it reads the same.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Document:
    """The content of a YAML file, and the line of each value.

    Attributes:
        path: The file.
        content: The values; nothing is substituted.
    """

    path: Path
    content: Any
    _root: yaml.Node | None

    def line(self, where: Sequence[str | int]) -> int | None:
        """Returns the line of the value under these keys and positions; of the innermost one that is there."""
        node = self._root
        for part in where:
            inner = _child(node, part)
            if inner is None:
                break
            node = inner
        return node.start_mark.line + 1 if node is not None else None

    def value(self, where: Sequence[str | int]) -> Any:
        """Returns the value under these keys and positions as it is written; None where there is none."""
        found = self.content
        for part in where:
            try:
                found = found[part]
            except (KeyError, IndexError, TypeError):
                return None
        return found


def load_document(path: Path) -> Document:
    """Returns the content of a YAML file.

    Raises:
        ConfigError: It is missing, not readable, not YAML, or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"no feature config at {path}", hint=_other_configs(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't read the feature config {path}: {error}") from error
    loader = None
    try:
        loader = Loader(text)
        root = loader.get_single_node()
        _check_nodes(path, root)
        content = loader.construct_document(root) if root is not None else None
        # Merge keys (`<<`) are resolved in place by then, so that `line` finds what they brought in, too.
        return Document(path, content, root)
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{path} is not YAML: {_one_line(error, last=len(text.splitlines()))}") from error
    finally:
        if loader is not None:
            loader.dispose()


def _check_nodes(path: Path, root: yaml.Node | None) -> None:
    """Refuses a key that stands twice in one mapping, and an alias inside of what it stands for."""
    done: set[int] = set()
    open_nodes: set[int] = set()

    def visit(node: yaml.Node) -> None:
        if id(node) in open_nodes:
            raise ConfigError(f"{path}:{node.start_mark.line + 1}: what is anchored here contains itself")
        if id(node) in done or isinstance(node, yaml.ScalarNode):
            return
        open_nodes.add(id(node))
        if isinstance(node, yaml.MappingNode):
            _check_keys(path, node)
        for child in _children(node):
            visit(child)
        open_nodes.remove(id(node))
        done.add(id(node))

    if root is not None:
        visit(root)


def _check_keys(path: Path, node: yaml.MappingNode) -> None:
    seen: dict[tuple[str, str], int] = {}
    for key_node, _ in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            continue
        key, line = (key_node.tag, key_node.value), key_node.start_mark.line + 1
        if key in seen:
            raise ConfigError(
                f"{path}:{line}: `{key_node.value}` stands here a second time; the first is in line {seen[key]}",
                hint="give one of them another name",
            )
        seen[key] = line


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    for item in node.value:
        if isinstance(item, tuple):
            yield from item
        else:
            yield item


def _child(node: yaml.Node | None, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in reversed(node.value) if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        found: yaml.Node = node.value[part]
        return found
    return None


def _other_configs(path: Path) -> str | None:
    folder = path.parent
    found = sorted(str(other) for other in folder.glob("*.y*ml")) if folder.is_dir() else []
    return f"in that folder: {', '.join(found)}" if found else None


def _one_line(error: Exception, last: int) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    # libyaml counts a line more than there are when the end comes too early.
    return f"line {min(mark.line + 1, last)}, column {mark.column + 1}: {problem}" if mark else str(problem)
