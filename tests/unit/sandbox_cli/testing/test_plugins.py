"""What the plugins cost a test run that does not use them: every pytest of their environment loads them."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.unit.sandbox_cli.testing.conftest import PLUGINS, ROOT, OtherRepository

HEAVY = ("docker", "duckdb", "httpx", "numpy", "pandas", "pyarrow", "pydantic", "pyspark", "rich", "yaml")
FEW = 20
CODE = f"""
import sys, pytest
before = set(sys.modules)
import {", ".join(PLUGINS)}
new = set(sys.modules) - before
print(len(new), *sorted(new & set({HEAVY!r})))
"""


def test_the_plugins_import_next_to_nothing() -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "spark")])}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, env=env, cwd=ROOT)
    count, *heavy = done.stdout.split()
    assert heavy == []
    assert int(count) < FEW


def test_a_mark_that_can_not_be_is_said_in_two_lines(repository: OtherRepository) -> None:
    tests = "import pytest\n@pytest.mark.checkpoint('orders')\ndef test_it(feature_case): pass\n"
    code, out = repository.run(tests=tests)
    assert code == 1
    assert "it names no run and feature\nnext: write it as" in out
    assert "plugin.py" not in out
