"""The state folder and the hub's uids as an earlier version left them; the store and the shelf have tests of theirs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sandbox_hub.users.uids import Uids

from sandbox_cli.settings import Settings
from sandbox_cli.stack import ports, secrets, state, variables

SAMPLE = Path(__file__).parents[1] / "samples" / "format1"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a stack whose state folder is the sample's."""
    settings = Settings(stack="one", state_home=tmp_path)
    shutil.copytree(SAMPLE / "state", state.private_folder(settings.state_dir), dirs_exist_ok=True)
    return settings


def test_ports_and_images_of_the_last_up_are_known(settings: Settings) -> None:
    assert ports.remembered(settings)["hub"] == 18500
    assert variables.remembered(settings)["SANDBOX_IMAGE_HUB"].startswith("sandbox/hub:")


def test_what_the_secret_volumes_contain_is_known(settings: Settings) -> None:
    recorded = state.read(settings.state_dir / secrets.FORMER_INSTALLED)
    assert set(recorded) == set(secrets.SECRET_VOLUMES)


def test_each_user_keeps_their_uid_and_none_is_given_twice(tmp_path: Path) -> None:
    file = tmp_path / "uids.json"
    shutil.copy(SAMPLE / "hub-data" / "uids.json", file)
    before = json.loads(file.read_text())

    uids = Uids(file)

    assert {name: uids.assign(name, 20000) for name in before} == before
    assert uids.assign("ada", before["engineer"]) not in before.values()
