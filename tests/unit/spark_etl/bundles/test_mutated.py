"""A bundle that was changed in any way is refused whole, or the change has no effect and the run is whole."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spark_etl.bundles.imports import import_bundle
from spark_etl.errors import SparkEtlError
from spark_etl.reading import Run

from tests.support.bundles import LIST, ROWS, exported, failed_run, members, rebuilt, tree

SETTINGS = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("../../x"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    return exported(failed_run(folder), folder / "x.bundle").path


@pytest.fixture(scope="module")
def contents(whole: Path) -> dict[str, bytes]:
    return members(whole)


def imported(bundle: Path, scratch: Path) -> tuple[Run | None, str]:
    """Returns the run of a bundle, or why it was refused; any other exception is the test's."""
    try:
        return import_bundle(bundle, str(scratch), by="ada").run, ""
    except SparkEtlError as error:
        return None, error.message


def check(make: Callable[[Path], Any]) -> bool:
    """Imports what is made, and returns whether it was accepted: then it is whole; else the store is as it was."""
    folder = Path(tempfile.mkdtemp(prefix="bundle-"))
    try:
        (folder / "there" / "sales").mkdir(parents=True)
        (folder / "there" / "sales" / "keep").write_text("mine")
        make(folder / "x")
        before = tree(folder)
        run, message = imported(folder / "x", folder / "there")
        if run is None:
            assert str(folder / "x") in message
            assert tree(folder) == before
            assert [path.name for path in (folder / "there").iterdir()] == ["sales"]
            return False
        assert run.verify().whole
        assert repr(run)
        assert repr(run.failure)
        for feature in run.checkpoints:
            assert run[feature].arrow(force=True).num_rows == run[feature].rows
        assert (folder / "there" / "sales" / "keep").read_text() == "mine"
        return True
    finally:
        shutil.rmtree(folder)


def test_what_is_not_changed_is_accepted(whole: Path) -> None:
    assert check(lambda target: shutil.copy(whole, target))


@SETTINGS
@given(st.data())
def test_flipped_bits(whole: Path, data: st.DataObject) -> None:
    content = bytearray(whole.read_bytes())
    for place in data.draw(st.lists(st.integers(0, 8 * len(content) - 1), min_size=1, max_size=4, unique=True)):
        content[place // 8] ^= 1 << place % 8
    check(lambda target: target.write_bytes(content))


@SETTINGS
@given(st.data())
def test_a_single_flipped_bit_of_a_members_content_is_seen(whole: Path, data: st.DataObject) -> None:
    content = bytearray(whole.read_bytes())
    start = content.index(b"PK\1\2")
    place = data.draw(st.integers(0, 8 * start - 1))
    content[place // 8] ^= 1 << place % 8
    accepted = check(lambda target: target.write_bytes(content))
    assert not accepted or _is_in_a_version(content, place // 8)


def _is_in_a_version(content: bytes, place: int) -> bool:
    """Returns whether a byte is one of a member's header that nobody reads: the version of zip, and the time."""
    header = content.rfind(b"PK\3\4", 0, place + 1)
    return place - header in {4, 5, 10, 11, 12, 13}


@SETTINGS
@given(st.data())
def test_cut_and_stretched_files(whole: Path, data: st.DataObject) -> None:
    content = whole.read_bytes()
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(content)), st.integers(0, len(content)))))
    more = data.draw(st.binary(max_size=20))
    changed = content[:start] + more + content[end:]
    assert check(lambda target: target.write_bytes(changed)) == (changed == content)


@SETTINGS
@given(st.data())
def test_members_that_change_places(contents: dict[str, bytes], data: st.DataObject) -> None:
    one, other = data.draw(st.tuples(*2 * [st.sampled_from(sorted(contents))]))
    changed = {**contents, one: contents[other], other: contents[one]}
    relist = data.draw(st.booleans()) and LIST not in {one, other}
    accepted = check(lambda target: rebuilt(target, changed, relist=relist))
    assert accepted or changed != contents


@SETTINGS
@given(st.data())
def test_members_with_other_names(contents: dict[str, bytes], data: st.DataObject) -> None:
    old = data.draw(st.sampled_from(sorted(set(contents) - {LIST})))
    new = data.draw(
        st.sampled_from([old.upper(), f"../{old}", f"/{old}", f"{old}/x", old.replace("/", "\\"), f"./{old}"])
        | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
    )
    changed = {new if name == old else name: content for name, content in contents.items()}
    relist = data.draw(st.booleans())
    # Without the list of files, a run had read none; without its log, it had said nothing.
    optional = old in {"run/run.log", "run/_inputs.json", "run/net/_failure.json"}
    accepted = check(lambda target: rebuilt(target, changed, relist=relist))
    assert not accepted or new == old or optional


@SETTINGS
@given(st.data())
def test_documents_with_other_values(contents: dict[str, bytes], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(name for name in contents if name.endswith(".json"))))
    document = json.loads(contents[name])
    _mutate(document, data)
    changed = {**contents, name: json.dumps(document).encode()}
    check(lambda target: rebuilt(target, changed, relist=name != LIST))


def _mutate(document: Any, data: st.DataObject) -> None:
    """Changes, drops or adds one value somewhere in a document."""
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.integers(0, 3)) == 0:
            break
        place = place[key]
    if data.draw(st.booleans()):
        place[key] = data.draw(VALUES)
    else:
        del place[key]


@SETTINGS
@given(st.data())
def test_members_with_other_content(contents: dict[str, bytes], data: st.DataObject) -> None:
    """The list fits, so that only what reads the content can refuse it."""
    name = data.draw(
        st.sampled_from(sorted(name for name in contents if name != LIST and not name.endswith("parquet")))
    )
    content = bytearray(contents[name])
    for place in data.draw(st.lists(st.integers(0, 8 * len(content) - 1), min_size=1, max_size=4)):
        content[place // 8] ^= 1 << place % 8
    check(lambda target: rebuilt(target, {**contents, name: bytes(content)}))


@SETTINGS
@given(st.data())
def test_rows_with_other_content(contents: dict[str, bytes], tmp_path: Path, data: st.DataObject) -> None:
    """Pages are not read by an import. Whoever reads them is told, as of any run whose files have rotted."""
    content = bytearray(contents[ROWS])
    for place in data.draw(st.lists(st.integers(0, 8 * len(content) - 1), min_size=1, max_size=3)):
        content[place // 8] ^= 1 << place % 8
    shutil.rmtree(tmp_path / "there", ignore_errors=True)
    with suppress(SparkEtlError):
        run = import_bundle(
            rebuilt(tmp_path / "x", {**contents, ROWS: bytes(content)}), str(tmp_path / "there"), by="a"
        ).run
        run.verify()
        run["orders"].arrow()
