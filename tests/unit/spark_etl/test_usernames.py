"""Which names a user may have."""

from __future__ import annotations

import pytest
from spark_etl import usernames


@pytest.mark.parametrize("name", ["ada", "a1", "a-b", "a" * 31])
def test_a_name_of_a_person(name: str) -> None:
    assert usernames.invalid_reason(name) is None


@pytest.mark.parametrize("name", usernames.RESERVED)
def test_a_name_of_the_stack_s_own(name: str) -> None:
    assert usernames.invalid_reason(name) == f"`{name}` is reserved for the stack itself"


@pytest.mark.parametrize("name", ["", "a", "Ada", "1a", "-a", "a_b", "a.b", "../ada", "ada\n", "a" * 32])
def test_no_name(name: str) -> None:
    assert "can't be a user's name here: 2 to 31 lower-case letters" in str(usernames.invalid_reason(name))
