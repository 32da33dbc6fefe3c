"""The debug notebook from the host: which run is meant, what the server is asked, and how its answers are shown."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from spark_etl.errors import ArgumentError
from spark_etl.reading import Runs
from spark_etl.storage import normalise
from spark_etl.store import CodeRecord, ErrorRecord, StoredRun

from sandbox_cli.console import Console
from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.stack.hub.debugging import fetch_patch, find, notebook_of, open_notebook
from sandbox_cli.stack.hub_api import Hub
from tests.support.runs import run_writer

OLD, MINE, ADAS, FINE = (f"2024022{day}T101112Z-{word * 6}" for day, word in enumerate("abcd", 1))
ANSWER = {
    "path": f"debug/my shop/{MINE}-net.ipynb",
    "state": "new",
    "folder": f"debug/my shop/{MINE}-net",
    "feature": "net",
    "run": MINE,
    "trusted": True,
}

HUB = "http://127.0.0.1:8000/"


def keep(scratch: Path, run_id: str, user: str, *, failed: bool = True, code: bool = True) -> None:
    """Keeps a run of two features, of which `net` has failed or not."""
    run = StoredRun.at(normalise(str(scratch)), "team", "shop", run_id)
    known = {"by": {"user": user}, "code": CodeRecord("ab" * 32) if code else CodeRecord(reason="--no-keep-code")}
    record = run_writer(run, known, {"orders": {"state": "succeeded"}, "net": {}})
    record.store()
    record.end("failed" if failed else "succeeded", ErrorRecord("broke", feature="net") if failed else None)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """The runs of the stack; this process is in an empty folder."""
    scratch = tmp_path / "store"
    keep(scratch, OLD, "root")
    keep(scratch, MINE, "root")
    keep(scratch, ADAS, "ada")
    keep(scratch, FINE, "root", failed=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return Runs(str(scratch), every_user=True)


@pytest.mark.parametrize(
    ("name", "users", "run", "feature"),
    [
        (None, {"root"}, MINE, "net"),
        (None, {"root", "ada"}, ADAS, "net"),
        (OLD, {"root"}, OLD, "net"),
        (f"{OLD}/orders", {"root"}, OLD, "orders"),
        (f"{FINE}/orders", {"root"}, FINE, "orders"),
        ("latest/net", {"root"}, FINE, "net"),
    ],
)
def test_without_a_name_it_is_the_newest_failed_run_of_who_calls(
    runs: Runs, name: str | None, users: set[str], run: str, feature: str
) -> None:
    origin = find(runs, name, users)
    assert (origin.run.name, origin.feature) == (run, feature)


def test_what_can_t_be_opened_is_refused_before_a_server_is_started(runs: Runs, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="no run that failed, of bob, below ") as none:
        find(runs, None, {"bob"})
    assert none.value.hint == "name one: RUN, or RUN/FEATURE"
    with pytest.raises(ArgumentError, match=f"which feature of run {FINE}"):
        find(runs, "latest", {"root"})
    with pytest.raises(ArgumentError, match=r"has no feature `nett`\. Did you mean `net`"):
        find(runs, f"{OLD}/nett", {"root"})
    with pytest.raises(ArgumentError, match="no such run"):
        find(runs, "nosuch", {"root"})
    keep(tmp_path / "store", "20240301T101112Z-eeeeee", "root", code=False)
    with pytest.raises(UsageError, match=r"nothing to open: run .* has no code: --no-keep-code"):
        find(runs, None, {"root"})


def test_a_run_of_this_machine_is_opened_here(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local, scratch = "20240301T101112Z-eeeeee", tmp_path / "here" / ".spark-etl" / "scratch"
    keep(scratch, local, "root")
    folder = f".spark-etl/scratch/team/shop/{local}"
    for name, words in (
        (local, local),
        ("eeeeee/net", f"{local}/net"),
        (folder, local),
        (f"{folder}/net", f"{local}/net"),
        (f"{tmp_path}/here/{folder}/", local),
    ):
        with pytest.raises(UsageError, match=f"^Run {local} lies in a folder of this machine") as caught:
            find(runs, name, {"root"})
        command = str(caught.value.hint).splitlines()[0]
        assert command == f"spark-etl debug {words} --scratch-path {scratch}", name
    keep(scratch, OLD, "root")
    assert find(runs, OLD, {"root"}).run.path.startswith(f"file://{tmp_path}/store/"), "the stack's comes first"


@pytest.mark.parametrize("page", ["http://127.0.0.1:8001/user/ada/lab/tree/x.ipynb", "http://ada.localhost/user/ada/x"])
def test_a_page_of_another_hub_of_this_machine_is_refused(page: str) -> None:
    with pytest.raises(UsageError, match=r"the page is one of http://\S+, and the hub of this stack is") as refused:
        notebook_of(page, HUB)
    assert "--stack NAME" in str(refused.value.hint)


def stack(status: int, content: Any, *, url: str = "/user/ada/") -> tuple[Any, list[httpx.Request]]:
    """A stack in which ada's server answers so to whatever it is asked."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        path = request.url.path
        if path.startswith("/user/ada/sandbox/"):
            return httpx.Response(status, **({"text": content} if isinstance(content, str) else {"json": content}))
        if path == "/hub/api/users/ada":
            return httpx.Response(200, json={"servers": {"": {"ready": True, "url": url}}})
        return httpx.Response(201, json={"id": "t1", "token": "of-the-visit"})

    hub = Hub(8000, {"hub_admin_token": "of-the-command"})
    hub._http = httpx.Client(transport=httpx.MockTransport(answer), base_url=hub.url)
    return SimpleNamespace(hub=hub, links=lambda: {"hub": "http://127.0.0.1:8000/"}), requests


def opened(found: Any, runs: Runs, *, new: bool = False) -> Any:
    with Console(plain=True).stage("debug") as stage:
        return open_notebook(found, stage, "ada", find(runs, None, {"root"}), new=new)


@pytest.mark.parametrize(
    ("url", "lab"),
    [
        ("/user/ada/", "http://127.0.0.1:8000/user/ada/lab/tree/"),
        ("http://ada.localhost:8000/user/ada/", "http://ada.localhost:8000/user/ada/lab/tree/"),
    ],
)
def test_the_server_is_started_and_asked_with_a_token_of_its_own(runs: Runs, url: str, lab: str) -> None:
    found, requests = stack(200, ANSWER, url=url)

    notebook = opened(found, runs, new=True)

    assert notebook.link == f"{lab}debug/my%20shop/{MINE}-net.ipynb"
    assert notebook.to_dict() == {**ANSWER, "user": "ada", "link": notebook.link}
    assert (requests[0].method, requests[0].url.path) == ("POST", "/hub/api/users/ada/server")
    (asked,) = [request for request in requests if request.url.path == "/user/ada/sandbox/debug"]
    assert json.loads(asked.content) == {"run": MINE, "feature": "net", "new": True}
    assert asked.headers["Authorization"] == "token of-the-visit"
    assert asked.extensions["timeout"]["read"] == 90, "the server gives its command a minute"
    assert [request.url.path for request in requests if request.method == "DELETE"] == ["/hub/api/users/ada/tokens/t1"]


@pytest.mark.parametrize("status", [400, 409, 413, 422, 500, 502, 504])
def test_what_the_server_refuses_is_passed_on_with_its_hint(runs: Runs, status: int) -> None:
    found, _ = stack(status, {"message": "the home is full", "hint": "make room in ~"})
    with pytest.raises(UsageError, match=r"^The home is full$") as caught:
        opened(found, runs)
    assert (caught.value.hint, caught.value.exit_code) == ("make room in ~", 2)
    found, _ = stack(status, {"message": "no such run", "hint": "runs.list()"})
    with pytest.raises(UsageError) as caught:
        opened(found, runs)
    assert caught.value.hint == "sandbox runs list", "what is typed here, not in a notebook"


@pytest.mark.parametrize(
    ("status", "content", "message"),
    [
        (404, {"message": "Not Found", "reason": None}, "older version of the sandbox, which has no `debug`"),
        (404, "<html>", "older version of the sandbox, which has no `debug`"),
        (502, "<html>", "answers 502"),
        (200, "<html>", "answers 200"),
        (200, ["x"], "answers 200"),
        (503, {"message": "x"}, "The hub refused POST /user/ada/sandbox/debug: 503 x"),
        *[
            (200, ANSWER | {"path": path}, "does not say where the notebook is")
            for path in ("../../hub/logout.ipynb", "/x.ipynb", "x", None)
        ],
    ],
)
def test_a_server_that_is_another_one_is_an_error_of_the_stack(
    runs: Runs, status: int, content: Any, message: str
) -> None:
    found, _ = stack(status, content)
    with pytest.raises(StackError, match=message) as caught:
        opened(found, runs)
    assert caught.value.hint


def test_a_patch_is_that_of_a_notebook() -> None:
    found, requests = stack(200, {"patch": "", "left_out": [], "run": MINE})
    with Console(plain=True).stage("patch") as stage:
        assert fetch_patch(found, stage, "ada", "debug/x.ipynb")["run"] == MINE
    (asked,) = [request for request in requests if request.url.path == "/user/ada/sandbox/debug/patch"]
    assert json.loads(asked.content) == {"path": "debug/x.ipynb"}


@pytest.mark.parametrize(
    ("text", "user", "path"),
    [
        ("debug/my shop/x.ipynb", None, "debug/my shop/x.ipynb"),
        ("/debug/x.ipynb", None, "debug/x.ipynb"),
        ("~/debug/x.ipynb", None, "debug/x.ipynb"),
        ("http://127.0.0.1:8000/user/ada/lab/tree/debug/my%20shop/x.ipynb", "ada", "debug/my shop/x.ipynb"),
        ("http://ada.localhost:8000/user/ada/lab/tree/debug/x.ipynb?copy=new#cell", "ada", "debug/x.ipynb"),
        ("https://ada.sandbox.example.com/user/ada/lab/workspaces/auto-A/tree/debug/x.ipynb", "ada", "debug/x.ipynb"),
        ("http://127.0.0.1:8000/user/ada/doc/tree/debug/x.ipynb", "ada", "debug/x.ipynb"),
        ("http://127.0.0.1:8000/hub/user-redirect/lab/tree/debug/x.ipynb", None, "debug/x.ipynb"),
    ],
)
def test_a_notebook_is_named_by_its_path_or_by_its_page(text: str, user: str | None, path: str) -> None:
    assert notebook_of(text, HUB) == (user, path)


@pytest.mark.parametrize(
    "text",
    [
        "debug/x",
        "",
        "x.patch",
        "http://127.0.0.1:8000/hub/home",
        "http://127.0.0.1:8000/hub/user-redirect/sandbox/debug/open?run=x.ipynb",
        "http://127.0.0.1:8000/user/ada/lab",
        "\x1b]52;c;x",
    ],
)
def test_another_page_is_no_notebook(text: str) -> None:
    with pytest.raises(UsageError, match="it is no debug notebook") as caught:
        notebook_of(text, HUB)
    assert caught.value.message.isprintable()
