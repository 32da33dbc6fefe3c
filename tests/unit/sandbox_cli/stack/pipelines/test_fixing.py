"""A patch goes into a project by git, whole or not at all, whatever repository the project lies in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from spark_etl.reading import Run
from spark_etl.store import RunDocument, StoredRun

from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.pipelines import fixing
from sandbox_cli.stack.pipelines.file_edits import put_in_place
from sandbox_cli.stack.pipelines.fixing import Patch, plan_edits, project_of, read_file, refuse_outside

ID = "20240229T101112Z-7f3a2c"
BEFORE = b"def rate(x):\r\n\treturn 1 / x  \n\n\xe9 = '\x0c'\nlast"
AFTER = b"def rate(x):\r\n\treturn 1 / (x or 1)  \n\n\xe9 = '\x0c'\nlast"
HUNK = "@@ -1,5 +1,5 @@\n def rate(x):\r\n-\treturn 1 / x  \n+\treturn 1 / (x or 1)  \n \n \udce9 = '\x0c'\n last\n"
HUNK += "\\ No newline at end of file\n"
NEW = "diff --git a/{0} b/{0}\nnew file mode 100644\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x = 1\n"


def of(name: str, hunk: str = HUNK) -> str:
    return f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n{hunk}"


def patch(text: str) -> Patch:
    return Patch(f"{ID}-net.patch", text, ID)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_home=tmp_path / "state")


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True).stdout


Make = Callable[[str], Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a project with a module in a package: in no repository, at the top of one, or below one."""
    # As in a hook of git, or in a shell where somebody works on another repository; and what a user may have set.
    elsewhere = tmp_path / "elsewhere"
    git(tmp_path, "init", "--quiet", str(elsewhere))
    for name, value in (("GIT_DIR", ".git"), ("GIT_WORK_TREE", ".."), ("GIT_INDEX_FILE", ".git/index")):
        monkeypatch.setenv(name, str(elsewhere / value))
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[core]\n autocrlf = true\n[apply]\n whitespace = fix\n ignoreWhitespace = change\n"
    )
    monkeypatch.setenv("HOME", str(home))

    def make(place: str) -> Path:
        top = tmp_path / "my top"
        folder = top if place == "top" else top / "sub: a" / "src"
        (folder / "shop").mkdir(parents=True)
        (folder / "shop" / "net.py").write_bytes(BEFORE)
        if place != "none":
            with monkeypatch.context() as clean:
                for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
                    clean.delenv(name)
                git(tmp_path, "init", "--quiet", str(top))
        return folder

    return make


@pytest.mark.parametrize("place", ["none", "top", "below"])
def test_the_project_is_the_root_wherever_it_lies(settings: Settings, project: Make, place: str) -> None:
    folder = project(place)
    edits = patch(of("shop/net.py") + NEW.format("shop/more dirs/n ö.py"))

    planned = plan_edits(settings, edits, folder)
    assert (folder / "shop" / "net.py").read_bytes() == BEFORE, "it was only tried"
    (folder / "shop" / "net.py").chmod(0o755)
    put_in_place(settings, plan_edits(settings, edits, folder))
    assert (folder / "shop" / "net.py").stat().st_mode & 0o777 == 0o755
    with pytest.raises(UsageError, match=r"net\.py was changed just now\. Nothing was changed"):
        put_in_place(settings, planned)

    assert (folder / "shop" / "net.py").read_bytes() == AFTER, "byte for byte"
    assert (folder / "shop" / "more dirs" / "n ö.py").read_bytes() == b"x = 1\n"
    assert not plan_edits(settings, edits, folder), "the project has it already"


@pytest.mark.parametrize("place", ["none", "top", "below"])
def test_where_the_file_has_moved_on_nothing_is_changed(settings: Settings, project: Make, place: str) -> None:
    folder = project(place)
    (folder / "shop" / "net.py").write_bytes(BEFORE.replace(b"1 / x", b"2 / x"))
    edits = patch(NEW.format("shop/a.py") + of("shop/net.py") + NEW.format("shop/z.py") + of("gone.py"))

    with pytest.raises(UsageError) as caught:
        plan_edits(settings, edits, folder)
    assert caught.value.message == (
        f"The patch does not fit {folder}: shop/net.py has changed at line 2 since the run; gone.py is not there. "
        "Nothing was changed."
    )
    assert [file.name for file in (folder / "shop").iterdir()] == ["net.py"]
    kept = settings.state_dir / "patches" / f"{ID}-net.patch"
    assert caught.value.hint == f"the patch is in {kept}; in the project, `patch -p1 -i {kept}` applies what still fits"
    assert kept.read_bytes() == edits.content
    (folder / "shop" / "net.py").write_bytes(BEFORE.replace(b"\treturn 1 / x  ", b"    return 1 / x"))
    with pytest.raises(UsageError, match=r"shop/net\.py has changed at line 2"):
        plan_edits(settings, patch(of("shop/net.py")), folder)
    assert "shop/z.py is there already" in _why(settings, patch(of("gone.py") + NEW.format("shop/z.py")), folder)


def _why(settings: Settings, edits: Patch, folder: Path) -> str:
    (folder / "shop" / "z.py").write_text("another one")
    with pytest.raises(UsageError) as caught:
        plan_edits(settings, edits, folder)
    return caught.value.message


def test_the_folder_that_has_the_files_is_named(settings: Settings, project: Make) -> None:
    folder = project("none")
    (folder.parent / "pyproject.toml").touch()
    with pytest.raises(UsageError) as caught:
        plan_edits(settings, patch(of("shop/net.py")), folder.parent)
    assert caught.value.hint == f"add --project '{folder}'"


def test_other_line_ends_are_said(settings: Settings, project: Make) -> None:
    folder = project("none")
    (folder / "shop" / "net.py").write_bytes(BEFORE.replace(b"\r\n", b"\n"))
    with pytest.raises(UsageError, match=r"the lines of shop/net\.py end otherwise than those of the run"):
        plan_edits(settings, patch(of("shop/net.py")), folder)


def test_a_file_that_is_write_protected_stays_as_it_is(settings: Settings, project: Make) -> None:
    folder = project("none")
    (folder / "shop" / "net.py").chmod(0o444)
    with pytest.raises(UsageError, match=r"net\.py is write-protected; nothing was changed"):
        plan_edits(settings, patch(of("shop/net.py")), folder)
    (folder / "shop" / "net.py").chmod(0o600)
    put_in_place(settings, plan_edits(settings, patch(of("shop/net.py")), folder))
    assert (folder / "shop" / "net.py").stat().st_mode & 0o777 == 0o600


def test_what_stands_in_the_way_is_named(settings: Settings, project: Make) -> None:
    folder = project("below")
    (folder / "shop" / "net.d").mkdir()
    for name, culprit in (("shop/net.py/x.py", "net.py"), ("shop/net.d", "net.d")):
        with pytest.raises(UsageError, match=rf"{culprit} is in the place of {name}; nothing was changed"):
            plan_edits(settings, patch(NEW.format(name)), folder)


def test_without_git_the_patch_is_a_file(
    settings: Settings, project: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, file = project("none"), tmp_path / "x.patch"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="was not applied: there is no git on this machine") as caught:
        plan_edits(settings, patch(of("shop/net.py")), folder)
    assert (settings.state_dir / "patches" / f"{ID}-net.patch").is_file()
    assert f"{ID}-net.patch" in str(caught.value.hint)
    file.write_bytes(patch(of("shop/net.py")).content)
    with pytest.raises(UsageError) as caught:
        plan_edits(settings, read_file(file), folder)
    assert str(caught.value.hint).startswith(f"the patch is in {file};"), "it lies there already"


def test_what_git_would_take_for_another_patch_is_refused(
    settings: Settings, project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project("top")
    monkeypatch.setattr(fixing, "read_patch", lambda _: [])
    with pytest.raises(UsageError, match="git can't read the patch: it takes the patch for another one"):
        plan_edits(settings, patch(of("shop/net.py")), folder)
    with pytest.raises(UsageError, match="git can't read the patch: No valid patches in input"):
        plan_edits(settings, patch("nonsense"), folder)


def test_a_link_of_the_project_is_not_followed(project: Make, tmp_path: Path) -> None:
    folder = project("none")
    (folder / "linked").symlink_to(tmp_path)
    (folder / "shop" / "link.py").symlink_to("net.py")
    (folder / "dangling.py").symlink_to("nosuch")
    for name in ("linked/x.py", "shop/link.py", "dangling.py", "dangling.py/x"):
        with pytest.raises(UsageError, match="lies behind a link"):
            refuse_outside(patch(NEW.format("ok.py") + of(name)).changes, folder)
    refuse_outside(patch(of("shop/net.py")).changes, folder)


def run(project: Path | str, root: str = f"s3a://scratch/team/shop/{ID}") -> Run:
    options = {"project": str(project)}
    return Run(StoredRun(root), RunDocument(ID, root, "team", "shop", options=options), name=ID)


def test_the_project_is_that_of_the_run_unless_one_is_given(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    assert project_of(run(tmp_path), None, "s3a://scratch") == tmp_path
    assert project_of(run("/nowhere"), link, "s3a://scratch") == tmp_path
    assert project_of(None, tmp_path, "") == tmp_path
    for known in (run("/nowhere"), run("."), run(""), None, run(tmp_path, f"s3a://scratch/users/eve/shop/{ID}")):
        with pytest.raises(UsageError, match="Which project is to be changed") as caught:
            project_of(known, None, "s3a://scratch")
        assert "--project DIR" in str(caught.value.hint)
    with pytest.raises(UsageError, match="no such folder"):
        project_of(run(tmp_path), tmp_path / "nosuch", "s3a://scratch")


def test_the_name_of_a_file_says_of_which_run_it_is(tmp_path: Path) -> None:
    for name, expected in ((f"{ID}-net.patch", ID), (f"{ID}-net-2.patch", ID), ("x.patch", ""), (f"x{ID}.patch", "")):
        (tmp_path / name).write_bytes(b"\xe9")
        assert (read_file(tmp_path / name).run, read_file(tmp_path / name).content) == (expected, b"\xe9")
    with pytest.raises(UsageError, match="can't be read"):
        read_file(tmp_path)
