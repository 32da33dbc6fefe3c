"""What a process prints, passed on as it comes: others wrote it, so nothing in it may be obeyed by the terminal."""

from __future__ import annotations

import codecs
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import IO

from spark_etl.printable import printable

from sandbox_cli import program

MOST_BYTES = 1 << 16
CLEARED = re.compile(r"^\x1b\[2K", re.MULTILINE)  # how Compose begins some lines of logs, whoever reads them
# A line that is drawn again in its place, and colours: what the runner's own progress is made of. It harms nobody.
# Other attributes, as the one that hides text, are not among them.
CODE = "(?:22|3[0-79]|9[0-7]|[0-2])"
COLOUR = rf"\x1b\[(?:{CODE}(?:;{CODE})*)?m"
LIVE = re.compile(rf"(\r\x1b\[K|{COLOUR})")
HINT = re.compile(rf"^((?:\r\x1b\[K|{COLOUR})*  next:.*\n?)", re.MULTILINE)  # on a terminal it is coloured
LAST_COLOUR, RESET = re.compile(COLOUR), "\x1b[0m"
# A line that a progress bar, as tqdm's, draws again without clearing it.
REDRAW = re.compile(r"\r+(?!\x1b\[K)")
CUT = re.compile(r"(\r|\r?\x1b(\[[0-9;]*)?)$")


# What a line showed before it was drawn again.
DRAWN_OVER = re.compile(r"[^\n]*\r\x1b\[K")


def to_the_end(
    process: subprocess.Popen[bytes],
    stack: str = "",
    *,
    keep_stdout: bool = False,
    redrawn: bool = False,
    seconds: float | None = None,
) -> str:
    """Passes both streams on until the process ends, and returns its stdout where that is kept instead.

    Args:
        process: With pipes for its streams.
        stack: What the commands in its hints have to mean; without one, hints are passed on as they are.
        keep_stdout: Whether its stdout is the result, and not to be shown.
        redrawn: Whether it is made for a terminal: without one here, lines are passed on as they were in the end.
        seconds: What it may take; not together with `keep_stdout`.

    Raises:
        subprocess.TimeoutExpired: It is not at its end by then. What it prints is still passed on.
        OSError: What it printed could not be written, as to a full disk; it has gone on to its end all the same.
    """
    shown = [(process.stderr, sys.stderr)] + ([] if keep_stdout else [(process.stdout, sys.stdout)])
    errors: list[OSError] = []

    def copy(source: IO[bytes], to: IO[str]) -> None:
        try:
            _copy(source, to, stack, redrawn)
        except OSError as error:  # as of a full disk: the process must not wait for somebody who reads
            errors.append(error)
            while os.read(source.fileno(), MOST_BYTES):
                pass

    threads = [Thread(target=copy, args=(source, to), daemon=True) for source, to in shown if source]
    for thread in threads:
        thread.start()
    kept = process.stdout.read() if keep_stdout and process.stdout else b""
    process.wait(seconds)
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return kept.decode(errors="backslashreplace").replace("\r\n", "\n")


def _copy(source: IO[bytes], to: IO[str], stack: str, redrawn: bool = False) -> None:
    is_live, colour = bool(stack) and to.isatty(), ""
    try:
        is_final = redrawn and not is_live
        for text in _pieces(source, in_lines=is_final):
            final = LIVE.sub("", DRAWN_OVER.sub("", text)) if is_final else text
            shown = _shown(_with_hints(final, stack), is_live=is_live)
            colour = ([colour, *LAST_COLOUR.findall(shown)])[-1]
            to.write(_encodable(shown, to))
            to.flush()
        if colour not in {"", RESET, "\x1b[m"}:
            to.write(RESET)
            to.flush()
    except BrokenPipeError:  # nobody reads any more, as with `| head`: the process is to notice it too
        source.close()
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), to.fileno())


def _pieces(source: IO[bytes], *, in_lines: bool = False) -> Iterator[str]:
    """Yields what comes, in whole lines where there are any: no hint and no sequence is cut in two by the pipe."""
    decoder, rest = codecs.getincrementaldecoder("utf-8")("backslashreplace"), ""
    while content := os.read(source.fileno(), MOST_BYTES):
        text = rest + decoder.decode(content)
        whole, newline, rest = text.rpartition("\n")
        if whole + newline:
            yield (whole + newline).replace("\r\n", "\n")
        if ("\r" in rest and not in_lines) or len(rest) > MOST_BYTES:
            cut = CUT.search(rest)
            begun, rest = (rest[: cut.start()], cut[0]) if cut else (rest, "")
            if begun:
                yield begun
    if rest := rest + decoder.decode(b"", final=True):
        yield rest


def _shown(text: str, *, is_live: bool) -> str:
    text = CLEARED.sub("", text)
    if not is_live:
        return printable(REDRAW.sub("\n", text))
    text = REDRAW.sub("\r\x1b[K", text)
    return "".join(part if LIVE.fullmatch(part) else printable(part) for part in LIVE.split(text))


def _encodable(text: str, to: IO[str]) -> str:
    """Returns a text with escapes for what the encoding of where it goes lacks."""
    encoding: str = getattr(to, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _with_hints(text: str, stack: str) -> str:
    """Returns a text in which the commands of hints are those that one types here."""
    if not stack:
        return text
    return HINT.sub(lambda found: program.as_typed(program.for_terminal(found[0]), program.prefix(stack)), text)
