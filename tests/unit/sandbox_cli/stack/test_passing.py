"""What containers print is passed on as text."""

from __future__ import annotations

import errno
import io
import subprocess
import sys
import threading
from typing import Any

import pytest

from sandbox_cli import program
from sandbox_cli.stack import passing

PRINTS = r"""
import sys
sys.stdout.buffer.write(b"\x1b[2Ka\x1b]52;c;cm0gLXJm\x07\r\nB\xff\xc2\x9b\n no end")
sys.stderr.buffer.write(b"  next: spark-etl run --help\n  next: runs.list()\nruns.list()\n")
sys.stderr.buffer.write(b"\r\x1b[K\x1b[2m  next:\x1b[0m runs.list()\n")
sys.exit(7)
"""


def a_process(code: str) -> Any:
    return subprocess.Popen(
        [sys.executable, "-Sc", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_nothing_is_obeyed_and_hints_can_be_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(program.LAUNCHED, "./sandbox")
    process = a_process(PRINTS)
    assert passing.to_the_end(process, "demo") == ""
    assert process.returncode == 7
    out, err = capsys.readouterr()
    assert out == "a\\x1b]52;c;cm0gLXJm\\x07\nB\\xff\\x9b\n no end"
    own = "./sandbox --stack demo"
    plain, coloured = err.split("runs.list()\n")
    assert plain == f"  next: {own} run --help\n  next: {own} runs list\n"
    assert coloured.endswith(f" {own} runs list\n"), "as the runner writes it on a terminal"


def test_on_a_terminal_the_runners_own_live_line_and_colours_pass_and_nothing_else() -> None:
    live, attack = "\r\x1b[K\x1b[32m3 tasks\x1b[0m", "\x1b]52;c;x\x07\x1b[2J"
    process = a_process(f"import sys; sys.stderr.write({live + attack!r}); sys.stderr.flush(); sys.stdin.read(1)")
    terminal = Terminal()
    assert process.stderr
    thread = threading.Thread(target=passing._copy, args=(process.stderr, terminal, "demo"))
    thread.start()
    while "tasks" not in terminal.getvalue() and thread.is_alive():
        thread.join(0.01)  # it is shown before its line ends
    process.stdin.write(b"x")
    process.stdin.close()
    thread.join()
    assert terminal.getvalue() == live + r"\x1b]52;c;x\x07\x1b[2J"


def test_without_a_terminal_a_redrawn_line_is_what_it_was_in_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    redrawn = "\r\x1b[K. starting\r\x1b[K: starting\r\x1b[K\x1b[2m[1/2]\x1b[0m orders\x1b]52;c;x\x07\nplain\n"
    code = f"import sys; [(sys.stderr.write(part), sys.stderr.flush()) for part in {redrawn!r}.partition(': ')]"
    passing.to_the_end(a_process(code), "demo", redrawn=True)
    assert capsys.readouterr().err == "[1/2] orders\\x1b]52;c;x\\x07\nplain\n"


def test_what_is_the_result_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert passing.to_the_end(a_process("print('x')"), keep_stdout=True) == "x\n"
    assert capsys.readouterr().out == ""


def test_who_reads_no_more_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

        def fileno(self) -> int:
            return nowhere.fileno()

    with open("/dev/null", "w") as nowhere:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", Closed())
        process = a_process("while True: print('x' * 100)")
        passing.to_the_end(process)
    assert process.returncode


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def passed_on(printed: str, to: Any) -> str:
    process = a_process(f"import sys; sys.stderr.write({printed!r})")
    assert process.stderr
    passing._copy(process.stderr, to, "demo")
    return str(to.getvalue())


def test_a_progress_bar_is_drawn_in_its_place_or_line_by_line() -> None:
    bar = "\r 10%|#\r 20%|##\n"
    assert passed_on(bar, Terminal()) == "\r\x1b[K 10%|#\r\x1b[K 20%|##\n"
    assert passed_on(bar, io.StringIO()) == "\n 10%|#\n 20%|##\n"


def test_no_attribute_hides_text_or_stays() -> None:
    assert passed_on("\x1b[8mhidden", Terminal()) == "\\x1b[8mhidden"
    assert passed_on("\x1b[1;31mred", Terminal()) == "\x1b[1;31mred\x1b[0m"
    assert passed_on("\x1b[" + "2" * 50_000, Terminal()).startswith("\\x1b[22")


def test_a_full_disk_ends_in_an_error_once_the_process_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    process = a_process("import sys; sys.stdout.write('x' * 1_000_000)")
    with pytest.raises(OSError, match="No space left"):
        passing.to_the_end(process)
    assert process.returncode == 0


def test_what_an_encoding_lacks_is_an_escape() -> None:
    class Latin(io.StringIO):
        encoding = "latin-1"  # type: ignore[assignment]

    assert passed_on("a → b", Latin()) == "a \\u2192 b"
