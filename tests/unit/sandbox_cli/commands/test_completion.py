"""What a shell offers at TAB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox_cli import shells
from sandbox_cli.app import run_command
from sandbox_cli.commands import completion, known_values

ROOT = Path(__file__).resolve().parents[4]
OWN = "users/ada/billing/20240301T101112Z-cccccc"
CONFIG = "features:\n  orders: {class: a.B}\n  order_lines: {class: a.B}\n  net: {class: a.B}\n"
Offered = Callable[..., list[str]]


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Offered:
    """Returns what bash offers after a line; nothing else may be printed."""
    monkeypatch.setenv("SANDBOX_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("SANDBOX_STACK", raising=False)
    monkeypatch.setenv("_SANDBOX_COMPLETE", "complete_bash")

    def after(line: str, *, command: str = "./sandbox") -> list[str]:
        words = f"{command} {line}".split(" ")
        monkeypatch.setenv("COMP_WORDS", " ".join(words))
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        with pytest.raises(SystemExit) as ended:
            run_command([])
        assert not ended.value.code
        out, err = capsys.readouterr()
        assert err == ""
        return out.split()

    return after


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder of a stack that was started once."""
    folder = tmp_path / "state" / "sandbox"
    folder.mkdir(parents=True)
    (folder.parent / ".pytest").mkdir()  # of the stacks of test sessions
    for name, content in {
        "ports.json": {"hub": 1, "s3": 1},
        "secrets.json": {"s3_identity_key": "k"},
        "accounts.json": {"engineer": {"password": "p"}, "ada": {"password": "p"}},
    }.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("u", {"up", "users", "unshare"}),
        ("publ", set()),
        ("runs ", {"list", "show"}),
        ("up --wor", {"--workers"}),
        ("runs list --status f", {"failed"}),
        ("doctor spark-s", {"spark-session"}),
        ("open s", {"shelf", "spark", "s3"}),
        ("logs min", {"minio"}),
        ("run x.yaml --check", {"--checkpoint", "--checkpoint-on-failure"}),
        ("run x.yaml --req", {"--requirements"}),
        ("debug --a", {"--apply"}),
    ],
)
def test_verbs_options_and_known_values(offered: Offered, line: str, expected: set[str]) -> None:
    found = offered(line)
    assert expected <= set(found) if expected else found == []
    assert all(word.startswith(line.rpartition(" ")[2]) for word in found)


def test_what_finds_the_values_is_there() -> None:
    names = {*completion.BY_PARAMETER.values(), *completion.BY_PARAMETER_AND_TEXT.values()}
    assert all(callable(completion.finder(name)) for name in names)


def test_features_are_those_of_the_config(offered: Offered, tmp_path: Path) -> None:
    config = tmp_path / "feature_config.yaml"
    config.write_text(CONFIG)
    assert offered(f"run {config} --checkpoint ord") == ["orders", "order_lines"]
    assert offered(f"run {config} --checkpoint net ord") == ["orders", "order_lines"]
    assert offered(f"run {config} --checkpoint net,ord") == ["net,orders", "net,order_lines"]
    assert offered(f"run {config} --start-date ord") == []
    assert offered(f"run {tmp_path} --checkpoint ne") == ["net"], "a folder means the config in it"
    config.write_text("features: [")
    assert offered(f"run {config} --checkpoint ord") == []
    assert offered("run nosuch.yaml --checkpoint ord") == []


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in a store that answers."""
    found = [
        SimpleNamespace(name="20240229T101112Z-7f3a2c", features=["orders"], kind="run"),
        SimpleNamespace(name="20240228T101112Z-ad0b7e", features=["orders"], kind="adopted"),
        SimpleNamespace(name="x\x1b[2J", kind="run"),
        SimpleNamespace(name=OWN, features=["net"], kind="run"),
    ]

    class Runs(list[Any]):
        def list(self, limit: int, kind: str | None) -> list[Any]:
            return [run for run in found if kind in (None, run.kind)][:limit]

        def latest(self) -> Any:
            return found[0]

        def __getitem__(self, name: Any) -> Any:
            return next(run for run in found if run.name == name)

    session = SimpleNamespace(ports={"s3": 1}, runs=Runs())
    monkeypatch.setattr(known_values.session, "Session", lambda *_: session)
    monkeypatch.setattr(known_values.socket, "create_connection", lambda *_, **__: SimpleNamespace(close=lambda: None))


@pytest.mark.usefixtures("runs")
def test_runs_are_those_of_the_store(offered: Offered) -> None:
    both = ["20240229T101112Z-7f3a2c", "20240228T101112Z-ad0b7e"]
    assert offered("runs show ") == ["latest", *both, OWN], "without one that a shell would obey"
    assert offered("runs show 2024") == both
    assert offered("runs rm 2024") == both
    assert offered(f"runs rm {both[0]} 2024") == both
    assert offered("runs adopt s3a://x --into 2024") == both[1:], "features are added to no other"
    assert offered("run x.yaml --resume 2024") == both[:1], "an adopted one can't be resumed"
    assert offered("replay 2024") == both
    assert offered("replay latest/") == ["latest/orders"]
    assert offered("debug 2024") == both
    assert offered(f"debug {OWN}/") == [f"{OWN}/net"]
    assert offered(f"replay {both[1]}/o --code x") == []
    assert offered(f"replay {both[1]}/o") == [f"{both[1]}/orders"]
    assert offered("replay users/") == [OWN]
    assert offered(f"replay {OWN}/") == [f"{OWN}/net"]
    assert offered("replay nosuch/o") == []
    assert offered("diff la") == ["latest", "last-success"]
    assert offered("diff latest 2024") == both
    assert offered("run x.yaml --resume lat") == ["latest"]
    assert offered("run --resume latest --checkpoint or") == ["orders"]


@pytest.mark.usefixtures("state")
def test_users_are_those_with_a_generated_password(offered: Offered) -> None:
    assert offered("users show ") == ["ada", "engineer"]
    assert offered("logs user:a") == ["user:ada"]
    assert offered("debug --user a") == ["ada"]
    assert offered("--stack ") == ["sandbox"]


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
@pytest.mark.parametrize("line", ["runs show l", "users show ", "--stack Not_One runs show l"])
def test_whatever_is_broken_a_tab_prints_no_error(offered: Offered, state: Path, line: str, content: bytes) -> None:
    for file in state.iterdir():
        file.write_bytes(content)
    assert offered(line) in ([], ["latest"])


def test_a_store_that_does_not_answer_is_not_waited_for() -> None:
    """The process ends by itself: threads that wait for the store would hold it up."""
    code = "from sandbox_cli.commands import completion as c; c.MOST_SECONDS = 1; import time; "
    code += "print(c.offered(lambda: time.sleep(60) or ['x'], ''))"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}/spark:{ROOT}"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=50, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def script_of(name: str) -> str:
    """Returns what `--show-completion` prints in that shell."""
    make: Any = shells._completion_shared.get_completion_script
    return str(make(prog_name="sandbox", complete_var="_SANDBOX_COMPLETE", shell=name))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_calls_what_was_typed(shell: str) -> None:
    script = script_of(shell)
    assert "_SANDBOX_COMPLETE" in script
    assert {"bash": "$1 )", "zsh": "${~words[1]}", "fish": "(commandline -po)[1]"}[shell] in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_bash_completes_through_the_path_of_the_command(tmp_path: Path) -> None:
    """As at a prompt: bash finds the function for `./sandbox` by its name, and calls what was typed."""
    script = script_of("bash")
    fake = tmp_path / "sandbox"
    fake.write_text("#!/bin/sh\necho $_SANDBOX_COMPLETE $COMP_WORDS $COMP_CWORD\n")
    fake.chmod(0o755)
    asked = f'{script}\nCOMP_WORDS=({fake} u); COMP_CWORD=1; _sandbox_completion {fake}; echo "${{COMPREPLY[0]}}"'
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == f"complete_bash {fake} u 1\n"


def test_the_launcher_installs_nothing_at_a_tab(tmp_path: Path) -> None:
    (tmp_path / "sandbox").write_text((ROOT / "sandbox").read_text())
    environment = {**os.environ, "_SANDBOX_COMPLETE": "complete_bash"}
    done = subprocess.run(["sh", "sandbox"], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
