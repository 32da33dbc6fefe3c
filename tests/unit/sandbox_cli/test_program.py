"""What the command recommends can be typed as it is printed."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from sandbox_cli import program
from sandbox_cli.app import app, run_command
from sandbox_cli.commands.verbs import Verbs, load
from sandbox_cli.console import Console
from sandbox_cli.errors import SandboxError
from sandbox_cli.stack import state

ROOT = Path(__file__).resolve().parents[3]
MODULE = str(ROOT / "sandbox_cli" / "app.py")
COMMAND = re.compile(r"(?<![\w./-])(?<!the )sandbox (?=--\w|[a-z])[^`#;&|\n]*")
PROGRAMS = ("sandbox ", "docker ", "mv ", "chmod ", "sudo ")


@pytest.mark.parametrize(
    ("typed", "argv", "cwd", "expected"),
    [
        ("./sandbox", MODULE, ROOT, "./sandbox"),
        ("sandbox", MODULE, ROOT, "./sandbox"),
        ("../sandbox", MODULE, ROOT / "docs", "../sandbox"),
        ("/home/ada/my code/sandbox", MODULE, ROOT, "'/home/ada/my code/sandbox'"),
        ("", MODULE, ROOT, "./sandbox"),
        ("", MODULE, ROOT / "docs", shlex.quote(str(ROOT / "sandbox"))),
        ("", "/opt/venv/bin/sandbox", ROOT, "/opt/venv/bin/sandbox"),
        ("", "/usr/bin/pytest", ROOT, "sandbox"),
    ],
)
def test_the_program_is_what_one_types(
    monkeypatch: pytest.MonkeyPatch, typed: str, argv: str, cwd: Path, expected: str
) -> None:
    monkeypatch.chdir(cwd)
    assert program.program({program.LAUNCHED: typed, "PATH": "/nosuch"}, [argv]) == expected


def test_what_is_found_by_its_name_is_called_by_it(tmp_path: Path) -> None:
    (tmp_path / "sandbox").symlink_to(ROOT / "sandbox")
    environment = {program.LAUNCHED: str(tmp_path / "sandbox"), "PATH": str(tmp_path)}
    assert program.program(environment, [MODULE]) == "sandbox"


@pytest.mark.parametrize(
    ("name", "usual", "expected"),
    [
        ("", "", "sandbox"),
        ("sandbox", "", "sandbox"),
        ("demo", "", "sandbox --stack demo"),
        ("demo", "demo", "sandbox --stack demo"),
        ("sandbox", "demo", "sandbox --stack sandbox"),
    ],
)
def test_a_command_means_the_same_stack(name: str, usual: str, expected: str) -> None:
    assert program.prefix(name, {program.LAUNCHED: "", "SANDBOX_STACK": usual}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sandbox up", "./sandbox up"),
        ("`./sandbox logs hub`; sandbox --stack x down", "`./sandbox logs hub`; ./sandbox --stack x down"),
        ("mv a b && sandbox up\nThen `sandbox status`.", "mv a b && ./sandbox up\nThen `./sandbox status`."),
        ("another version of the sandbox runs", "another version of the sandbox runs"),
        ("in the sandbox, which", "in the sandbox, which"),
        ("s3a://sandbox up", "s3a://sandbox up"),
        ("my-sandbox up", "my-sandbox up"),
    ],
)
def test_commands_in_a_message_begin_with_the_program(text: str, expected: str) -> None:
    assert program.as_typed(text, "./sandbox") == expected


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        ("runs.list()", "sandbox runs list"),
        ('runs["20240229T101112Z-7f3a2c"].failure', "sandbox runs show 20240229T101112Z-7f3a2c"),
        ('runs["users/ada/x/20240229T1-7f"]', "sandbox runs show users/ada/x/20240229T1-7f"),
        ('write it as since="2024-02-29"', "write it as --since 2024-02-29"),
        ("spark-etl run --help", "sandbox run --help"),
        ("spark_etl_runner.py --help", "sandbox run --help"),
        (
            "select less with columns=, where= or limit=, iterate",
            "select less with columns=, where= or limit=, iterate",
        ),
        ('runs.list(pipeline="shop")', "sandbox runs list --pipeline shop"),
        ('runs.diff("last-success", "latest")', "sandbox diff last-success latest"),
    ],
)
def test_hints_for_notebooks_and_jobs_are_commands_here(hint: str, expected: str) -> None:
    assert program.for_terminal(hint) == expected


def test_an_error_shows_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(program.LAUNCHED, "./sandbox")
    monkeypatch.delenv("SANDBOX_STACK", raising=False)
    console = Console()
    console.stack = "demo"
    console.error(SandboxError("no", hint="sandbox up"))
    assert capsys.readouterr().err == "error: no\n  next: ./sandbox --stack demo up\n"
    console.error(SandboxError("no", hint="sandbox up\nIt adds what is missing."))
    assert capsys.readouterr().err.endswith("  next: ./sandbox --stack demo up\n        It adds what is missing.\n")
    assert run_command(["run", str(ROOT / "spark" / "pipelines" / "revenue")]) == 2
    assert "next: ./sandbox run --help" in capsys.readouterr().err


def test_the_launcher_says_how_it_was_started() -> None:
    text = (ROOT / "sandbox").read_text()
    assert f'export {program.LAUNCHED}="$0"' in text
    subprocess.run(["sh", "-n", str(ROOT / "sandbox")], check=True)


def hints() -> list[str]:
    """Returns the text of each hint in the command's code, with `x` for what is put into it."""
    found = []
    for file in sorted((ROOT / "sandbox_cli").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.keyword) and node.arg in {"hint", "fix"}:
                found.append(_text(node.value))
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CheckFailed" and len(node.args) > 1:
                found.append(_text(node.args[1]))
    return [text for text in found if text]


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value or "")
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    return ""


def test_a_hint_is_a_line_for_the_shell_or_has_its_commands_in_backticks(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.touch(mode=0o644)
    with pytest.raises(SandboxError) as readable:
        state.refuse_readable(file)
    found = [*hints(), state.aside(file, "finds free ports"), str(readable.value.hint)]
    commands = [line for hint in found for line in hint.splitlines() if line.startswith(PROGRAMS)]
    prose = [line for hint in found for line in hint.splitlines() if not line.startswith(PROGRAMS)]

    assert not [line for line in prose if COMMAND.search(re.sub(r"`[^`]*`", "", line))]
    assert not [line for line in commands if "#" in line], "zsh takes no comments where one types"
    assert not [hint for hint in hints() if "…" in hint]
    subprocess.run(["bash", "-n"], input="\n".join(commands), text=True, check=True)


@pytest.mark.parametrize("line", sorted({found[0] for hint in hints() for found in COMMAND.finditer(hint)}))
def test_a_command_of_a_hint_is_one(line: str) -> None:
    words = shlex.split(line)[1:]
    command = get_command(app)
    while words and (words[0].startswith("--stack") or words[0] in getattr(command, "commands", {})):
        word = words.pop(0)
        if word == "--stack":
            words.pop(0)
            continue
        command = load(word) if isinstance(command, Verbs) else command.commands[word]  # type: ignore[attr-defined]
    options = {option for param in command.params for option in [*param.opts, *param.secondary_opts]} | {"--help"}
    unknown = [word for word in words if word.startswith("--") and word.replace("--x-", "--hub-") not in options]
    assert not unknown
    assert not getattr(command, "commands", {}) or not words or words[0].startswith("--"), line


def test_a_stack_that_is_named_already_is_not_named_twice() -> None:
    prefix = "./sandbox --stack demo"
    assert program.as_typed("./sandbox --stack demo run --resume x", prefix) == "./sandbox --stack demo run --resume x"
    assert program.as_typed("sandbox runs list", prefix) == "./sandbox --stack demo runs list"
