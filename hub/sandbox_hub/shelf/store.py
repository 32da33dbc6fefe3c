"""What lies on the shelf: a folder for each version of each notebook, written once and never again.

<root>/<author>/<name>/v3/<name>.ipynb     as its author shared it
<root>/<author>/<name>/v3/_again.ipynb     as it came out when it was run again
<root>/<author>/<name>/v3/record.json      who, when, what it read, the verdict; written last: no record, no version
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
# What follows is cut off by `rstrip`: a pattern for it would try a line of a million blanks a million times.
HEADING = re.compile(r"^#{1,6}[ \t]+(\S.*)$", re.MULTILINE)
VERSION = re.compile(r"v([1-9][0-9]{0,5})")
# A notebook's own name never begins like this: see `slug`.
RECORD_FILE, RERUN_FILE = "record.json", "_again.ipynb"
MAX_READS_LISTED = 50  # of one notebook, where many are listed


class NameRefusedError(Exception):
    """Raised when no address on the shelf can be made of a file's name; `message` says why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Record:
    """One version of a notebook. Its attributes are the keys of record.json, which keep their names.

    Attributes:
        author: The user who shared it.
        name: The notebook's, without its ending.
        version: 1 is the first.
        title: Its first heading, else its name.
        at: When it was shared, in UTC.
        path: Where its author had it.
        sha256: Of the notebook's bytes.
        image: The image that it was run again in.
        packages: The Python packages of that image, name → version.
        reads: What it read when it was run again: run, feature, path, rows, files; see spark_etl's reading API.
        author_reads: The same, of the author's own kernel; empty if it is not known.
        verdict: One of `sandbox_hub.shelf.verdicts`.
        why: What differs or failed, a line each.
        diff: The outputs side by side as nbdime prints them; empty if nothing differs.
        ignored: The rules by which outputs differ by nature, so that it doesn't count.
        seconds: What running it again took.
    """

    author: str
    name: str
    version: int
    title: str
    at: str
    path: str
    sha256: str
    image: str
    verdict: str
    seconds: float
    reads: list[dict[str, Any]] = field(default_factory=list)
    author_reads: list[dict[str, Any]] = field(default_factory=list)
    packages: dict[str, str] = field(default_factory=dict)
    why: list[str] = field(default_factory=list)
    diff: str = ""
    ignored: list[str] = field(default_factory=list)
    format: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Returns the content of record.json."""
        content = asdict(self)
        return content if self.ignored else {key: value for key, value in content.items() if key != "ignored"}

    @property
    def plain_title(self) -> str:
        """The title without the backticks that set code in Markdown: pages show it as text."""
        return self.title.replace("`", "")

    @property
    def runs(self) -> list[str]:
        """The runs it read of, newest first."""
        return sorted({str(read["run"]) for read in self.reads}, reverse=True)

    def matches(self, query: str) -> bool:
        """Returns whether each word of a query is in title, name, author, verdict, date, runs or features."""
        features = [str(read["feature"]) for read in self.reads]
        text = " ".join([self.title, self.name, self.author, self.verdict, self.at, *self.runs, *features]).lower()
        return all(word in text for word in query.lower().split())


class Shelf:
    """The notebooks that were shared.

    Args:
        root: The folder in which they lie; of the hub alone, readable for all.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, author: str, name: str, version: int) -> Path:
        """Returns a version's folder."""
        return self._root / author / name / f"v{version}"

    def versions(self, author: str, name: str) -> list[Record]:
        """Returns the versions of a notebook, the newest first, in short; none if that can't be a notebook's name."""
        if not NAME.fullmatch(author) or not NAME.fullmatch(name):
            return []
        return sorted(self._summaries(self._root / author / name), key=lambda record: -record.version)

    def load(self, record: Record) -> Record:
        """Returns a version's record with everything in it."""
        path = self.folder(record.author, record.name, record.version) / RECORD_FILE
        return Record(**json.loads(path.read_text(encoding="utf-8")))

    def latest(self) -> list[Record]:
        """Returns the newest version of each notebook, the newest first, with as much as a list of them shows."""
        folders = [path for path in self._root.glob("*/*") if path.is_dir()]
        latest = [
            max(found, key=lambda record: record.version) for at in folders if (found := list(self._summaries(at)))
        ]
        return sorted(latest, key=lambda record: record.at, reverse=True)

    def _summaries(self, folder: Path) -> Iterator[Record]:
        """Yields a notebook's records without what may be large: there may be any number of them."""
        for record in self._read(folder):
            reads = {(str(read["run"]), str(read["feature"])): None for read in record.reads}
            brief = [{"run": run, "feature": feature} for run, feature in islice(reads, MAX_READS_LISTED)]
            yield replace(record, reads=brief, author_reads=[], packages={}, why=[], diff="")

    def _read(self, folder: Path) -> Iterator[Record]:
        for path in folder.glob(f"v*/{RECORD_FILE}"):
            if VERSION.fullmatch(path.parent.name):
                yield Record(**json.loads(path.read_text(encoding="utf-8")))

    def next_version(self, author: str, name: str) -> int:
        """Returns the number of the next version: one more than the highest folder, whole or not."""
        numbers = [int(match[1]) for path in (self._root / author / name).glob("v*") if (match := _version(path))]
        return max(numbers, default=0) + 1

    def add(self, record: Record, notebook: bytes, rerun: bytes) -> None:
        """Puts a version on the shelf: the notebook as it was shared, and as it came out of the re-run.

        Raises:
            FileExistsError: There is one of that number.
        """
        folder = self.folder(record.author, record.name, record.version)
        folder.mkdir(parents=True)
        try:
            self.notebook(record).write_bytes(notebook)
            (folder / RERUN_FILE).write_bytes(rerun)
            (folder / RECORD_FILE).write_text(json.dumps(record.to_dict(), indent=1), encoding="utf-8")
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def remove(self, record: Record) -> None:
        """Deletes a version; its empty folder stays, so that nothing else ever gets its number."""
        folder = self.folder(record.author, record.name, record.version)
        for path in folder.iterdir():
            if path.name != RECORD_FILE:
                path.unlink()
        (folder / RECORD_FILE).unlink()  # last: until then the removal can be repeated

    def notebook(self, record: Record) -> Path:
        """Returns the file of a version, as its author shared it."""
        return self.folder(record.author, record.name, record.version) / f"{record.name}.ipynb"

    def is_intact(self, record: Record) -> bool:
        """Returns whether the notebook is the one that was run again."""
        path = self.notebook(record)
        return path.exists() and sha256_hex(path.read_bytes()) == record.sha256


def _version(path: Path) -> re.Match[str] | None:
    return VERSION.fullmatch(path.name)


def sha256_hex(content: bytes) -> str:
    """Returns the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def slug(path: str) -> str:
    """Returns the name under which a notebook is shared: its file's, without what a URL can't hold.

    Raises:
        NameRefusedError: Nothing is left.
    """
    stem = path.rsplit("/", 1)[-1].removesuffix(".ipynb")
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:80]
    if not NAME.fullmatch(name):
        file = path.rsplit("/", 1)[-1][:80]
        raise NameRefusedError(
            f"`{file}` needs a letter A–Z or a digit in its name, because its address on the shelf is made from it. "
            "Rename the file"
        )
    return name


def title_of(notebook: dict[str, Any], name: str) -> str:
    """Returns a notebook's first heading, else its name."""
    for cell in notebook.get("cells", []):
        source = cell.get("source", "")
        text = source if isinstance(source, str) else "".join(source)
        headings = HEADING.finditer(text) if cell.get("cell_type") == "markdown" else ()
        for heading in headings:
            if found := heading[1].rstrip().rstrip("#").rstrip():
                return found[:200]
    return name
