from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from spark_etl.code import fingerprint as fingerprint_module
from spark_etl.code.fingerprint import Fingerprints, code_fingerprint
from spark_etl.code.project import LARGEST_RESOURCE, Project

Shape = Callable[[Path, str], Path]

FILES = {
    "net.py": '"""About it."""\nfrom lib import money\nimport json\n'
    'class Net:\n    """Says."""\n    x = money.cents(1)\n',
    "lib/__init__.py": "",
    "lib/money.py": "from . import rates\ndef cents(x):\n    return x * rates.FACTOR\n",
    "lib/rates.py": "FACTOR = 100\n",
    "other.py": "Y = 1\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def fingerprint(folder: Path) -> object:
    return code_fingerprint(Project(folder), "net.Net")["fingerprint"]


def test_it_covers_the_projects_own_modules_and_no_others(folder: Path) -> None:
    modules = code_fingerprint(Project(folder), "net.Net")["modules"]
    assert set(modules) == {"net", "lib", "lib.money", "lib.rates"}  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("file", "before", "after", "same"),
    [
        ("net.py", "import json\n", "import json  # why\n\n\n", True),
        ("net.py", "About it", "About something else", True),
        ("net.py", '    """Says."""\n', "", True),
        ("lib/money.py", "x * rates.FACTOR", "(x*rates.FACTOR)", True),
        ("other.py", "Y = 1", "Y = 2", True),
        ("net.py", "cents(1)", "cents(2)", False),
        ("lib/rates.py", "100", "1000", False),
        ("lib/money.py", "x *", "x +", False),
    ],
)
def test_comments_and_layout_do_not_count_but_helpers_do(
    folder: Path, file: str, before: str, after: str, same: bool
) -> None:
    was = fingerprint(folder)
    text = (folder / file).read_text()
    assert before in text
    (folder / file).write_text(text.replace(before, after))
    assert (fingerprint(folder) == was) is same


@pytest.mark.parametrize(
    ("named", "file", "counts"),
    [
        ('"q.sql"', "q.sql", True),
        ('"lib/sql/q.sql"', "lib/sql/q.sql", True),
        ('"../sql/q.sql"', "lib/sql/q.sql", True),
        ('"sql/q.sql"', "q.sql", False),
        ('"other.sql"', "q.sql", False),
        ('"q"', "q.sql", False),
        ('"q.sql"', "data/q.sql", False),
        ('"data/q.sql"', "data/q.sql", True),
        ('"data/q.sql"', "lib/data/q.sql", True),
        ('"../q.sql"', "q.sql", True),
        ('f"{__file__}/q.sql"', "q.sql", True),
        ('".q.sql"', ".q.sql", False),
    ],
)
def test_a_file_that_the_code_names_counts(folder: Path, named: str, file: str, counts: bool) -> None:
    (folder / "lib" / "rates.py").write_text(f"from pathlib import Path\nFACTOR = Path({named}).read_text()\n")
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text("select 1")
    was = code_fingerprint(Project(folder), "net.Net")
    (folder / file).write_text("select 2")
    now = code_fingerprint(Project(folder), "net.Net")

    assert list(was.get("files", {})) == ([file] if counts else [])
    assert (now["fingerprint"] != was["fingerprint"]) is counts


def test_a_file_that_the_code_names_counts_whatever_its_size(folder: Path) -> None:
    (folder / "net.py").write_text('class Net:\n    x = open("rates.csv")\n')
    (folder / "lib" / "rates.csv").write_bytes(b"a" * (LARGEST_RESOURCE + 1))
    was = fingerprint(folder)
    (folder / "lib" / "rates.csv").write_bytes(b"a" * LARGEST_RESOURCE + b"b")
    assert fingerprint(folder) != was


@pytest.mark.parametrize(
    "text", [r"a\0b", ".", "/", "..", "lib", "x" * 300, "../../etc/hosts", "/etc/hosts", r"\ud800.sql"]
)
def test_a_text_that_names_no_file_of_the_project_makes_no_trouble(folder: Path, text: str) -> None:
    (folder / "net.py").write_text(f'class Net:\n    """rates.csv"""\n    x = "{text}"\n')
    (folder / "rates.csv").write_text("1")
    assert "files" not in code_fingerprint(Project(folder), "net.Net")


def test_a_link_that_leads_nowhere_is_no_file(folder: Path) -> None:
    (folder / "net.py").write_text('class Net:\n    x = "gone.txt"\n')
    (folder / "gone.txt").symlink_to("/nowhere")
    was = fingerprint(folder)
    (folder / "gone.txt").unlink()
    assert fingerprint(folder) == was


def test_the_libraries_that_it_imports_are_reported_with_their_versions(folder: Path) -> None:
    (folder / "lib" / "rates.py").write_text(
        "import yaml, json, nowhere_installed\nfrom rich.table import Table\nfrom spark_etl import SparkFeature\n"
        "def f():\n    import numpy.linalg\n"
    )
    (folder / "other.py").write_text("import pandas\n")
    found = Fingerprints(Project(folder)).libraries("net.Net")
    assert found == {name: metadata.version(name) for name in ("PyYAML", "rich", "numpy")}


def as_file(folder: Path, text: str) -> Path:
    (folder / "teamlib.py").write_text(text)
    return folder


def as_package(folder: Path, text: str) -> Path:
    (folder / "teamlib").mkdir(exist_ok=True)
    (folder / "teamlib" / "__init__.py").write_text(text)
    return folder


def as_zip(folder: Path, text: str) -> Path:
    with zipfile.ZipFile(folder / "deps.zip", "w") as archive:
        archive.writestr("teamlib.py", text)
    return folder / "deps.zip"


@pytest.mark.parametrize("shape", [as_file, as_package, as_zip])
def test_a_library_that_is_no_distribution_is_identified_by_its_source(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, shape: Shape
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (folder / "net.py").write_text("class Net:\n    def transform(self):\n        import teamlib\n")
    monkeypatch.syspath_prepend(str(shape(elsewhere, "X = 1\n")))
    was = Fingerprints(Project(folder)).libraries("net.Net")
    shape(elsewhere, "X = 2\n")
    now = Fingerprints(Project(folder)).libraries("net.Net")

    assert set(was) == set(now) == {"teamlib"}
    assert was["teamlib"].startswith("source ")
    assert now != was


def test_each_library_is_looked_at_once(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (folder / "net.py").write_text("import teamlib\nclass Net: pass\nclass Gross: x = teamlib\n")
    monkeypatch.syspath_prepend(str(as_file(elsewhere, "X = 1\n")))
    prints = Fingerprints(Project(folder))
    was = prints.libraries("net.Gross")
    as_file(elsewhere, "X = 2\n")
    assert prints.libraries("net.Gross") == was


SHARED = """
import json
import lib.money
from lib.rates import FACTOR

LIMIT = 10
REGISTRY = []

def shared(x):
    return x + LIMIT

def lonely(x):
    return x

class Base:
    y = FACTOR

class Net(Base):
    def transform(self):
        return shared(1)

class Gross:
    def transform(self):
        return lonely(lib.money.cents(1))

REGISTRY.append(Gross)
"""


@pytest.fixture
def shared(folder: Path) -> Path:
    (folder / "shared.py").write_text(SHARED)
    return folder


def both(folder: Path) -> tuple[str, str]:
    prints = Fingerprints(Project(folder))
    return prints.of("shared.Net")["fingerprint"], prints.of("shared.Gross")["fingerprint"]


@pytest.mark.parametrize(
    ("before", "after", "net_holds", "gross_holds"),
    [
        ("return shared(1)", "return shared(2)", False, True),
        ("return x\n", "return -x\n", True, False),
        ("LIMIT = 10", "LIMIT = 11", False, True),
        ("y = FACTOR", "y = -FACTOR", False, True),
        ("import json\n", "", False, False),
    ],
)
def test_of_its_own_module_only_what_a_class_uses_counts(
    shared: Path, before: str, after: str, net_holds: bool, gross_holds: bool
) -> None:
    (shared / "shared.py").write_text(SHARED.replace("REGISTRY.append(Gross)\n", ""))
    net, gross = both(shared)
    text = (shared / "shared.py").read_text()
    assert before in text
    (shared / "shared.py").write_text(text.replace(before, after))
    now = both(shared)
    assert (now[0] == net, now[1] == gross) == (net_holds, gross_holds)


def test_a_statement_that_does_more_than_bind_a_name_counts_for_all(shared: Path) -> None:
    before = both(shared)
    (shared / "shared.py").write_text(SHARED.replace("REGISTRY.append(Gross)", "REGISTRY.insert(0, Gross)"))
    now = both(shared)
    assert now[0] != before[0]
    assert now[1] != before[1]


def test_a_module_that_looks_names_up_by_their_text_counts_whole(shared: Path) -> None:
    text = SHARED.replace("return shared(1)", "return globals()['sha' + 'red'](1)").replace(
        "REGISTRY.append(Gross)", ""
    )
    (shared / "shared.py").write_text(text)
    net, _ = both(shared)
    (shared / "shared.py").write_text(text.replace("LIMIT = 10", "LIMIT = 11"))
    assert both(shared)[0] != net


def test_imports_of_what_is_used_count(shared: Path) -> None:
    modules = Fingerprints(Project(shared)).of("shared.Gross")["modules"]
    assert {"lib.money", "lib.rates"} <= set(modules)
    (shared / "shared.py").write_text(SHARED.replace("REGISTRY.append(Gross)\n", ""))
    assert "lib.money" not in Fingerprints(Project(shared)).of("shared.Net")["modules"]


def test_one_thread_at_a_time_parses(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CPython 3.11 raises SystemError now and then where two do."""
    parsing = threading.Lock()

    def parse(content: bytes) -> bytes:
        assert parsing.acquire(blocking=False)
        time.sleep(0.001)
        parsing.release()
        return content

    monkeypatch.setattr(fingerprint_module, "ast", SimpleNamespace(parse=parse))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(fingerprint_module.parse_code, [folder / "other.py"] * 16))
    assert found == [b"Y = 1\n"] * 16
