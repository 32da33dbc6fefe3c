import threading
from pathlib import Path

from sandbox_cli.stack.build_lock import only_builder


class Stage:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.told = threading.Event()

    def update(self, detail: str) -> None:
        self.said.append(detail)
        self.told.set()


def test_a_second_builder_waits_and_says_for_whom(tmp_path: Path) -> None:
    stage, entered = Stage(), threading.Event()

    def build() -> None:
        with only_builder(stage, tmp_path / "lock"):
            entered.set()

    with only_builder(Stage(), tmp_path / "lock"):
        second = threading.Thread(target=build)
        second.start()
        assert stage.told.wait(5)
        assert not entered.is_set()
    assert entered.wait(5)
    second.join(5)
    assert stage.said == ["waiting: another `sandbox up` is building images"]


def test_alone_nobody_waits(tmp_path: Path) -> None:
    stage = Stage()
    with only_builder(stage, tmp_path / "lock"):
        pass
    assert stage.said == []
