"""What a cell prints, displays and raises, as a kernel's messages say it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from sandbox_cli.errors import StackError
from sandbox_cli.stack.hub.kernel import CellError, Kernel

Messages = list[tuple[str, dict[str, Any]]]
IDLE = ("status", {"execution_state": "idle"})
FAILED = ("error", {"ename": "ValueError", "evalue": "no such day", "traceback": ["line 1", "line 2"]})


def printed(text: str, name: str = "stdout") -> tuple[str, dict[str, Any]]:
    return "stream", {"name": name, "text": text}


def shown(kind: str, **data: str) -> tuple[str, dict[str, Any]]:
    return kind, {"data": {name.replace("_", "/"): value for name, value in data.items()}}


@contextmanager
def a_kernel(*answers: Messages) -> Iterator[Kernel]:
    """A kernel that answers each cell with the next of the answers; after the last it hangs up."""

    def answer(connection: ServerConnection) -> None:
        for messages in answers:
            request = json.loads(connection.recv())
            for kind, content in [printed("of another cell\n"), *messages]:
                own = kind != "stream" or content["text"] != "of another cell\n"
                parent = {"msg_id": request["header"]["msg_id"] if own else "other"}
                connection.send(json.dumps({"parent_header": parent, "msg_type": kind, "content": content}))
        connection.recv()

    with serve(answer, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        with connect(f"ws://127.0.0.1:{server.socket.getsockname()[1]}", proxy=None) as socket:
            yield Kernel(socket, "ada")
        server.shutdown()
        thread.join()


def test_code_returns_what_it_printed_and_nothing_of_other_cells() -> None:
    with a_kernel([printed("1\n"), printed("a warning\n", "stderr"), printed("2\n"), IDLE]) as kernel:
        assert kernel.run("print(1)", seconds=5) == "1\n2\n"


def test_code_that_raises_is_an_error_with_its_last_line() -> None:
    with a_kernel([printed("1\n"), FAILED, IDLE], [printed("2\n"), IDLE]) as kernel:
        with pytest.raises(CellError, match=r"^ValueError: no such day$") as caught:
            kernel.run("fail()", seconds=5)
        assert caught.value.hint == "sandbox logs user:ada"
        assert kernel.run("print(2)", seconds=5) == "2\n", "the next cell is not taken for the end of this one"


def test_output_has_both_streams_displays_and_the_traceback() -> None:
    messages = [
        printed("a\n"),
        printed("b\n", "stderr"),
        shown("display_data", text_plain="<plot>", image_png="…"),
        shown("update_display_data", text_plain="50 %"),
        shown("execute_result", text_plain="3"),
        FAILED,
        IDLE,
    ]
    with a_kernel(messages) as kernel:
        output = kernel.finish(kernel.start("cell"), seconds=5)

    assert output.text == "a\nb\n<plot>\n50 %3"
    assert output.stdout == "a\n"
    assert output.error == "line 1\nline 2"
    assert [output.has_type(mime) for mime in ("image/png", "text/plain", "text/html")] == [True, True, False]


def test_a_cell_that_does_not_end_is_an_error_with_its_output() -> None:
    begun = pytest.raises(StackError, match=r"did not end within 0 s; it printed: 'begun'")
    with a_kernel([printed("begun")]) as kernel, begun:
        kernel.run("loop()", seconds=0.3)


def test_a_kernel_that_hangs_up_is_an_error() -> None:
    with a_kernel([IDLE]) as kernel:
        kernel.run("", seconds=5)
        kernel.start("the kernel hangs up instead of an answer")
        with pytest.raises(StackError, match="The kernel of `ada` is gone"):
            kernel.run("", seconds=5)
