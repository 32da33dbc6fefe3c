"""`spark-etl debug`: which run is meant, where the notebook lies, and the patch of one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from spark_etl import cli

from tests.support.sandbox import ROOT
from tests.unit.spark_etl.debugging.notebook.conftest import CODE, RUN, MakeDebugRun
from tests.unit.spark_etl.debugging.notebook.conftest import make_debug_run as make_debug_run  # noqa: PLC0414

NAME = f"debug/shop/{RUN}-net"
OTHER = "20240301T101112Z-bbbbbb"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    monkeypatch.chdir(made)
    monkeypatch.setenv("SPARK_ETL_USER", "ada")
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    return made


def edit(file: Path, old: str, new: str) -> None:
    notebook = json.loads(file.read_text())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = cell["source"].replace(old, new)
    file.write_text(json.dumps(notebook))


def test_the_newest_failed_run_of_this_user(
    make_debug_run: MakeDebugRun, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_debug_run()
    make_debug_run(OTHER, by={"user": "bob"})
    make_debug_run("20240302T101112Z-cccccc", status="succeeded")
    assert cli.main(["debug"]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{home / NAME}.ipynb\n"
    assert f"new: {RUN}/net, its code below {home / NAME}" in shown.err
    assert (home / f"{NAME}.ipynb").is_file()


def test_json_is_a_line(make_debug_run: MakeDebugRun, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_debug_run()
    expected = {"path": f"{NAME}.ipynb", "folder": NAME, "feature": "net", "run": RUN, "trusted": True}
    for state in ("new", "unchanged"):
        assert cli.main(["debug", f"{RUN}/net", "--home", str(home), "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {**expected, "state": state}
    assert cli.main(["debug", "latest", "--new", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == f"{NAME}-2.ipynb"


def test_a_local_run(make_debug_run: MakeDebugRun, home: Path, monkeypatch: pytest.MonkeyPatch, scratch: Path) -> None:
    make_debug_run()
    monkeypatch.delenv("SANDBOX_SCRATCH")
    assert cli.main(["debug"]) == 2
    (home / ".spark-etl").mkdir()
    (home / ".spark-etl/scratch").symlink_to(scratch)
    assert cli.main(["debug", RUN, "--local"]) == 0
    notebook = json.loads((home / f"{NAME}.ipynb").read_text())
    assert f'runs.at("{home}/.spark-etl/scratch")["{RUN}"]' in json.dumps(notebook).replace('\\"', '"')


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no run that failed, of ada, below"),
        (["nope"], "'nope': no such run"),
        ([f"{OTHER}/nett"], "has no feature `nett`. Did you mean `net`?"),
        ([OTHER], "which feature of run"),
        (["--patch", "x.ipynb"], "x.ipynb can't be read: No such file"),
    ],
)
def test_what_there_is_not_is_wrong_usage(
    make_debug_run: MakeDebugRun, home: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    make_debug_run(OTHER, status="succeeded")
    assert cli.main(["debug", *words]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "next: " in shown.err or "Did you mean" in shown.err
    assert not shown.out


def test_code_that_is_not_trusted(make_debug_run: MakeDebugRun, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_debug_run(kind="imported")
    assert cli.main(["debug", f"{RUN}/net"]) == 0
    assert f"spark-etl trust {RUN} --scratch-path " in capsys.readouterr().err


def test_the_patch_of_a_notebook(make_debug_run: MakeDebugRun, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_debug_run()
    cli.main(["debug", RUN])
    file = home / f"{NAME}.ipynb"
    capsys.readouterr()
    assert cli.main(["debug", "--patch", str(file)]) == 0
    shown = capsys.readouterr()
    assert (shown.out, "nothing was changed" in shown.err) == ("", True)
    edit(file, "# joined\njoined", "# é\njoined")
    edit(file, 'rate("CHF"))', 'rate("USD"))\nresult.show()')
    (home / NAME / "shop/helpers.py").write_text(CODE["shop/helpers.py"].replace('"USD"', '"CHF"'))
    assert cli.main(["debug", "--patch", str(file)]) == 0
    shown = capsys.readouterr()
    assert "left out: cell 10: result.show()" in shown.err
    project = home / "project"
    for path, text in CODE.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    subprocess.run(["git", "apply"], cwd=project, input=shown.out.encode(), check=True)
    assert (project / "shop/net.py").read_text() == CODE["shop/net.py"].replace("# joined", "# é").replace("CHF", "USD")
    assert "CHF" in (project / "shop/helpers.py").read_text()


def test_the_patch_as_json(
    make_debug_run: MakeDebugRun, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_debug_run()
    cli.main(["debug", RUN])
    file = home / f"{NAME}.ipynb"
    edit(file, 'rate("CHF")', 'rate("USD")')
    capsys.readouterr()
    monkeypatch.delenv("SANDBOX_SCRATCH")  # the notebook says where its run lies
    assert cli.main(["debug", "--patch", str(file), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found.pop("patch").startswith("diff --git a/shop/net.py b/shop/net.py\n--- a/shop/net.py\n")
    assert found == {"left_out": [], "run": RUN, "project": "/home/ada/shop", "config_path": "c.yaml"}


def test_a_notebook_of_other_code_is_refused(
    make_debug_run: MakeDebugRun, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_debug_run()
    cli.main(["debug", RUN])
    edit(home / f"{NAME}.ipynb", "x", "x")
    file = home / f"{NAME}.ipynb"
    file.write_text(
        file.read_text().replace(json.loads(file.read_text())["metadata"]["sandbox_debug"]["code"], "0" * 64)
    )
    assert cli.main(["debug", "--patch", str(file)]) == 2
    assert "has other code than this notebook was made of" in capsys.readouterr().err


def test_it_needs_no_spark() -> None:
    code = (
        "import sys, spark_etl.cli, spark_etl.commands.debug; "
        "print([name for name in sys.modules if name.split('.')[0] in {'pyspark', 'py4j', 'nbformat', 'IPython'}])"
    )
    path = str(ROOT / "spark")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": path}
    )
    assert done.stdout == "[]\n"
