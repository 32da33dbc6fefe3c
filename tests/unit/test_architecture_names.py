"""What docs/architecture.md, docs/glossary.md and CONTRIBUTING.md name is there: paths, modules, functions, targets."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox_cli.program import VERBS

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/architecture.md", "docs/glossary.md", "CONTRIBUTING.md")
# Where the packages lie that a dotted name may begin with.
PACKAGES = {
    "bounded_http": "hub",
    "docker_api": "hub/docker-api",
    "pipelines": "spark",
    "sandbox_cli": ".",
    "sandbox_hub": "hub",
    "sandbox_lab": "hub/notebook",
    "spark_etl": "spark",
    "tests": ".",
}
# What a path may begin with that is none of this repository: the store's, a server's, the hub's addresses.
ELSEWHERE = {"scratch", "published", "users", "api", "build", "home", ".venv"}

CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"([\w./-]+\.py): ([A-Za-z_][\w.]*)")
MODULE = re.compile(rf"({'|'.join(PACKAGES)})((?:\.\w+)*)")
PATH = re.compile(r"[\w.-]+(/[\w.*-]+)*/?")
FILE = re.compile(r"[\w-]+\.(py|toml|yaml|sh|md)|Makefile|sandbox")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
TARGET = re.compile(r"(?:^|`|\$ )(?:\w+=\S+ )*make ([a-z-]+)", re.MULTILINE)
VERB = re.compile(r"\./sandbox (?:--stack \S+ )?([a-z]+)")


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def references(text: str) -> Iterator[str]:
    """Yields what is written as code in a sentence or a table; blocks of commands and pictures are left out."""
    yield from CODE.findall(FENCE.sub("", text))


def missing(reference: str) -> str | None:
    """Returns what is wrong with a reference; None if it is right, or about something else than this repository."""
    if match := NAMED.fullmatch(reference):
        file, name = match.groups()
        if not (ROOT / file).is_file():
            return f"there is no {file}"
        return None if defines(ROOT / file, name.split(".")) else f"{file} has no {name}"
    if match := MODULE.fullmatch(reference):
        return None if is_importable(*match.groups()) else f"there is no {reference}"
    if is_path(reference) and not list(ROOT.glob(reference.rstrip("/"))):
        return f"there is no {reference}"
    return None


def is_path(reference: str) -> bool:
    """Returns whether a reference names a file or a folder of this repository: `a/b`, `a/`, `compose.yaml`."""
    first, slash, _ = reference.partition("/")
    return bool(PATH.fullmatch(reference)) and (first not in ELSEWHERE if slash else bool(FILE.fullmatch(reference)))


def is_importable(package: str, rest: str) -> bool:
    """Returns whether a dotted name is a module, or something that a module defines."""
    parts = rest.split(".")[1:]
    folder = ROOT / PACKAGES[package] / package
    for depth in range(len(parts), -1, -1):
        base = folder.joinpath(*parts[:depth])
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file():
                return defines(file, parts[depth:])
    return folder.is_dir() and not parts


def defines(file: Path, names: list[str]) -> bool:
    """Returns whether a file defines or imports `names[0]`, and in that `names[1]`, and so on."""
    bodies = syntax(file).body
    for name in names:
        found = [node for node in statements(bodies) if name in defined_by(node)]
        if not found:
            return False
        bodies = [inner for node in found if isinstance(node, ast.ClassDef) for inner in node.body]
    return True


@functools.cache
def syntax(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yields statements, also those below an `if` such as `if TYPE_CHECKING:`."""
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from statements(node.body)


def defined_by(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    if isinstance(node, ast.AnnAssign):
        return {node.target.id} if isinstance(node.target, ast.Name) else set()
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {name.asname or name.name for name in node.names}
    return set()


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_names_is_there(name: str) -> None:
    wrong = {reference: reason for reference in references(page(name)) if (reason := missing(reference))}
    assert wrong == {}, f"in {name}"


@pytest.mark.parametrize("name", PAGES)
def test_no_name_goes_on_in_the_next_line(name: str) -> None:
    """It would not be looked at."""
    assert [line for line in FENCE.sub("", page(name)).splitlines() if line.count("`") % 2] == []


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    folder = (ROOT / name).parent
    assert [link for link in LINK.findall(page(name)) if not (folder / link).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_commands_are_there(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", page("Makefile"), re.MULTILINE))
    assert set(TARGET.findall(page(name))) <= targets
    assert set(VERB.findall(page(name))) <= set(VERBS)


def test_architecture_says_where_things_are_decided() -> None:
    named = [reference for reference in references(page("docs/architecture.md")) if NAMED.fullmatch(reference)]
    assert len(named) >= 30


@pytest.mark.parametrize(
    "reference",
    [
        "spark/spark_etl/store/store.py: RunStore.start",
        "spark/spark_etl/store/layout.py: RUN_FILE",
        "spark_etl.store",
        "spark_etl.store.RunStore",
        "spark_etl.store.layout.RUN_FILE",
        "sandbox_cli",
        "docs/adr/",
        "tests/unit/test_*.py",
        "Makefile",
    ],
)
def test_what_is_there_is_found(reference: str) -> None:
    assert missing(reference) is None


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("spark/spark_etl/store/store.py: RunStore.begin", "spark/spark_etl/store/store.py has no RunStore.begin"),
        ("spark/spark_etl/store/lay.py: RUN_FILE", "there is no spark/spark_etl/store/lay.py"),
        ("spark_etl.stores", "there is no spark_etl.stores"),
        ("spark_etl.store.RunStores", "there is no spark_etl.store.RunStores"),
        ("sandbox_cli/stock/", "there is no sandbox_cli/stock/"),
        ("nothing.toml", "there is no nothing.toml"),
        ("sandboxcli/app.py", "there is no sandboxcli/app.py"),
    ],
)
def test_what_is_not_there_is_named(reference: str, reason: str) -> None:
    assert missing(reference) == reason


@pytest.mark.parametrize("reference", ["run.json", "scratch/users/ada/", "--resume RUN", "<scratch>/<team>/", "/run/x"])
def test_what_is_no_name_of_this_repository_is_left_alone(reference: str) -> None:
    assert missing(reference) is None
