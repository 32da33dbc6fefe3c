from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from spark_etl.runner.launcher import as_typed, as_user_sees, debug_command, replay_command, resume_command
from spark_etl.store import CodeRecord, ErrorRecord, RunStore

from sandbox_cli.program import VERBS


def test_in_a_driver_commands_and_paths_are_those_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_ETL_PROGRAM", "./sandbox --stack mine")
    monkeypatch.setenv("SPARK_ETL_PROJECT", "/home/ada/my shop")
    record = RunStore(str(tmp_path)).start("team", "shop")
    assert resume_command(record) == f"./sandbox --stack mine run --resume {record.run.run_id}"
    assert replay_command(record) == "", "it was no feature that failed"
    record.document.error, record.document.options = ErrorRecord(feature="net"), {"project": "/home/ada/my shop"}
    name = record.run.run_id
    assert replay_command(record) == f"./sandbox --stack mine replay {name} --code '/home/ada/my shop'"
    assert debug_command(record) == "", "without the code that ran there is nothing to open"
    record.document.code = CodeRecord("ab")
    assert debug_command(record) == f"./sandbox --stack mine debug {name}"
    assert as_typed("in the sandbox: ./sandbox status") == "in the sandbox: ./sandbox --stack mine status"
    for path in ("/project/a.py", "/project:", "/project/"):
        assert as_user_sees(f"at {path}") == f"at {path.replace('/project', '/home/ada/my shop')}"
    for path in ("s3a://published/project/x", "/my/project", "/projects"):
        assert as_user_sees(path) == path


def test_elsewhere_they_are_the_runners_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARK_ETL_PROGRAM", raising=False)
    monkeypatch.delenv("SPARK_ETL_PROJECT", raising=False)
    record = RunStore(str(tmp_path)).start("team", "shop", session="local")
    options = f"--local --scratch-path {record.run.scratch} --resume {record.run.run_id}"
    assert resume_command(record) == f"spark-etl run {options}"
    record.document.error, record.document.code = ErrorRecord(feature="net"), CodeRecord("ab")
    assert debug_command(record) == f"spark-etl debug {record.run.run_id} --scratch-path {tmp_path}"
    scratch = f"--local --scratch-path {tmp_path}"
    assert replay_command(record) == f"spark-etl replay {record.run.run_id} {scratch} --code ."
    assert as_typed("./sandbox status") == "./sandbox status"
    assert as_user_sees("/project/a.py") == "/project/a.py"


ROOT = Path(__file__).resolve().parents[4]
COMMAND = re.compile(r"(?<![\w/-])(?<!\./)sandbox ([a-z]+)")


def test_a_command_in_a_message_is_one_that_can_be_typed() -> None:
    bare, unknown = [], []
    for file in [*(ROOT / "spark").rglob("*.py"), *(ROOT / "hub").rglob("*.py")]:
        for text in _messages(ast.parse(file.read_text())):
            bare += [(file.name, text) for found in COMMAND.finditer(text) if found[1] in VERBS]
            unknown += [text for verb in re.findall(r"\./sandbox ([a-z]+)", text) if verb not in VERBS]
    assert not bare, "nobody has `sandbox` on the PATH"
    assert not unknown


def _messages(tree: ast.Module) -> list[str]:
    """Returns the texts of a module, but for its docstrings and for what is put into backticks."""
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented
    ]
    return [re.sub(r"`[^`]*`", "", text) for text in texts]
