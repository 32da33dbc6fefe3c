"""YAML read strictly: a key written twice is refused, not silently dropped, and every value knows its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from spark_etl import bounded_yaml
from spark_etl.bounded_yaml import MERGE, UnreadableYamlError
from spark_etl.config import scalars
from spark_etl.errors import ConfigError

MOST_BYTES = 4 * bounded_yaml.LARGEST  # each character takes up to four
# YAML takes the braces of `${NAME}` inside of `{…}` for its own: while it is parsed, private characters stand for them.
VARIABLE, HIDDEN = re.compile(r"\$\{([A-Za-z_]\w*(?::-[^${}\n]*)?)\}"), re.compile("\\$\ue000([^\ue001]*)\ue001")


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

    def node(self, where: Sequence[str | int]) -> yaml.Node | None:
        """Returns what stands under these keys and positions; None where there is nothing."""
        node = self._root
        for part in where:
            node = _child(node, part)
        return node

    def value(self, where: Sequence[str | int]) -> Any:
        """Returns the value under these keys and positions as it is written; None where there is none."""
        found = self.content
        for part in where:
            try:
                found = found[part]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def scalars_below(self, *where: str) -> Iterator[yaml.ScalarNode]:
        """Yields the words below these keys, `*` for any key."""
        nodes = [] if self._root is None else [self._root]
        for part in where:
            nodes = [inner for node in nodes for inner in _named(node, part)]
        for node in nodes:
            yield from bounded_yaml.scalars(node)


def load_document(path: Path) -> Document:
    """Returns the content of a YAML file.

    Raises:
        ConfigError: It is missing, not readable, not YAML, larger or deeper than anybody writes, or has a key twice or
            one that is no text.
    """
    text = _read(path)
    try:
        root = bounded_yaml.compose(VARIABLE.sub("$\ue000\\1\ue001", text))
        for node in bounded_yaml.scalars(root):
            node.value = HIDDEN.sub(r"${\1}", node.value)
        _check_nodes(path, root)
        # Merge keys (`<<`) are resolved in place by then, so that `line` finds what they brought in, too.
        return Document(path, bounded_yaml.construct(root), root)
    except UnreadableYamlError as error:
        where = f"{path}:{error.line}" if error.line else str(path)
        raise ConfigError(f"{where}: {'not YAML: ' if error.is_syntax else ''}{error.problem}") from error


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"no feature config at {path}", hint=_other_configs(path)) from None
    except OSError as error:
        raise ConfigError(f"can't read the feature config {path}: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise ConfigError(f"{path} is no feature config: it has more than {MOST_BYTES >> 10} kB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line}: can't read the feature config: it is not UTF-8", hint="save it as UTF-8"
        ) from error


def _check_nodes(path: Path, root: yaml.Node | None) -> None:
    """Refuses keys that stand twice in one mapping or are no text, and values that are none."""
    waiting, done = [] if root is None else [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in done:
            continue
        done.add(id(node))
        _check_tag(path, node)
        if isinstance(node, yaml.MappingNode):
            _check_keys(path, node)
        waiting += reversed(list(_children(node)))


def _check_tag(path: Path, node: yaml.Node) -> None:
    where = f"{path}:{node.start_mark.line + 1}"
    if node.tag not in scalars.KNOWN:
        text, value = scalars.kind_of(node), getattr(node, "value", "")
        if text in {"value", "merge"}:  # `=` and `<<`
            raise ConfigError(f"{where}: `{value}` has to be quoted: {scalars.quoted(value)}")
        what = {"set": "a set", "binary": "bytes"}.get(text, f"a value of the type `{text}`")
        raise ConfigError(
            f"{where}: {what} can't be in a feature config", hint="text, numbers, true, false, dates, lists, mappings"
        )
    if isinstance(node, yaml.ScalarNode):
        try:
            bounded_yaml.construct(node)
        except UnreadableYamlError:
            kind = "a date or time" if scalars.kind_of(node) == "timestamp" else "a number"
            shown = scalars.written(node)
            raise ConfigError(
                f"{where}: `{shown}` looks like {kind}, but is not a valid one",
                hint=f"correct it, or write {scalars.quoted(node.value)} for the text",
            ) from None


def _check_keys(path: Path, node: yaml.MappingNode) -> None:
    seen: dict[tuple[str, str], int] = {}
    for key_node, _ in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise ConfigError(f"{path}:{line}: the key {scalars.written(key_node)} is no text")
        key = (key_node.tag, key_node.value)
        if key in seen:
            raise ConfigError(
                f"{path}:{line}: `{scalars.written(key_node)}` stands here a second time; "
                f"the first is in line {seen[key]}",
                hint="write <<: [*one, *other]" if key_node.tag == MERGE else "give one of them another name",
            )
        seen[key] = line
        if not scalars.is_text(key_node) and key_node.tag != MERGE:
            _check_tag(path, key_node)
            shown = scalars.written(key_node)
            raise ConfigError(
                f"{path}:{line}: the key `{shown}` is no text: it is read as {scalars.reading(key_node)}",
                hint=f"quote it, {scalars.quoted(key_node.value)}, or give it another name: a feature's begins with a "
                "letter",
            )


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    for item in node.value if not isinstance(node, yaml.ScalarNode) else ():
        key, value = item if isinstance(item, tuple) else (None, item)
        if key is not None and key.tag != MERGE:
            yield key
        yield value


def _child(node: yaml.Node | None, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in reversed(node.value) if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        found: yaml.Node = node.value[part]
        return found
    return None


def _named(node: yaml.Node, part: str) -> list[yaml.Node]:
    if part == "*":
        return [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else []
    found = _child(node, part)
    return [] if found is None else [found]


def _other_configs(path: Path) -> str | None:
    folder = path.parent
    found = sorted(str(other) for other in folder.glob("*.y*ml")) if folder.is_dir() else []
    return f"in that folder: {', '.join(found)}" if found else None
