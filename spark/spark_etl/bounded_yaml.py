"""YAML that others have written, read within bounds of size, depth and what its aliases come to.

The one place for it: feature configs and the hub's hub-auth.yaml are read through it. The bounds are checked on the
parser's events, one after the other: nothing is built of a text that is refused, and nothing recurses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

# libyaml's parser is ten times as fast; a PyYAML built without it reads the same.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

LARGEST = 256 << 10
# A run's JSON keeps its config, a few levels down, and is read to 100 levels.
DEEPEST = 50
# What all aliases together stand for: characters, and so many for each value.
EXPANDED = 1 << 20
VALUE = 16
# Base 60 (`1:30`) and long numbers take minutes to be read.
NUMBERS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
LONGEST_NUMBER = 100
MERGE = "tag:yaml.org,2002:merge"

TOO_DEEP = f"lists and mappings are nested more than {DEEPEST} levels deep"
MERGES = "`<<` takes a mapping, or a list of mappings, such as *other"
TAB = "a tab; YAML is indented by spaces"
PROBLEMS = {
    "found character that cannot start any token": "a character that nothing can begin with here; quote the text",
    "mapping values are not allowed in this context": "a `: ` where none can be; quote the text, or check the spaces "
    "at the line's beginning",
    "did not find expected key": "no key where one has to be; check the spaces at the line's beginning",
    "did not find expected ',' or ']'": "no `,` or `]` where one has to be",
    "did not find expected ',' or '}'": "no `,` or `}` where one has to be",
    "did not find expected node content": "no value where one has to be",
    "did not find expected alphabetic or numeric character": "`*` and `&` begin names of YAML's own; quote the text",
    "found unexpected end of stream": "the file ends inside of a quoted text or a list",
    "exceeded maximum nesting depth": TOO_DEEP,
    "but found another document": "a second document (`---`); a file holds one",
}


class UnreadableYamlError(ValueError):
    """Raised for text that is no YAML, or more than anybody writes.

    Attributes:
        problem: What is wrong. It may show a part of the text where `is_syntax`, nothing of it otherwise.
        line: Where, counted from 1; None where it is not in one line.
        is_syntax: Whether it is no YAML at all.
    """

    def __init__(self, problem: str, line: int | None = None, *, is_syntax: bool = False) -> None:
        super().__init__(f"line {line}: {problem}" if line else problem)
        self.problem = problem
        self.line = line
        self.is_syntax = is_syntax


@dataclass
class _Open:
    """A list or mapping whose end has not come yet: what it comes to so far, and how deep it is.

    Attributes:
        anchor: Its name for aliases.
        weight: What it comes to, with every alias replaced by what that stands for.
        height: How deep it is.
        added: The part of its weight that aliases add.
    """

    anchor: str | None
    weight: int = VALUE
    height: int = 1
    added: int = 0


def compose(text: str) -> yaml.Node | None:
    """Returns the nodes of a YAML text; None if there are none.

    Raises:
        UnreadableYamlError: It is no YAML, holds two documents, or is larger or deeper than anybody writes.
    """
    if len(text) > LARGEST:
        raise UnreadableYamlError(f"it has more than {LARGEST >> 10} kB")
    try:
        _check_bounds(text)
        root: yaml.Node | None = yaml.compose(text, Loader=Loader)
    except yaml.YAMLError as error:
        raise _unreadable(error, text) from error
    return root


def construct(root: yaml.Node | None) -> Any:
    """Returns the values of composed nodes; merge keys (`<<`) in them are resolved in place.

    Raises:
        UnreadableYamlError: A value is none, such as a date that no calendar has.
    """
    loader = Loader("")
    try:
        for node in scalars(root):
            _check_value(loader, node)
        return None if root is None else loader.construct_document(root)
    except yaml.YAMLError as error:
        raise _unreadable(error, "") from error
    except TypeError as error:
        raise UnreadableYamlError("a list or mapping can't be a key") from error
    finally:
        loader.dispose()


def scalars(root: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """Yields every text, number and so on, keys but `<<` included, each once."""
    seen: set[int] = set()
    waiting = [] if root is None else [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            if node.tag != MERGE:
                yield node
        else:
            waiting += [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]


def _check_value(loader: Any, node: yaml.ScalarNode) -> None:
    try:
        loader.construct_object(node)
    except (ValueError, OverflowError) as error:
        raise UnreadableYamlError(
            "a value that looks like a date or a number, but is not valid; quote it", node.start_mark.line + 1
        ) from error


def _check_bounds(text: str) -> None:
    loader = Loader(text)
    done: dict[str, _Open] = {}
    stack = [_Open(None)]
    try:
        while loader.check_event():
            event = loader.get_event()
            if isinstance(event, yaml.ScalarEvent) and len(event.value) > LONGEST_NUMBER:
                _refuse_number(loader, event)
            _count(event, stack, done)
    finally:
        loader.dispose()


def _refuse_number(loader: Any, event: yaml.ScalarEvent) -> None:
    """Refuses a long text that would be read as a number; a checksum of hexadecimal digits would not."""
    is_named = event.tag not in {None, "!"}
    tag = event.tag if is_named else loader.resolve(yaml.ScalarNode, event.value, event.implicit)
    if tag in NUMBERS:
        mark: Any = event.start_mark
        raise UnreadableYamlError(f"a number of {len(event.value):,} characters; quote it", mark.line + 1)


def _count(event: yaml.Event, stack: list[_Open], done: dict[str, _Open]) -> None:
    """Adds an event to what is open."""
    mark: Any = event.start_mark
    line = mark.line + 1
    if isinstance(event, yaml.CollectionStartEvent):
        stack.append(_Open(event.anchor))
        _check_depth(len(stack) - 1, line)
    elif isinstance(event, yaml.CollectionEndEvent):
        _add(stack.pop(), stack, done, line)
    elif isinstance(event, yaml.ScalarEvent):
        _add(_Open(event.anchor, VALUE + len(event.value), 0), stack, done, line)
    elif isinstance(event, yaml.AliasEvent):
        if any(part.anchor == event.anchor for part in stack):
            raise UnreadableYamlError("what is anchored here contains itself", line)
        if event.anchor not in done:
            problem = f"`*{event.anchor}` stands for nothing: there is no `&{event.anchor}` before it"
            raise UnreadableYamlError(problem, line, is_syntax=True)
        known = done[event.anchor]
        _check_depth(len(stack) - 1 + known.height, line)
        _add(_Open(None, known.weight, known.height, known.weight), stack, done, line)


def _add(part: _Open, stack: list[_Open], done: dict[str, _Open], line: int) -> None:
    if part.anchor:
        done[part.anchor] = part
    outer = stack[-1]
    outer.weight += part.weight
    outer.height = max(outer.height, part.height + 1)
    outer.added += part.added
    if outer.added > EXPANDED:
        problem = f"with its aliases replaced it comes to more than {EXPANDED >> 20} MB; write fewer of them"
        raise UnreadableYamlError(problem, line)


def _check_depth(depth: int, line: int) -> None:
    if depth > DEEPEST:
        raise UnreadableYamlError(TOO_DEEP, line)


def _unreadable(error: yaml.YAMLError, text: str) -> UnreadableYamlError:
    mark: Any = getattr(error, "problem_mark", None)
    if mark is None:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if position is not None else None
        return UnreadableYamlError(str(error).splitlines()[0], line, is_syntax=True)
    lines = text.splitlines()
    # libyaml counts a line more than there are when the end comes too early.
    line = min(mark.line + 1, len(lines)) if lines else mark.line + 1
    problem = str(getattr(error, "problem", None) or error)
    problem = MERGES if " for merging, but found " in problem else problem
    at = lines[line - 1][mark.column : mark.column + 1] if lines else ""
    shown = TAB if at == "\t" else PROBLEMS.get(problem.strip(), problem)
    return UnreadableYamlError(shown, line, is_syntax=shown != TOO_DEEP)
