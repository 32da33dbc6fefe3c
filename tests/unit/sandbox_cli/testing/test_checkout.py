from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sandbox_cli.errors import UsageError
from sandbox_cli.program import ROOT
from sandbox_cli.testing.checkout import checkout, command


def test_the_checkout_is_the_one_that_is_named_or_that_the_package_lies_in(tmp_path: Path) -> None:
    for name in ("compose.yaml", "sandbox"):
        (tmp_path / name).touch()
    assert checkout({}) == ROOT
    assert checkout({"SANDBOX_HOME": str(tmp_path)}) == tmp_path
    assert command(ROOT) == [sys.executable, "-P", "-m", "sandbox_cli.app"]
    assert command(tmp_path) == [str(tmp_path / "sandbox")]


def test_a_package_without_its_checkout_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="checkout is not known") as raised:
        checkout({}, tmp_path)
    assert raised.value.hint == (
        "export SANDBOX_HOME=/path/to/the/checkout\nor install it where it is: pip install -e 'CHECKOUT[pytest]'"
    )
    with pytest.raises(UsageError, match="is no checkout"):
        checkout({"SANDBOX_HOME": str(tmp_path)})
