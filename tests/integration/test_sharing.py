"""The shelf: what is shared, its verdict, and what happens to both when data or people go."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.support.engine import Containers
from tests.support.hub import HubClient
from tests.support.s3 import S3Client
from tests.support.sandbox import Sandbox

NEWEST = """from spark_etl import runs
run = next(run for run in runs.list(pipeline="revenue", status="succeeded") if "orders_clean" in run.checkpoints)
"""
COUNTS = """print(run["orders_clean"].sql("select count(*) as n from this")["n"][0])"""
READS = NEWEST + COUNTS
# What differs by nature from one run to the next.
DIFFERS = (
    "import getpass, pathlib, time\nprint(getpass.getuser(), pathlib.Path.home(), f'took {time.time() % 1:.3f} s')"
)
DRAWS_LOTS = "import random\nprint(random.random())"
RUN_IT = """
import nbformat
from nbclient import NotebookClient
path = {path!r}
notebook = nbformat.read(path, 4)
NotebookClient(notebook, kernel_name="python3").execute()
nbformat.write(notebook, path)
"""


def new_name() -> str:
    return f"look-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def name() -> str:
    """A notebook's name under which nothing is shared yet."""
    return new_name()


@pytest.fixture(scope="module")
def engineers(engineer: HubClient) -> HubClient:
    """The engineer, with a running server."""
    engineer.start_server()
    return engineer


@dataclass(frozen=True)
class SharedNotebook:
    """A notebook on the shelf, and what `sandbox share` printed of it."""

    name: str
    result: dict[str, Any]

    @property
    def address(self) -> str:
        """Its page."""
        return f"/services/shelf/engineer/{self.name}"


@pytest.fixture(scope="module")
def pinned(stack: Sandbox) -> str:
    """Code that reads a run of the team by its id; those below `users/` are found by their path alone."""
    found = stack("runs", "list", "--pipeline", "revenue", "--status", "succeeded", "--json").json
    shown = (stack("runs", "show", run["name"], "--json").json for run in found if "/" not in run["name"])
    features = ((run["run_id"], run["features"]["orders_clean"]) for run in shown)
    run = next(run for run, found in features if found.get("bytes") and not found.get("reused_from"))
    return f'from spark_etl import runs\nrun = runs["{run}"]\n{COUNTS}'


@pytest.fixture(scope="module")
def reader(stack: Sandbox, engineers: HubClient, pinned: str) -> SharedNotebook:
    """A notebook that reads a checkpoint, and prints what differs by nature."""
    name = new_name()
    return SharedNotebook(name, share(stack, write(engineers, name, pinned, DIFFERS)))


def write(client: HubClient, name: str, *cells: str, run: bool = True) -> str:
    """Writes a notebook into the user's home, and runs it; returns its path."""
    path = f"notebooks/{name}.ipynb"
    heading = nbformat.v4.new_markdown_cell(f"# A look at {name}")
    notebook = nbformat.v4.new_notebook(cells=[heading, *map(nbformat.v4.new_code_cell, cells)])
    body = {"type": "notebook", "content": notebook}
    done = client.lab("PUT", f"/contents/{path}", json=body)
    assert done.status_code in {200, 201}, done.text
    if run:
        with client.kernel() as kernel:
            kernel.run(RUN_IT.format(path=f"/home/{client.user}/{path}"))
    return path


def share(stack: Sandbox, path: str, *, code: int = 0) -> dict[str, Any]:
    result: dict[str, Any] = stack("share", path, "--json", code=code).json
    return result


def page(client: HubClient, path: str) -> str:
    answer = client.http.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return answer.text


def test_the_evidence_of_a_notebook_is_what_it_read(
    stack: Sandbox, engineers: HubClient, reader: SharedNotebook
) -> None:
    result = reader.result

    assert (result["verdict"], result["why"], result["version"]) == ("results equal", [], 1)
    (read,) = result["reads"]
    assert read["feature"] == "orders_clean"
    run = stack("runs", "show", read["run"], "--json").json
    assert run["run_id"] == read["run"]
    text = page(engineers, reader.address)
    ignored = "does not count: user names and home paths, durations."
    for expected in (
        ignored,
        f"A look at {reader.name}",
        read["run"],
        "orders_clean",
        "unchanged",
        "pyarrow==",
        "sha256:",
    ):
        assert expected in text, expected


def test_other_outputs_do_not_reproduce(stack: Sandbox, engineers: HubClient, name: str) -> None:
    path = write(engineers, name, "print('the same')", DRAWS_LOTS)

    result = share(stack, path, code=1)

    assert result["verdict"] == "does not reproduce"
    assert result["why"] == ["code cell 2 (`import random`) has another output"]
    text = page(engineers, f"/services/shelf/engineer/{name}")
    assert "--- shared" in text, "nbdime's difference"
    assert "## deleted /cells/1/outputs/0" in text


def test_a_cell_that_fails_in_a_fresh_server_is_named(stack: Sandbox, engineers: HubClient, name: str) -> None:
    with engineers.kernel() as kernel:
        kernel.run("open('/home/engineer/notebooks/only_here.txt', 'w').write('mine')")
    path = write(engineers, name, "print(open('/home/engineer/notebooks/only_here.txt').read())")

    result = share(stack, path, code=1)

    assert result["why"][0].startswith("code cell 1 failed: FileNotFoundError")


def test_a_cell_that_ends_its_kernel_does_not_reproduce(stack: Sandbox, engineers: HubClient, name: str) -> None:
    result = share(stack, write(engineers, name, "1 + 1", "import os; os._exit(3)", run=False), code=1)

    assert result["verdict"] == "does not reproduce"
    assert result["why"] == ["code cell 2 ended its kernel: did it need more memory than there is?"]


def test_the_page_tells_when_the_data_has_changed_or_is_gone(
    stack: Sandbox, engineers: HubClient, reader: SharedNotebook
) -> None:
    root = S3Client(stack, "sandbox-root")
    bucket, _, folder = reader.result["reads"][0]["path"].removeprefix("s3a://").partition("/")
    key = f"{folder}/_manifest.json"
    manifest = root.read(bucket, key)
    try:
        other = json.loads(manifest)
        other["files"][0]["rows"] += 1
        root.write(bucket, key, json.dumps(other).encode())
        assert "has <strong>changed</strong> since" in page(engineers, reader.address)
        root.client.remove_object(bucket_name=bucket, object_name=key)
        assert "is <strong>gone</strong>" in page(engineers, reader.address)
    finally:
        root.write(bucket, key, manifest)
    assert "unchanged" in page(engineers, reader.address)


def test_what_a_notebook_read_is_pinned(stack: Sandbox, reader: SharedNotebook) -> None:
    pin = S3Client(stack, "sandbox-root").json("scratch", f"users/_pins/engineer/{reader.name}/v1.json")

    assert pin["notebook"] == f"engineer/{reader.name}/v1"
    assert [one["path"] for one in pin["checkpoints"]] == [read["path"] for read in reader.result["reads"]]


@pytest.mark.usefixtures("reader")  # an empty shelf has other words
def test_versions_are_kept_and_taken_off_the_shelf_with_their_pins(
    stack: Sandbox, engineers: HubClient, name: str, containers: Containers
) -> None:
    """One link leads to the newest, and nothing is left of the server that ran the one before."""
    share(stack, write(engineers, name, READS, "print('first')\nopen('left.txt', 'w').write('x')", run=False))
    left = "import os\nprint('second', 'left.txt' in os.listdir())"
    second = share(stack, write(engineers, name, READS, left, run=False))
    assert f"{stack.stack}-user-shelf" not in {container.name for container in containers.all()}
    again = engineers.lab("GET", f"/contents/team/published/engineer/{name}/v2/_again.ipynb").json()["content"]
    assert again["cells"][-1]["outputs"][0]["text"].strip() == "second False"
    root = S3Client(stack, "sandbox-root")
    pins = f"users/_pins/engineer/{name}/"

    assert second["version"] == 2
    for version, word in ((1, "first"), (2, "second")):
        file = f"/contents/team/published/engineer/{name}/v{version}/{name}.ipynb"
        assert word in json.dumps(engineers.lab("GET", file).json()["content"])
        assert engineers.lab("GET", file).json()["writable"] is False
        assert f"version {version}," in page(engineers, f"/services/shelf/engineer/{name}/v{version}")
    assert "version 2," in page(engineers, f"/services/shelf/engineer/{name}")
    assert name in page(engineers, f"/services/shelf/?q={name}")
    assert "Nothing here matches" in page(engineers, "/services/shelf/?q=nothing-like-that")

    assert stack("unshare", f"engineer/{name}", "--version", "1", "--yes", "--json").json["withdrawn"] == [1]

    assert engineers.http.get(f"/services/shelf/engineer/{name}/v1").status_code == 404
    assert "version 2," in page(engineers, f"/services/shelf/engineer/{name}")
    assert root.keys("scratch", pins) == [f"{pins}v2.json"], "the other version's pin stays"
    assert engineers.lab("GET", f"/contents/team/published/engineer/{name}/v1").json()["content"] == []

    assert stack("unshare", f"engineer/{name}", "--version", "1", "--yes", code=2).err.count("only v2 on the shelf")
    stack("unshare", f"engineer/{name}", "--yes")
    assert "Nothing here matches" in page(engineers, f"/services/shelf/?q={name}")
    assert root.keys("scratch", pins) == []
    third = share(stack, write(engineers, name, "print(1)", run=False))
    assert third["version"] == 3, "no number comes again"
    assert (third["verdict"], third["why"]) == ("runs, not pinned", ["nothing is pinned: it reads no checkpoint"])
    headers = {"Authorization": f"token {engineers.token()}"}
    mine = engineers.http.delete(f"/services/shelf/api/notebooks/engineer/{name}/v3", headers=headers)
    assert (mine.status_code, mine.json()["withdrawn"]) == (200, [3]), "its author withdraws it"


def test_nobody_else_takes_a_notebook_off_the_shelf(
    stack: Sandbox, engineers: HubClient, reader: SharedNotebook
) -> None:
    address = f"/services/shelf/api/notebooks/engineer/{reader.name}"

    assert engineers.http.delete(address).status_code == 403, "a cookie is not enough"
    with HubClient(stack.port("hub")) as admin:
        admin.login("admin", stack.password("admin"))
        other = admin.http.delete(address, headers={"Authorization": f"token {admin.token()}"})
        assert (other.status_code, "only by their author" in other.text) == (403, True)
        assert "Withdraw" not in page(admin, reader.address)
    assert "Withdraw version 1" in page(engineers, reader.address)


def test_only_a_token_shares_and_only_its_owners(stack: Sandbox, engineers: HubClient, name: str) -> None:
    notebook = nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]))
    body = {"path": f"{name}.ipynb", "content": notebook, "author": "admin", "reads": []}

    assert engineers.http.post("/services/shelf/api/share", json=body).status_code in {401, 403}
    headers = {"Authorization": f"token {engineers.token()}"}
    assert engineers.http.get("/services/shelf/api/share/guess", headers=headers).status_code == 404
    bad = engineers.http.post("/services/shelf/api/share", json={**body, "content": "{}"}, headers=headers)
    assert (bad.status_code, "it has no list of `cells`" in bad.text) == (422, True)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["notebooks/none.ipynb"], "There is no notebook `notebooks/none.ipynb`"),
        (["README.md"], "There is no notebook `README.md`"),
        (["notebooks/01_first_look_at_a_checkpoint.ipynb", "--user", "nobody"], "There is no account `nobody`"),
    ],
)
def test_what_can_not_be_shared_is_named(stack: Sandbox, arguments: list[str], expected: str) -> None:
    assert expected in stack("share", *arguments, code=2).err


def test_the_command_shares_a_file_of_this_machine_which_only_runs(
    stack: Sandbox, engineers: HubClient, name: str, pinned: str, tmp_path: Path
) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(pinned)])
    nbformat.write(notebook, tmp_path / f"{name}.ipynb")

    assert share(stack, str(tmp_path / f"{name}.ipynb"))["verdict"] == "runs"
    assert engineers.lab("GET", f"/contents/notebooks/{name}.ipynb").status_code == 200
    assert "already" in stack("share", str(tmp_path / f"{name}.ipynb"), code=2).err
