"""Patches are read strictly, and as git reads them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from sandbox_cli.errors import UsageError
from sandbox_cli.stack.pipelines.patch_file import FileChange, read_patch

CHANGED = "diff --git a/{0} b/{0}\n--- a/{0}\n+++ b/{0}\n@@ -1 +1 @@\n-a\n+b\n"
ONE = CHANGED.format("shop.py")
NAMES = ["shop.py", "a b/c d.py", "ä/ö.py", 'quote".py', "tab\there", "a b/x", "b/a b/x", "x\x0cy.py", "new\nline"]


def test_what_is_done_to_each_file_is_counted() -> None:
    new = "diff --git a/n.py b/n.py\nnew file mode 100644\nindex 0000000..e69de29\n--- /dev/null\n+++ b/n.py\n"
    new += "@@ -0,0 +1,2 @@\n+x\n+-- y\n\\ No newline at end of file\n"
    gone = (
        "diff --git a/g.py b/g.py\ndeleted file mode 100755\n--- a/g.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-x\n---- y\n"
    )
    empty = "diff --git a/e b/e\nnew file mode 100644\nindex 0000000..e69de29\n"
    assert read_patch(ONE + new + gone + empty) == [
        FileChange("shop.py", 1, 1, "changed"),
        FileChange("n.py", 2, 0, "new"),
        FileChange("g.py", 0, 2, "deleted"),
        FileChange("e", 0, 0, "new"),
    ]
    assert read_patch("") == []
    assert [str(change) for change in read_patch(new)] == ["n.py (new): +2 -0"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quote_path", ["true", "false"])
def test_it_reads_the_paths_that_git_writes(tmp_path: Path, name: str, quote_path: str) -> None:
    for side, text in (("a", "1\r\n2\n"), ("b", "1\n3")):
        (tmp_path / side / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / side / name).write_bytes(text.encode())
    git = ["git", "-c", f"core.quotePath={quote_path}", "diff", "--no-index", "--no-prefix", "a", "b"]
    text = subprocess.run(git, cwd=tmp_path, capture_output=True, check=False).stdout.decode()
    if not name.isprintable():
        with pytest.raises(UsageError, match="has a character that no file of a project has"):
            read_patch(text)
    else:
        assert read_patch(text) == [FileChange(name, 2, 2, "changed")]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("../x.py", "leads out"),
        ("a/../../x.py", "leads out"),
        ("a//x.py", "leads out"),
        ("./x.py", "leads out"),
        ("", "leads out"),
        ("/etc/passwd", "is absolute"),
        ("C:/x.py", "is absolute"),
        ("a\\..\\x.py", "has a character"),
        ("a\x07.py", "has a character"),
        (".git/hooks/post-checkout", "is git's own"),
        ("sub/.GIT/config", "is git's own"),
        ("sub/.git./config", "is git's own"),
        (".git ::$INDEX/x", "is git's own"),
        ("GIT~1/config", "is git's own"),
    ],
)
def test_a_path_outside_of_the_project_is_refused(path: str, reason: str) -> None:
    with pytest.raises(UsageError, match=re.escape(reason)) as caught:
        read_patch(ONE + CHANGED.format(path))
    assert "at its line 7" in caught.value.message
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "path", [".gitignore", ".github/x.yml", "a..b/c", "...", "git.py", "a.git/x", "xy:z", "sub/.sparketlignore"]
)
def test_other_paths_are_not(path: str) -> None:
    assert [change.path for change in read_patch(CHANGED.format(path))] == [path]


@pytest.mark.parametrize(
    "text",
    [
        "hello\n" + ONE,
        ONE + "\n",
        ONE + "hello\n",
        ONE + ONE,
        "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n",
        "diff --git a/x.py b/y.py\n--- a/x.py\n+++ b/y.py\n@@ -1 +1 @@\n-a\n+b\n",
        "diff --git a/x.py b/x.py\n--- a/y.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n",
        "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/../y.py\n@@ -1 +1 @@\n-a\n+b\n",
        "diff --git a/x.py b/x.py\n--- /dev/null\n+++ b/x.py\n@@ -0,0 +1 @@\n+b\n",
        "diff --git a/x.py b/x.py\n--- a/x.py\n@@ -1 +1 @@\n-a\n+b\n",
        "diff --git a/x.py b/x.py\n",
        "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n",
        "diff --git a/x.py b/x.py\nnew file mode 120000\n--- /dev/null\n+++ b/x.py\n@@ -0,0 +1 @@\n+/etc\n",
        "diff --git a/x.py b/x.py\nold mode 100644\nnew mode 120000\n",
        "diff --git a/x b/x\nnew file mode 160000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+Subproject commit 0\n",
        "diff --git a/x.py b/x.py\nsimilarity index 100%\nrename from x.py\nrename to ../y.py\n",
        "diff --git a/x.py b/x.py\nindex 0000000..1111111\nGIT binary patch\nliteral 0\nHcmV?d00001\n\n",
        "diff --git a/x.py b/x.py\nBinary files a/x.py and b/x.py differ\n",
        "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1,2 @@\n-a\n+b\n",
        "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1 @@\n-a\n+b\n+c\n",
        "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ nonsense @@\n-a\n+b\n",
        "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-a\n+b\n\n",
        ONE.replace("+b", "+\ud800"),
        "diff --git a/x.py\x1b[2J b/x.py\n",
    ],
)  # fmt: skip
def test_what_is_no_such_patch_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"^The patch can't be applied, at its line [0-9]+: ") as caught:
        read_patch(text)
    assert caught.value.message.isprintable()
