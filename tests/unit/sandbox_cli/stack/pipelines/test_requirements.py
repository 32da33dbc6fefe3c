"""What of a requirements file reaches the container that installs it, and what is refused before."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox_cli.errors import UsageError
from sandbox_cli.stack.pipelines.requirements import collect


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files that a requirements file names."""
    files = {
        "base.txt": "six==1.17.0\n",
        "limits.txt": "pyspark==4.1.4\nsix<2\n",
        "deep/more.txt": "-r ../base.txt\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "six-1.17.0-py3-none-any.whl").write_bytes(b"wheel")
    return tmp_path


def collected(folder: Path, content: str | bytes) -> dict[str, str]:
    file = folder / "requirements.txt"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return {name: text.decode() for name, text in collect(file, {"TOKEN": "hunter2"}).files.items()}


@pytest.mark.parametrize(
    "content",
    [
        b"six==1.17.0\n",
        b"\xef\xbb\xbfsix==1.17.0\r\n",
        "six==1.17.0".encode("utf-16"),
        "six==1.17.0\r\n".encode("utf-32"),
        b"# a comment\n\nsix==1.17.0  # another",
        b"six \\\n==1.17.0\n".replace(b" ", b""),
    ],
    ids=["plain", "mark and CRLF", "UTF-16", "UTF-32", "comments", "continued"],
)
def test_each_way_of_saving_a_file_is_the_same(folder: Path, content: bytes) -> None:
    assert collected(folder, content) == {"requirements.txt": "six==1.17.0\n"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("-r base.txt", {"requirements.txt": "--requirement base.txt\n", "base.txt": "six==1.17.0\n"}),
        ("--requirement=base.txt", {"requirements.txt": "--requirement base.txt\n", "base.txt": "six==1.17.0\n"}),
        (
            "-rdeep/more.txt",
            {
                "requirements.txt": "--requirement more.txt\n",
                "more.txt": "--requirement base.txt\n",
                "base.txt": "six==1.17.0\n",
            },
        ),
        (
            "six\n-c limits.txt",
            {"requirements.txt": "six\n--constraint limits.txt\n", "limits.txt": "pyspark==4.1.4\nsix<2\n"},
        ),
        ("-r requirements.txt\nsix", {"requirements.txt": "--requirement requirements.txt\nsix\n"}),
        (
            'wheels/six-1.17.0-py3-none-any.whl ; python_version > "3"',
            {
                "requirements.txt": './archives/0/six-1.17.0-py3-none-any.whl ; python_version > "3"\n',
                "archives/0/six-1.17.0-py3-none-any.whl": "wheel",
            },
        ),
        (
            "--no-index\n-f wheels\nsix",
            {
                "requirements.txt": "--no-index\n--find-links archives/0\nsix\n",
                "archives/0/six-1.17.0-py3-none-any.whl": "wheel",
            },
        ),
        (
            "--extra-index-url https://${TOKEN}@host/simple\nsix --hash=sha256:00",
            {"requirements.txt": "--extra-index-url https://${TOKEN}@host/simple\nsix --hash=sha256:00\n"},
        ),
        ("six @ https://host/six.whl", {"requirements.txt": "six @ https://host/six.whl\n"}),
    ],
)
def test_what_a_file_names_goes_with_it(folder: Path, content: str, expected: dict[str, str]) -> None:
    assert collected(folder, content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("six\n-e .", r":2: `-e \.`: .* is a folder of your disk"),
        ("--editable=git+https://host/x", ":1: .* is a folder of your disk"),
        ("./wheels", r":1: `\./wheels`: \./wheels is a folder of your disk"),
        ("six @ file:///nosuch.whl", ":1: .*: no such file: /nosuch.whl"),
        ("wheels/other.whl", ":1: .*: no such file: .*/wheels/other.whl"),
        ("-r nosuch.txt", ":1: `-r nosuch.txt`: no such file: .*/nosuch.txt"),
        ("-f nosuch", ":1: `-f nosuch`: no such folder"),
        ("six\npyspark==3.5.1", ":2: `pyspark==3.5.1`: pyspark is the image's, and can't be replaced"),
        ("PySpark[sql]", "pyspark is the image's"),
        ("py4j", "py4j is the image's"),
        ("spark_etl", "spark-etl is the image's"),
        ("git+https://host/x.git", "the image has no git"),
        ("x @ git+https://host/x.git", "the image has no git"),
        ("--index-url https://${NOT_SET}@host/", "needs the environment variable NOT_SET, which is not set"),
        (b"six\ncaf\xe9", ":2: it is not UTF-8"),
        ("six".encode("utf-16-le"), "UTF-16 without its mark"),
    ],
)
def test_what_can_not_be_installed_is_refused_with_its_line(folder: Path, content: str | bytes, expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        collected(folder, content)


def test_files_that_include_each_other_without_end_are_refused(folder: Path) -> None:
    for number in range(300):
        (folder / f"{number}.txt").write_text(f"-r {number + 1}.txt\n")
    with pytest.raises(UsageError, match=r"98.txt:1: .*: more than 100 files include each other"):
        collected(folder, "-r 0.txt")


def test_a_file_that_asks_for_nothing_is_known(folder: Path) -> None:
    (folder / "requirements.txt").write_text("# nothing\n-i https://host/simple\n-c limits.txt\n")
    assert collect(folder / "requirements.txt").packages == 0


def test_a_file_is_not_called_as_one_of_the_installers(folder: Path) -> None:
    (folder / "pinned.txt").write_text("six==1.17.0\n")
    assert collected(folder, "-c pinned.txt\nsix") == {
        "requirements.txt": "--constraint 0-pinned.txt\nsix\n",
        "0-pinned.txt": "six==1.17.0\n",
    }
