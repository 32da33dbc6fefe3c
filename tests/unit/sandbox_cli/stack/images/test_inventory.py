import ast
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from docker.errors import APIError

from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.settings import ROOT, Settings
from sandbox_cli.stack import lock
from sandbox_cli.stack.images import base, inventory


class Stage:
    live = False
    result = ""

    def update(self, detail: str) -> None: ...

    def line(self, detail: str) -> None: ...


class Engine:
    """An engine that has some tags, and takes what is built."""

    def __init__(self, *refs: str) -> None:
        self.tags = {ref: f"sha256:{number}" for number, ref in enumerate(refs)}
        self.in_use: set[str] = set()
        self.client = SimpleNamespace(
            api=SimpleNamespace(images=self._list), images=SimpleNamespace(remove=self._remove)
        )

    def environment(self) -> dict[str, str]:
        return {}

    def _list(self, filters: dict) -> list[dict]:
        return [{"Id": image_id, "Size": 5_000_000, "RepoTags": [ref]} for ref, image_id in self.tags.items()]

    def _remove(self, ref: str) -> None:
        if ref in self.in_use:
            raise APIError("in use", response=SimpleNamespace(status_code=409, url="", reason=""))
        del self.tags[ref]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(lock.tempfile, "gettempdir", lambda: str(tmp_path))
    for recipe in inventory.RECIPES.values():
        path = tmp_path / "checkout" / recipe.folder / recipe.dockerfile
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {recipe.name}")
    return Settings(state_home=tmp_path / "state", root=tmp_path / "checkout")


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the images that were built, in order; nothing is really built."""
    names: list[str] = []

    def make(engine: Engine, settings: Settings, stage: Stage) -> str:
        names.append("base")
        engine.tags[base.REF] = "sha256:base"
        return "pulled"

    monkeypatch.setattr(inventory.base, "make", make)
    return names


@pytest.fixture
def engine(built: list[str], monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine()

    def run(self, job) -> None:
        self.progress.begin(job.recipe.name)
        built.append(job.recipe.name)
        assert job.base in engine.tags, "the image it is built on comes first"
        engine.tags[job.ref] = f"sha256:{job.recipe.name}"

    monkeypatch.setattr(inventory.Builds, "run", run)
    return engine


def test_everything_is_built_the_longest_first_and_each_after_its_parent(engine, settings, built) -> None:
    made = inventory.ensure_images(engine, settings, Stage())
    assert built[0] == "base"
    assert set(built[1:3]) == {"minio", "spark"}, "these two at once, so either may say so first"
    assert sorted(built) == sorted(["base", *inventory.RECIPES])
    assert made["hub"].id == "sha256:hub"
    assert all(image.built for image in made.values())


def test_what_is_there_is_not_built_again(engine, settings, built) -> None:
    inventory.ensure_images(engine, settings, Stage())
    built.clear()
    stage = Stage()
    again = inventory.ensure_images(engine, settings, stage)
    assert built == []
    assert stage.result == "all current"
    assert not any(image.built for image in again.values())


def test_a_changed_file_rebuilds_that_image_and_what_is_built_on_it(engine, settings, built) -> None:
    inventory.ensure_images(engine, settings, Stage())
    built.clear()
    (settings.root / "spark/new.py").touch()
    inventory.ensure_images(engine, settings, Stage())
    assert built == ["spark", "notebook"]


def test_a_parent_that_is_gone_is_not_missed_while_its_children_are_there(engine, settings, built) -> None:
    inventory.ensure_images(engine, settings, Stage())
    del engine.tags[base.REF]
    built.clear()
    inventory.ensure_images(engine, settings, Stage())
    assert built == []


def test_an_image_deleted_behind_our_back_is_built_again(engine, settings, built) -> None:
    gone = inventory.ensure_images(engine, settings, Stage())["notebook"]
    del engine.tags[gone.ref]
    built.clear()
    assert inventory.missing(engine, settings) == ["notebook"]
    inventory.ensure_images(engine, settings, Stage())
    assert built == ["notebook"]


def test_a_subset_needs_only_its_own_dockerfiles(engine, settings, built) -> None:
    (settings.root / "hub/Dockerfile").unlink()
    inventory.ensure_images(engine, settings, Stage(), ["mail"])
    assert built == ["base", "mail"]


def test_offline_names_what_is_missing_and_touches_nothing(engine, settings, built) -> None:
    offline = Settings(state_home=settings.state_home, root=settings.root, offline=True)
    with pytest.raises(StackError, match="--offline forbids to build them: `base`, `minio`"):
        inventory.ensure_images(engine, offline, Stage())
    assert built == []


def test_a_failed_build_is_raised_once_and_stops_the_others(engine, settings, built, monkeypatch) -> None:
    stopped: list[bool] = []

    def fail(self, job) -> None:
        self.progress.begin(job.recipe.name)
        raise StackError(f"`{job.recipe.name}` failed")

    monkeypatch.setattr(inventory.Builds, "run", fail)
    monkeypatch.setattr(inventory.Builds, "stop", lambda self: stopped.append(True))
    with pytest.raises(StackError, match="failed"):
        inventory.ensure_images(engine, settings, Stage())
    assert stopped
    assert not (settings.state_dir / "build").exists()


def test_a_failure_does_not_wait_for_the_builds_beside_it(engine, settings, built, monkeypatch) -> None:
    stopped = threading.Event()

    def run(self, job) -> None:
        self.progress.begin(job.recipe.name)
        if job.recipe.name == "spark":
            raise StackError("`spark` failed")
        assert stopped.wait(10), "nobody stopped it"

    monkeypatch.setattr(inventory.Builds, "run", run)
    monkeypatch.setattr(inventory.Builds, "stop", lambda self: stopped.set())
    began = time.monotonic()
    with pytest.raises(StackError, match="spark"):
        inventory.ensure_images(engine, settings, Stage())
    assert time.monotonic() - began < 5


def test_an_unknown_image_is_refused_with_the_known_ones(settings) -> None:
    with pytest.raises(UsageError, match=r"Unknown image `postgres`\. Known: base, minio, spark"):
        inventory.current_refs(settings, ["postgres"])


def test_stale_are_the_tags_of_an_earlier_checkout_and_those_in_use_stay(engine, settings) -> None:
    inventory.ensure_images(engine, settings, Stage())
    engine.tags |= {"sandbox/hub:old": "1", "sandbox/spark:old": "2"}
    engine.in_use = {"sandbox/spark:old"}
    stale = inventory.stale(engine, settings)
    assert stale == ["sandbox/hub:old", "sandbox/spark:old"]
    assert inventory.remove(engine, stale) == ["sandbox/spark:old"]
    assert "sandbox/hub:old" not in engine.tags


def imported(path: Path) -> set[str]:
    """Returns the modules of spark_etl that a file imports, without the package's name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "spark_etl":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("spark_etl."):
            found.add(str(node.module).removeprefix("spark_etl."))
    return found


def module(name: str) -> Path:
    path = ROOT / "spark" / "spark_etl" / name.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def test_the_hub_s_image_has_every_module_of_spark_etl_that_it_imports() -> None:
    context = {path for _, path in inventory.RECIPES["hub"].files(ROOT)}
    lazy = ROOT / "spark" / "spark_etl" / "__init__.py"
    files = [path for path in context if path.suffix == ".py" and path != lazy]
    assert {module(name) for path in files for name in imported(path)} <= context
