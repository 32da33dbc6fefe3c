"""Files of images: as a whole or not at all, whatever compresses them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sandbox_cli.errors import UsageError
from sandbox_cli.stack.images import compression
from sandbox_cli.stack.images.compression import DAMAGED, opened, suffix_of, written

CONTENT = b"images" * 100_000
ZSTD = pytest.param(".tar.zst", marks=pytest.mark.skipif(not shutil.which("zstd"), reason="no zstd here"))
KINDS = [".tar", ".tar.gz", ZSTD]


@pytest.mark.parametrize("suffix", KINDS)
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"images{suffix}"
    with written(file, suffix_of(file)) as stream:
        stream.write(CONTENT)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert (file.stat().st_size < len(CONTENT) / 10) == (suffix != ".tar")
    other = file.rename(tmp_path / "of-another-name")
    with opened(other) as source:
        assert source.stream.read() == CONTENT
        assert source.position() == source.size == other.stat().st_size


@pytest.mark.parametrize("suffix", KINDS)
def test_an_error_leaves_the_file_as_it_was(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"images{suffix}"
    file.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt), written(file, suffix) as stream:  # noqa: PT012 - in the middle of it
        stream.write(CONTENT)
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert file.read_bytes() == b"before"


@pytest.mark.parametrize("suffix", [".tar.gz", ZSTD])
def test_what_is_cut_off_or_damaged_is_no_content(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"images{suffix}"
    with written(file, suffix) as stream:
        stream.write(CONTENT)
    whole = file.read_bytes()
    for broken in (whole[:-9], whole[:20], whole[:15] + bytes(8) + whole[23:]):
        file.write_bytes(broken)
        with pytest.raises(DAMAGED), opened(file) as source:
            source.stream.read()


def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Known: \.tar, \.tar\.gz, \.tar\.zst"):
        suffix_of(tmp_path / "images.zip")


def test_zstd_is_asked_for_where_it_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression.shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match="needs the program `zstd`") as caught:
        suffix_of(tmp_path / "images.tar.zst")
    assert ".tar.gz" in str(caught.value.hint)
    file = tmp_path / "images"
    file.write_bytes(b"\x28\xb5\x2f\xfd")
    with pytest.raises(UsageError, match="needs the program `zstd`"), opened(file):
        pass
