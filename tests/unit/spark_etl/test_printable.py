"""What others wrote is shown, never obeyed."""

from __future__ import annotations

import unicodedata

import pytest
from spark_etl.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]52;c;cm0gLXJm\x07", r"\x1b]52;c;cm0gLXJm\x07"),
        ("\x9b31mred", r"\x9b31mred"),
        ("a\rb", r"a\rb"),
        ("pay\u202egpj.exe", r"pay\u202egpj.exe"),
        ("id\ud800", r"id\ud800"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("Größe 😀 café", "Größe 😀 café"),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_what_a_terminal_obeys_is_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_field_stays_one_line() -> None:
    assert printable("a\nb\tc", one_line=True) == r"a\nb\tc"


def test_no_control_character_of_unicode_is_left() -> None:
    everything = "".join(map(chr, range(0x110000)))
    left = {
        char for char in printable(everything, one_line=True) if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}
    }
    bidi = {
        char
        for char in printable(everything)
        if unicodedata.bidirectional(char) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    }
    assert not left
    assert not bidi
