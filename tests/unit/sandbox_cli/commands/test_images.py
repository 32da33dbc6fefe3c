"""`sandbox images` over an engine that is a fake: what is listed, kept and removed, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox_cli.app import run_command
from sandbox_cli.commands import images as command
from sandbox_cli.errors import EngineError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import variables
from sandbox_cli.stack.images import inventory
from tests.support.image_files import FakeEngine, config_of, id_of, image_file
from tests.unit.sandbox_cli.commands.test_gc import answer

REFS = inventory.current_refs(Settings())
OLD, OLDER, IN_USE, OF_A_STACK = (f"sandbox/hub:{digit * 12}" for digit in "3210")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """An engine with all images but one, and four older ones."""
    monkeypatch.setenv("SANDBOX_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("SANDBOX_STACK", raising=False)
    folder = tmp_path / "engine"
    folder.mkdir()
    made = FakeEngine(folder)
    made.images = {ref: id_of(config_of(name)) for name, ref in REFS.items() if name != "mail"}
    for number, ref in enumerate((OF_A_STACK, IN_USE, OLDER, OLD)):
        made.images[ref], made.created[ref] = f"sha256:{number}", 1_700_000_000 + number
    made.in_use = {IN_USE}
    variables.remember(
        Settings(stack="demo", state_home=tmp_path / "state"),
        {"SANDBOX_IMAGE_HUB": OF_A_STACK, "SANDBOX_IMAGE_SPARK": REFS["spark"]},
    )
    monkeypatch.setattr(command.connection, "connect", lambda *_: made)
    return made


@pytest.mark.parametrize("line", [["images"], ["images", "ls"]])
def test_what_is_needed_comes_first(engine: FakeEngine, capsys: pytest.CaptureFixture[str], line: list[str]) -> None:
    assert run_command(line) == 0
    rows = [row.split() for row in capsys.readouterr().out.splitlines()[1:]]
    assert [row[:2] for row in rows] == [
        *([ref, "missing" if name == "mail" else "current"] for name, ref in REFS.items()),
        *([ref, "earlier"] for ref in (OLD, OLDER, IN_USE, OF_A_STACK)),
    ]
    assert rows[-1][-1] == "demo"


def test_the_list_as_json(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["images", "ls", "--json"]) == 0
    found = {image["ref"]: image for image in json.loads(capsys.readouterr().out)}
    assert found[REFS["spark"]]["stacks"] == ["demo"]
    assert found[REFS["mail"]] == {
        "name": "mail", "ref": REFS["mail"], "state": "missing", "bytes": 0, "built": "", "stacks": [],
    }  # fmt: skip
    assert found[OLD]["built"] == "2023-11-14T22:13:23Z"


def test_older_images_are_removed_and_those_that_somebody_needs_stay(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["images", "prune", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"removed": [OLD, OLDER], "in_use": [IN_USE], "bytes": 2000}
    assert set(engine.images) == {*(ref for name, ref in REFS.items() if name != "mail"), IN_USE, OF_A_STACK}


def test_nothing_is_removed_unasked(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dict(engine.images)
    assert run_command(["images", "prune"]) == 2
    assert "nothing is removed without --yes" in capsys.readouterr().err

    asked = answer(monkeypatch, "n")
    assert run_command(["images", "prune"]) == 1
    assert asked == ["Remove 3 images?"]
    assert engine.images == before

    answer(monkeypatch, "y")
    assert run_command(["images", "prune"]) == 0
    assert OLD not in engine.images


def test_with_nothing_to_remove_nothing_is_asked(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    for ref in (OLD, OLDER, IN_USE):
        del engine.images[ref]
    assert run_command(["images", "prune"]) == 0
    assert "0 images removed" in capsys.readouterr().err


def test_a_file_is_saved_and_loaded(engine: FakeEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    all_images = {ref: config_of(name) for name, ref in REFS.items()}
    (engine.folder / "image_file").write_bytes(image_file(all_images))
    file = str(tmp_path / "images.tar")
    assert run_command(["images", "save", file]) == 1
    assert "not built: mail" in capsys.readouterr().err
    assert run_command(["images", "load", file]) == 2

    (tmp_path / "images.tar").write_bytes(image_file(all_images))
    engine.after_load = {ref: id_of(config) for ref, config in all_images.items()}
    assert run_command(["images", "load", file, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["loaded"] == ["mail"]

    assert run_command(["images", "save", file, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == REFS


def test_what_up_would_build_is_said(engine: FakeEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del engine.images[OLD]
    images = {REFS["spark"]: config_of("spark"), OLD: config_of("hub")}
    (tmp_path / "images.tar").write_bytes(image_file(images))
    assert run_command(["images", "load", str(tmp_path / "images.tar")]) == 0
    shown = capsys.readouterr().err
    assert f"of another state of the checkout, so not kept: {OLD}" in shown
    assert "missing: mail; `" in shown


def test_the_key_needs_no_engine(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise EngineError("no engine")

    monkeypatch.setattr(command.connection, "connect", none)
    assert run_command(["images", "key"]) == 0
    plain = capsys.readouterr().out.strip()
    assert run_command(["images", "key", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"key": plain, "images": REFS}
    for line in (["ls"], ["save", "images.tar"], ["load", "images.tar"], ["prune"]):
        assert run_command(["images", *line]) == 3
