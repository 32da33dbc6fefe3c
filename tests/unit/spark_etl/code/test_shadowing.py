"""Modules of a project that hide others."""

from __future__ import annotations

from pathlib import Path

import pytest
from spark_etl.code.project import Project
from spark_etl.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        *((f"{name}.py", f"Python's own module {name}") for name in ("random", "types", "queue", "token", "site")),
        ("email/__init__.py", "Python's own module email"),
        ("numpy.py", "the library numpy"),
        ("yaml.py", "the library yaml"),
        ("pyspark/__init__.py", "pyspark, which every run needs"),
        ("dateutil.py", "the library dateutil"),  # pandas needs it
        ("math.abi3.so", "Python's own module math"),
        ("distutils.py", "Python's own module distutils"),  # also of Pythons that lack it
    ],
)
def test_a_module_that_others_import_is_refused(tmp_path: Path, name: str, owner: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    with pytest.raises(ConfigError, match=f"{name.split('/', maxsplit=1)[0]} has the name of {owner}") as caught:
        Project(tmp_path).activate()
    assert "rename it, such as to " in (caught.value.hint or "")


@pytest.mark.parametrize(
    "name",
    ["shop/random.py", "shop/__init__.py", "test.py", "tests/__init__.py", "this.py", "code/query.sql", "x.py"]
    + [f"{name}.py" for name in ("pipes", "chunk", "sched", "cgi", "imp", "smtpd", "uu")],
)
def test_a_module_that_hides_none_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    Project(tmp_path).activate()
