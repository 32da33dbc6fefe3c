"""Images into a file, and out of it: what is saved, what is refused, what is left."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from sandbox_cli.errors import SandboxError, StackError, UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.images import inventory, transfer
from sandbox_cli.stack.images.saved import read_images
from sandbox_cli.stack.images.transfer import load_images, save_images
from tests.support.image_files import FakeEngine, config_of, id_of, image_file

REFS = inventory.current_refs(Settings())
OLD = "sandbox/hub:000000000000"


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    folder = tmp_path / "engine"
    folder.mkdir()
    return FakeEngine(folder)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_home=tmp_path / "state")


def configs(*names: str) -> dict[str, bytes]:
    return {REFS[name]: config_of(name) for name in names or REFS}


def ids(images: dict[str, bytes]) -> dict[str, str]:
    return {ref: id_of(config) for ref, config in images.items()}


def write(folder: Path, images: dict[str, bytes], *, without: str = "") -> Path:
    file = folder / "images.tar"
    file.write_bytes(image_file(images, without=without))
    return file


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_all_that_the_checkout_needs_is_saved_and_no_more(
    engine: FakeEngine, settings: Settings, tmp_path: Path, suffix: str
) -> None:
    engine.images = {**ids(configs()), OLD: "sha256:old"}
    (engine.folder / "image_file").write_bytes(image_file(configs()))
    counted: list[tuple[int, int]] = []
    file = tmp_path / f"images{suffix}"

    saved = save_images(engine, settings, file, lambda *done: counted.append(done))

    assert engine.calls == [f"image save {' '.join(REFS.values())}"]
    assert (saved.images, saved.key) == (REFS, transfer.key(settings))
    assert saved.bytes == file.stat().st_size
    assert counted[-1][1] == max(50_000 + 1000 * len(REFS), counted[-1][0]), "a layer that all have counts once"
    assert {ref for image in read_images(file) for ref in image.refs} == set(REFS.values())


def test_an_image_that_is_not_built_is_named(engine: FakeEngine, settings: Settings, tmp_path: Path) -> None:
    engine.images = ids(configs("minio", "spark", "hub", "mail", "docker-api"))
    with pytest.raises(SandboxError, match="not built: notebook") as caught:
        save_images(engine, settings, tmp_path / "images.tar")
    assert (caught.value.exit_code, caught.value.hint, engine.calls) == (1, "sandbox up", [])


def test_nothing_is_left_of_a_save_that_failed(engine: FakeEngine, settings: Settings, tmp_path: Path) -> None:
    engine.images = ids(configs())
    (engine.folder / "fails").touch()
    with pytest.raises(SandboxError, match="no space left on device"):
        save_images(engine, settings, tmp_path / "images.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["engine"]


@pytest.mark.parametrize("name", ["nosuch/images.tar", "engine.tar", "images.zip"])
def test_a_place_that_can_be_no_file_of_images_is_refused(
    engine: FakeEngine, settings: Settings, tmp_path: Path, name: str
) -> None:
    (tmp_path / "engine.tar").mkdir()
    with pytest.raises(UsageError):
        save_images(engine, settings, tmp_path / name)
    assert engine.calls == []


def test_images_that_lack_are_loaded_and_what_is_missing_is_named(
    engine: FakeEngine, settings: Settings, tmp_path: Path
) -> None:
    images = {**configs("base", "spark", "minio"), OLD: config_of("hub")}
    file = write(tmp_path, images)
    engine.images, engine.after_load = ids(configs("minio")), ids(images)

    loaded = load_images(engine, settings, file)

    assert (engine.folder / "loaded").read_bytes() == file.read_bytes()
    assert (loaded.loaded, loaded.current) == (["base", "spark"], ["minio"])
    assert (loaded.missing, loaded.stale) == (["notebook", "hub", "mail", "docker-api"], [OLD])
    assert OLD not in engine.images, "it does not pile up"


def test_an_older_image_that_was_there_before_stays(engine: FakeEngine, settings: Settings, tmp_path: Path) -> None:
    images = {**configs("spark"), OLD: config_of("hub")}
    engine.images, engine.after_load = {OLD: id_of(images[OLD])}, ids(images)
    assert load_images(engine, settings, write(tmp_path, images)).stale == [OLD]
    assert OLD in engine.images


def test_what_is_there_is_not_loaded_again(engine: FakeEngine, settings: Settings, tmp_path: Path) -> None:
    engine.images = ids(configs())
    loaded = load_images(engine, settings, write(tmp_path, configs()))
    assert (loaded.loaded, loaded.current, loaded.missing) == ([], list(REFS), [])
    assert engine.calls == []


def test_a_file_of_another_state_of_the_checkout_is_the_answer_no(
    engine: FakeEngine, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(SandboxError, match="no image of this checkout as it is now") as caught:
        load_images(engine, settings, write(tmp_path, {OLD: config_of("hub")}))
    assert (caught.value.exit_code, engine.calls) == (1, [])


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        ({"debian:trixie-slim": config_of("base")}, "none of a sandbox's: debian:trixie-slim"),
        ({"sandboxed/hub:1": config_of("hub")}, "none of a sandbox's: sandboxed/hub:1"),
        ({REFS["hub"]: config_of("mail")}, "is labelled `mail`"),
        ({REFS["hub"]: config_of("")}, "is labelled ``"),
        ({REFS["hub"]: config_of("hub", "arm64")}, "for arm64, and this engine runs amd64"),
        ({REFS["base"]: config_of("whatever")}, "is labelled `whatever`"),
        ({OLD: config_of("whatever")}, f"{OLD} is labelled `whatever`"),
        ({OLD: config_of("hub", "s390x")}, "for s390x, and this engine runs amd64"),
        ({"sandbox/../debian:1": config_of("hub")}, "sandbox/../debian:1 is labelled `hub`"),
    ],
)
def test_images_that_are_not_what_they_say_are_refused(
    engine: FakeEngine, settings: Settings, tmp_path: Path, images: dict[str, bytes], expected: str
) -> None:
    with pytest.raises(UsageError, match=expected):
        load_images(engine, settings, write(tmp_path, {**configs("spark"), **images}))
    assert engine.calls == []


def test_the_image_of_another_checkout_is_not_replaced(engine: FakeEngine, settings: Settings, tmp_path: Path) -> None:
    engine.images = {OLD: "sha256:the other checkout's"}
    with pytest.raises(UsageError, match=f"another image than the engine for {OLD}"):
        load_images(engine, settings, write(tmp_path, {**configs("spark"), OLD: config_of("hub")}))
    assert engine.calls == []


EVIL = json.dumps([{"Config": "x", "RepoTags": ["debian:latest"], "Layers": []}]).encode()
NAMED = {"manifests": [{"annotations": {"io.containerd.image.name": "docker.io/library/debian:latest"}}]}
OWN = {"manifests": [{"annotations": {"io.containerd.image.name": f"docker.io/{REFS['spark']}"}}, {}]}


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("manifest.json", EVIL, "it has manifest.json twice"),
        ("./manifest.json", EVIL, r"the path './manifest.json'"),
        ("../manifest.json", EVIL, r"the path '../manifest.json'"),
        ("/manifest.json", EVIL, r"the path '/manifest.json'"),
        ("index.json", json.dumps(NAMED).encode(), "names images that manifest.json does not: debian:latest"),
        ("repositories", b'{"debian": {"latest": "x"}}', "names images that manifest.json does not: debian:latest"),
        ("index.json", b"[]", "none of saved images"),
        ("index.json", b" " + json.dumps(NAMED).encode(), "its index.json is none of saved images"),
        ("index.json", json.dumps(OWN).encode(), ""),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_what_an_engine_could_read_otherwise_is_refused(
    tmp_path: Path, name: str, content: bytes, expected: str, compressed: bool
) -> None:
    out = io.BytesIO(image_file(configs("spark")))
    with tarfile.open(fileobj=out, mode="a") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    file = tmp_path / "images.tar"
    file.write_bytes(gzip.compress(out.getvalue()) if compressed else out.getvalue())
    if not expected:
        assert len(read_images(file)) == 1
        return
    with pytest.raises(UsageError, match=expected):
        read_images(file)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_second_archive_behind_the_first_is_refused(tmp_path: Path, compressed: bool) -> None:
    whole = image_file(configs("spark")) + bytes(3 << 20) + image_file(configs("hub"))
    file = tmp_path / "images.tar"
    file.write_bytes(gzip.compress(whole) if compressed else whole)
    with pytest.raises(UsageError, match="something lies behind its end"):
        read_images(file)


def test_an_engine_that_has_another_image_afterwards_is_not_believed(
    engine: FakeEngine, settings: Settings, tmp_path: Path
) -> None:
    engine.after_load = {REFS["spark"]: "sha256:another"}
    with pytest.raises(StackError, match=REFS["spark"]):
        load_images(engine, settings, write(tmp_path, configs("spark")))


def test_an_engine_that_does_not_load_says_why(engine: FakeEngine, settings: Settings, tmp_path: Path) -> None:
    (engine.folder / "fails").touch()
    with pytest.raises(SandboxError, match="no space left on device"):
        load_images(engine, settings, write(tmp_path, configs()))


def test_a_damaged_file_reaches_no_engine(engine: FakeEngine, settings: Settings, tmp_path: Path) -> None:
    whole = image_file(configs())
    file = tmp_path / "images.tar"
    for content, expected in [
        (b"", "damaged or cut off"),
        (b"no tar at all", "damaged or cut off"),
        (whole[: len(whole) // 2], "damaged or cut off"),
        (whole[:10_240], "damaged or cut off|no manifest"),
        (image_file(configs(), without="manifest.json"), "it has no manifest.json"),
        (image_file(configs(), without="layer3/layer.tar"), "it lacks a part of"),
        (image_file({}), "no image of this checkout"),
        (b"\x1f\x8b" + whole, "damaged or cut off"),
    ]:
        file.write_bytes(content)
        with pytest.raises(SandboxError, match=expected):
            load_images(engine, settings, file)
    with pytest.raises(UsageError, match="no such file"):
        load_images(engine, settings, tmp_path / "nosuch.tar")
    assert engine.calls == []


def test_the_key_changes_with_the_images_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for recipe in inventory.RECIPES.values():
        path = tmp_path / recipe.folder / recipe.dockerfile
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {recipe.name}")
    settings = Settings(root=tmp_path)
    before = transfer.key(settings)
    (tmp_path / "README.md").write_text("of no image")
    assert transfer.key(settings) == before
    (tmp_path / "mail" / "more").write_text("of one")
    assert transfer.key(settings) != before
