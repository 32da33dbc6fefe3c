"""What a debug notebook says, and which cells it has."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from spark_etl.debugging.notebook.document import Subject, make_notebook
from spark_etl.debugging.notebook.failure_text import fenced, inline, inline_text, path_in
from spark_etl.debugging.notebook.join import edited_module
from spark_etl.debugging.trust import NotTrustedError
from spark_etl.reading import Run
from spark_etl.storage import normalise
from spark_etl.store import ErrorRecord

from tests.unit.spark_etl.debugging.notebook.conftest import CODE, FRAMES, MODULE, RUN, MakeDebugRun

FOLDER = f"debug/shop/{RUN}-net"


def document(run: Run, feature: str = "net", scratch: Path | None = None, **known: Any) -> dict[str, Any]:
    found = normalise(str(scratch)) if scratch else run.stored.scratch
    code = None if "no_code" in known else run.code
    made = make_notebook(Subject(run, feature, found, FOLDER, code, **known))
    nbformat.validate(made)
    assert json.loads(json.dumps(made)) == made
    return made


def parts(notebook: dict[str, Any]) -> dict[str, str]:
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return {cell["metadata"]["sandbox_debug"]["part"]: cell["source"] for cell in cells}


def markdown(notebook: dict[str, Any]) -> list[str]:
    return [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown"]


def test_the_cells_in_their_order(make_debug_run: MakeDebugRun) -> None:
    made = document(make_debug_run())
    assert parts(made) == {
        "setup": f'from spark_etl import runs\n\ndebug = runs["{RUN}"].debugger("net")\n'
        "spark, self, start_date, end_date = debug.spark, debug.feature, debug.start_date, debug.end_date",
        "input:orders": 'orders = debug.input("orders")\ndebug.head(orders)',
        "input:rates": 'kwargs = {"rates": debug.input("rates")}\ndebug.head(kwargs["rates"])',
        "names": "from __future__ import annotations\n\nglobals().update(debug.names())",
        "transform:0": 'rates = kwargs["rates"]',
        "transform:1": '# joined\njoined = orders.join(rates, "currency")',
        "transform:2": 'result = joined.withColumn("usd", rate("CHF"))',
        "result": "debug.head(result, every_row=True)",
        "replay": "debug.replay_and_compare()",
        "patch": "debug.save_patch()",
    }
    for text in parts(made).values():
        ast.parse(text)


def test_its_metadata(make_debug_run: MakeDebugRun) -> None:
    run = make_debug_run()
    made = document(run)
    known = made["metadata"]["sandbox_debug"]
    assert known.pop("fingerprint")
    assert known == {
        "version": 1,
        "run": RUN,
        "path": run.path,
        "feature": "net",
        "code": run.code.sha256,
        "file": "shop/net.py",
        "class": "shop.net.Net",
        "folder": FOLDER,
        "parts": parts(made),
    }
    assert made["metadata"]["kernelspec"]["name"] == "python3"
    assert len({cell["id"] for cell in made["cells"]}) == len(made["cells"])


def test_what_failed_and_where(make_debug_run: MakeDebugRun) -> None:
    first, module, *_ = markdown(document(make_debug_run()))
    assert first == (
        "# Debug `net`\n\n"
        f"Feature `net` of run `{RUN}` of `team/shop`, `2024-02-29`, failed:\n\n"
        "```text\nKeyError: 'CHF'\n```\n\n"
        "`shop/net.py`, line 16, in `transform`:\n\n"
        "```python\n"
        '  12          rates = kwargs["rates"]\n'
        "  13          # joined\n"
        '  14          joined = orders.join(rates, "currency")\n'
        "  15\n"
        '→ 16          return joined.withColumn("usd", rate("CHF"))\n'
        "```\n\n"
        "`shop/helpers.py`, line 5, in `rate`:\n\n"
        '```python\n  1  """Helpers."""\n  2\n  3\n  4  def rate(currency):\n'
        '→ 5      return {"USD": 1}[currency]\n```'
    )
    assert module.startswith("## The module `shop/net.py`")
    assert f"[`shop/net.py`]({RUN}-net/shop/net.py)" in module
    assert f"```python\n{MODULE.rstrip()}\n```" in module


def test_of_a_feature_that_did_not_fail(make_debug_run: MakeDebugRun) -> None:
    code = {**CODE, "shop/orders.py": MODULE.replace("Net", "Orders")}
    first = markdown(document(make_debug_run(code=code), "orders"))[0]
    assert "It did not fail in this run" in first
    assert "The run failed at `net`" in first
    assert "look where a number goes wrong" in first


def test_a_traceback_of_files_that_were_not_kept_is_shown_as_it_is(make_debug_run: MakeDebugRun) -> None:
    error = ErrorRecord("x", '  File "/elsewhere/x.py", line 3, in f\n    raise x\n', "E", "net")
    first = markdown(document(make_debug_run(error=error)))[0]
    assert first.endswith('The traceback:\n\n```text\n  File "/elsewhere/x.py", line 3, in f\n    raise x\n```')


def test_a_type_that_the_message_has_is_not_said_twice(make_debug_run: MakeDebugRun) -> None:
    first = markdown(document(make_debug_run(error=ErrorRecord("KeyError: 'CHF'", FRAMES, "KeyError", "net"))))[0]
    assert "```text\nKeyError: 'CHF'\n```" in first


def test_only_what_ends_a_line_for_python_ends_one(make_debug_run: MakeDebugRun) -> None:
    module = f"# a\x0cform feed, and \u2028 a line separator\n{MODULE}"
    error = ErrorRecord("x", '  File "/p/shop/net.py", line 17, in transform **now**\n    raise x\n', "E", "net")
    first = markdown(document(make_debug_run(code={**CODE, "shop/net.py": module}, error=error)))[0]
    assert '→ 17          return joined.withColumn("usd", rate("CHF"))' in first
    assert "line 17, in `transform **now**`:" in first


def test_a_reason_is_no_markdown() -> None:
    assert inline_text("it has `a_b*c`; <b>_x_</b> ![y](z) a*b\n`open") == (
        "it has 'a\\_b\\*c'; \\<b\\>\\_x\\_\\</b\\> \\!\\[y\\](z) a\\*b\\\\n'open"
    )
    assert inline_text("it has `a_b<c`, and _more_") == "it has `a_b'c`, and \\_more\\_"


def test_an_error_without_a_line_says_how_it_is_found(make_debug_run: MakeDebugRun) -> None:
    error = ErrorRecord("[DIVIDE_BY_ZERO] Division by zero", "", "ArithmeticException", "net")
    first = markdown(document(make_debug_run(error=error)))[0]
    assert "Which line made it is not known" in first
    assert "the first that fails has it" in first


def test_text_that_others_wrote_does_nothing(make_debug_run: MakeDebugRun) -> None:
    error = ErrorRecord("```\n<script>x</script>\x1b]52;\u202e", "", "E`[a](b)", "net")
    first = markdown(document(make_debug_run(error=error)))[0]
    assert "````text\nE`[a](b): ```\n<script>x</script>\\x1b]52;\\u202e\n````" in first
    assert inline("a`b<c>[d](e)\n") == "`a'b'c''d'(e)\\n`"
    assert fenced("`````") == "``````text\n`````\n``````"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("/project/shop/net.py", "shop/net.py"),
        ("shop/net.py", "shop/net.py"),
        ("/x/net.py", "net.py"),
        ("/x/a.py", None),
    ],
)
def test_the_file_of_a_frame_is_the_one_with_the_longest_name(file: str, expected: str | None) -> None:
    assert path_in({"shop/net.py": "", "net.py": "", "t.py": ""}, file) == expected


def test_a_run_of_another_scratch_path_is_found_by_it(
    make_debug_run: MakeDebugRun, monkeypatch: pytest.MonkeyPatch, scratch: Path
) -> None:
    run = make_debug_run()
    monkeypatch.delenv("SANDBOX_SCRATCH")
    assert f'debug = runs.at("{scratch}")["{RUN}"].debugger("net")' in parts(document(run))["setup"]


def test_a_run_that_lies_elsewhere_is_named_by_its_path(make_debug_run: MakeDebugRun, scratch: Path) -> None:
    run = make_debug_run(root="users/ada/shop")
    assert f'runs["users/ada/shop/{RUN}"]' in parts(document(run, scratch=scratch))["setup"]
    run = make_debug_run(root="a/b/team/shop")
    assert f'runs["{scratch}/a/b/team/shop/{RUN}"]' in parts(document(run, scratch=scratch))["setup"]


def with_body(body: str, signature: str = "orders, **kwargs") -> dict[str, str]:
    head = MODULE.partition("    def transform")[0]
    text = f"{head}    def transform(self, spark, start_date, end_date, {signature}):\n        {body}\n"
    return {**CODE, "shop/net.py": text}


def test_inputs_by_other_names(make_debug_run: MakeDebugRun) -> None:
    made = parts(document(make_debug_run(code=with_body("return frames", "**frames"))))
    assert made["input:orders"] == (
        'frames = {"orders": debug.input("orders"), "rates": debug.input("rates")}\ndebug.head(frames["orders"])'
    )
    assert made["input:rates"] == 'debug.head(frames["rates"])'


def test_inputs_that_were_not_recorded(make_debug_run: MakeDebugRun) -> None:
    made = parts(document(make_debug_run(inputs=False)))
    assert made["input:orders"] == 'orders = debug.input("orders")\ndebug.head(orders)'
    assert made["input:*"] == "kwargs = dict(debug.inputs)"


def test_an_input_that_is_called_like_something_of_the_notebook(make_debug_run: MakeDebugRun) -> None:
    made = document(make_debug_run(code=with_body("return runs", "runs, orders, rates")))
    assert parts(made)["input:runs"] == 'debug.head(debug.input("runs"))'
    assert "It is one cell: the notebook itself uses its argument `runs`" in markdown(made)[2]


def test_a_transform_in_one_cell_says_why(make_debug_run: MakeDebugRun) -> None:
    made = document(make_debug_run(code=with_body("if orders: return 1\n        return 2")))
    assert parts(made)["transform:0"].startswith("class Net(SparkFeature):\n")
    assert "It is one cell: it returns at more than one place, or inside of a block (line 11)." in markdown(made)[2]
    made = document(make_debug_run("20240229T101112Z-bbbbbb", code=with_body("return __file__")))
    assert "It is run as the file has it: change it there" in markdown(made)[2]


def test_a_notebook_that_was_just_written_has_no_edits(make_debug_run: MakeDebugRun) -> None:
    run = make_debug_run()
    assert edited_module(run.code, document(run)).text is None


def test_without_code_the_inputs_are_there(make_debug_run: MakeDebugRun) -> None:
    made = document(make_debug_run(code=None), no_code="run x has no code: --no-keep-code")
    assert list(parts(made)) == ["setup", "input:orders", "input:rates"]
    assert "self" not in parts(made)["setup"]
    assert "There is no code to run: `run x has no code: --no-keep-code`" in markdown(made)[-1]
    assert made["metadata"]["sandbox_debug"]["code"] is None


def test_code_that_is_not_trusted_is_only_shown(make_debug_run: MakeDebugRun) -> None:
    refused = NotTrustedError("run x carries code that the sandbox's runner did not write")
    made = document(make_debug_run(), refused=refused)
    assert parts(made) == {}
    _, why, module = markdown(made)
    assert f"```text\nspark-etl trust {RUN} --scratch-path /" in why, "as it is a run of this machine"
    assert f"\nspark-etl debug {RUN}/net --new --scratch-path …\n```" in why
    assert "carries code that the sandbox's runner did not write" in why
    assert "class Net" in module
    assert edited_module(make_debug_run().code, made).text is None
