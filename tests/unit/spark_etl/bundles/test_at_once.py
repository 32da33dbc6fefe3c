"""Two imports of one bundle into one place at the same time: one has it, the other says so and undoes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from spark_etl.bundles import imports as module
from spark_etl.bundles.imports import Imported, import_bundle
from spark_etl.errors import ArgumentError
from spark_etl.reading import Runs
from spark_etl.storage import S3Settings, storage_for
from spark_etl.store import StoredRun
from spark_etl.store.bundle import place
from spark_etl.store.bundle.claim import ImportClaim

from tests.support.bundles import RUN_ID, exported, failed_run, members
from tests.support.fake_s3 import fake_s3

Place = tuple[str, S3Settings | None]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    return exported(failed_run(folder), folder / "x.bundle").path


@pytest.fixture(params=["folder", "s3"])
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "folder":
        yield str(tmp_path / "there"), None
        return
    with fake_s3() as store:
        store.buckets.add("scratch")
        yield "s3a://scratch", store.settings


def run_at(there: Place) -> StoredRun:
    scratch, settings = there
    root = scratch if scratch.startswith("s3a:") else f"file://{scratch}"
    return StoredRun(f"{root}/imported/revenue/{RUN_ID}", settings)


def claims(there: Place) -> list[str]:
    run = run_at(there)
    return [item.path for item in storage_for(run.root, run.settings).walk(run.root) if "_importing" in item.path]


def assert_whole(there: Place, bundle: Path) -> None:
    """Compares with the bundle, byte by byte but for the documents that an import changes."""
    run, settings = run_at(there), there[1]
    store = storage_for(run.root, settings)
    changed = ("run.json", "_manifest.json", "_failure.json")
    for name, content in members(bundle).items():
        if name.startswith("run/"):
            found = store.read(f"{run.root}/{name.removeprefix('run/')}")
            assert found == content if not name.endswith(changed) else found, name
    assert Runs(there[0], settings)[RUN_ID].code["features/net.py"] == "ANSWER = 42\n"
    assert claims(there) == []


def test_of_many_at_once_one_writes_and_the_run_is_whole(bundle: Path, there: Place) -> None:
    start = threading.Barrier(4)

    def run_import(_: int) -> Imported | ArgumentError:
        start.wait()
        try:
            return import_bundle(bundle, there[0], there[1], by="ada")
        except ArgumentError as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(run_import, range(4)))
    written = [each for each in found if isinstance(each, Imported) and not each.was_there]
    refused = [each for each in found if isinstance(each, ArgumentError)]
    assert len(written) == 1
    assert all("import" in each.message and each.hint for each in refused)
    assert_whole(there, bundle)


def at_the_end_of_writing(monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> None:
    write, done = place._write_documents, []

    def write_then_do(*arguments: object) -> None:
        write(*arguments)  # type: ignore[arg-type]
        if not done:
            done.append(True)
            do()

    monkeypatch.setattr(place, "_write_documents", write_then_do)


def test_a_second_one_is_refused_while_the_first_writes(
    bundle: Path, there: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def second() -> None:
        with pytest.raises(ArgumentError, match="somebody is importing run") as raised:
            import_bundle(bundle, there[0], there[1], by="bob")
        assert raised.value.hint is not None
        assert "--as NAME" in raised.value.hint

    at_the_end_of_writing(monkeypatch, second)
    assert not import_bundle(bundle, there[0], there[1], by="ada").was_there
    assert_whole(there, bundle)


def test_one_that_ends_after_the_look_is_not_undone(
    bundle: Path, there: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one has ended between this one's look at the folder and its claim."""
    look = module._is_there

    def look_then_import(*arguments: object) -> bool:
        found = look(*arguments)  # type: ignore[arg-type]
        monkeypatch.setattr(module, "_is_there", look)
        import_bundle(bundle, there[0], there[1], by="bob")
        return found

    monkeypatch.setattr(module, "_is_there", look_then_import)
    with pytest.raises(ArgumentError, match="somebody else has just imported"):
        import_bundle(bundle, there[0], there[1], by="ada")
    assert_whole(there, bundle)


def test_one_that_was_killed_is_taken_over(bundle: Path, there: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_at(there)
    store = storage_for(run.root, run.settings)
    old = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    store.write(f"{run.root}/_importing-1", f'{{"at": "{old}", "every": 15}}'.encode())
    store.write(f"{run.root}/orders/rubbish.parquet", b"half")
    assert not import_bundle(bundle, there[0], there[1], by="ada").was_there
    assert store.find(f"{run.root}/orders/rubbish.parquet") is None
    assert_whole(there, bundle)


def test_one_that_has_lost_its_claim_writes_no_run_and_deletes_nothing(
    bundle: Path, there: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was stopped for so long that another one has taken it for dead."""
    run = run_at(there)
    store = storage_for(run.root, run.settings)
    at_the_end_of_writing(monkeypatch, lambda: store.create(f"{run.root}/_importing-2", b"{}"))
    with pytest.raises(ArgumentError, match="somebody else"):
        import_bundle(bundle, there[0], there[1], by="ada")
    assert not run.exists()
    assert claims(there) == [f"{run.root}/_importing-2"]
    assert len(list(store.walk(run.root))) > 5


def test_after_an_error_nothing_is_left(bundle: Path, there: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError(28, "No space left on device")

    at_the_end_of_writing(monkeypatch, fail)
    with pytest.raises(Exception, match="No space left"):
        import_bundle(bundle, there[0], there[1], by="ada")
    run = run_at(there)
    pipeline = run.root.rpartition("/")[0]
    assert list(storage_for(pipeline, run.settings).walk(pipeline)) == []
    assert storage_for(pipeline, run.settings).folders(pipeline) in ([], ["_code"])


@pytest.mark.parametrize("content", [b"", b"{half", b"[]", b"null", b"{}", b'{"at": 1, "every": "x"}', b"[" * 4096])
def test_a_claim_that_says_nothing_is_dead(there: Place, content: bytes) -> None:
    run = run_at(there)
    storage_for(run.root, run.settings).write(f"{run.root}/_importing-7", content)
    with ImportClaim(run) as claim:
        assert claim.holds
        assert f"{run.root}/_importing-8" in claims(there)
    assert claims(there) == []
