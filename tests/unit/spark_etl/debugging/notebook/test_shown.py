"""What `debug.head()` and `debug.save_patch()` show, with what others wrote in it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.debugging.notebook.head import Head, head_of
from spark_etl.debugging.notebook.saved_patch import SavedPatch
from spark_etl.errors import ArgumentError

PATCH = "diff --git a/net.py b/net.py\n--- a/net.py\n+++ b/net.py\n@@ -1 +1 @@\n-a < b\n+a > \x1b[31mb\n"


def test_a_head_has_rows_columns_and_types() -> None:
    head = Head(59_760, [("id", "bigint"), ("name<b>", "string")], [["1", "a<b>"], ["12", "\x1b[31m"]])
    assert repr(head) == (
        "59,760 rows, 2 columns\nid: bigint  name<b>: string\n         1  a<b>\n        12  \\x1b[31m"
    )
    html = head._repr_html_()
    assert "59,760 rows, 2 columns, the first 2" in html
    assert "<b>" not in html
    assert "\x1b" not in html


def test_a_frame_without_columns_has_a_head() -> None:
    assert repr(Head(1, [], [])) == "1 row, 0 columns"


@pytest.mark.parametrize("value", [None, [1], {"a": 1}])
def test_what_is_no_frame_is_named(value: Any) -> None:
    with pytest.raises(ArgumentError, match=f"this is a builtins.{type(value).__name__}"):
        head_of(value)


def test_a_column_is_told_how_it_is_looked_at() -> None:
    class Column:
        __module__ = "pyspark.sql"

        def __getattr__(self, name: str) -> object:
            return self

    with pytest.raises(ArgumentError, match=r"this is a .*Column") as refused:
        head_of(Column())  # type: ignore[arg-type]
    assert refused.value.hint == "debug.head(frame.select(column))"


def saved(folder: Path, text: str = PATCH, *, is_saved: bool = True, local: bool = False) -> SavedPatch:
    notebook: Any = SimpleNamespace(
        name="debug/shop/my net.ipynb", is_saved=is_saved, shown=lambda path: f"debug/shop/{path.name}"
    )
    return SavedPatch.write(folder / "my net.patch", text, ["cell 3: x"], notebook=notebook, local=local)


def test_a_patch_is_written_as_it_is_and_shown_safely(tmp_path: Path) -> None:
    patch = saved(tmp_path)
    assert (tmp_path / "my net.patch").read_bytes() == PATCH.encode()
    assert repr(patch).splitlines()[-5:] == [
        "+a > \\x1b[31mb",
        "",
        "saved: debug/shop/my net.patch",
        "not in it: cell 3: x",
        "next: ./sandbox debug --apply 'debug/shop/my net.ipynb'",
    ]
    html = patch._repr_html_()
    assert '<a href="my%20net.patch" download="my net.patch">' in html
    assert "-a &lt; b" in html
    assert "\x1b" not in html


def test_a_notebook_that_is_not_saved_has_to_be_saved_before(tmp_path: Path) -> None:
    assert saved(tmp_path, is_saved=False).next.startswith("save the notebook (Ctrl+S)")


def test_in_a_users_server_the_command_names_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    assert saved(tmp_path).next == "./sandbox debug --apply 'debug/shop/my net.ipynb' --user ada"


def test_without_a_stack_git_applies_it(tmp_path: Path) -> None:
    assert saved(tmp_path, local=True).next == f"git --git-dir=/dev/null apply '{tmp_path}/my net.patch'"


def test_a_long_patch_is_cut_where_it_is_shown_only(tmp_path: Path) -> None:
    patch = saved(tmp_path, "".join(f"+{number}\n" for number in range(700)))
    assert "… 200 lines more in the file" in repr(patch)
    assert patch.path is not None
    assert len(patch.path.read_text().splitlines()) == 700


def test_nothing_edited_is_said() -> None:
    patch = SavedPatch(None, left_out=["cell 3: x"])
    assert not patch
    assert repr(patch) == "nothing is edited: the code is what the run had\nnot in it: cell 3: x"
    assert "Nothing is edited" in patch._repr_html_()
