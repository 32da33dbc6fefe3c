"""A bundle that is written is a whole zip, or nothing is left of it."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from spark_etl.errors import StorageError
from spark_etl.store.bundle import BundleArchive, BundleInfo
from spark_etl.store.bundle.part import Digests, Part
from spark_etl.store.bundle.write import write_bundle

INFO = BundleInfo("s3a://scratch/team/shop/20240229T101112Z-7f3a2c")
CONTENTS = {f"run/orders/part-{number}.parquet": bytes([number]) * (number * 1_000) for number in range(20)}


def part(name: str, content: bytes, *, size: int | None = None) -> Part:
    def chunks(_: Digests) -> Iterator[bytes]:
        for start in range(0, len(content), 777):
            yield content[start : start + 777]

    return Part(name, len(content) if size is None else size, chunks)


def test_it_is_a_whole_zip_in_the_order_of_the_members(tmp_path: Path) -> None:
    rows = [part(name, content) for name, content in CONTENTS.items()]
    document = Part.of_text("run/run.json", b"{}" * 500)
    done: list[int] = []
    info = write_bundle(
        tmp_path / "x", INFO, [*rows, document], on_progress=lambda _name, so_far, _total: done.append(so_far)
    )
    with zipfile.ZipFile(tmp_path / "x") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["bundle.json", *CONTENTS, "run/run.json"]
        assert {name: archive.read(name) for name in CONTENTS} == CONTENTS
    assert {each.name: each.sha256 for each in info.members if each.name in CONTENTS} == {
        name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()
    }
    with BundleArchive(tmp_path / "x") as bundle:
        bundle.verify()
    assert done == sorted(done)
    assert done[-1] == sum(map(len, CONTENTS.values())) + 1000


@pytest.mark.parametrize("size", [499, 501])
def test_one_that_has_another_size_by_now_is_named_and_nothing_is_left(tmp_path: Path, size: int) -> None:
    rows = [part(name, content) for name, content in CONTENTS.items()]
    rows.insert(3, part("run/changed.parquet", b"x" * 500, size=size))
    with pytest.raises(StorageError, match=r"run/changed\.parquet has .* any more") as raised:
        write_bundle(tmp_path / "x", INFO, rows)
    assert raised.value.hint
    assert list(tmp_path.iterdir()) == []


def test_what_goes_wrong_in_one_ends_all(tmp_path: Path) -> None:
    def broken(_: Digests) -> Iterator[bytes]:
        raise StorageError("it is gone")

    rows = [Part("run/gone.parquet", 5, broken), *(part(name, content) for name, content in CONTENTS.items())]
    with pytest.raises(StorageError, match="it is gone"):
        write_bundle(tmp_path / "x", INFO, rows)
    assert list(tmp_path.iterdir()) == []
