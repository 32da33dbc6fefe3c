from __future__ import annotations

from pathlib import Path

import pytest
from spark_etl.fingerprint import code_fingerprint
from spark_etl.project import Project

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
