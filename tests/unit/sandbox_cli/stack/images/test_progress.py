import pytest

from sandbox_cli.stack.images.progress import BuildProgress, step


class RecordingStage:
    """A stage that remembers what it has shown."""

    def __init__(self, *, live: bool) -> None:
        self.live = live
        self.shown: list[str] = []

    def update(self, detail: str) -> None:
        self.shown.append(detail)

    line = update


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("#12 [builder 3/6] RUN go build .", ("builder 3/6", "go build .")),
        ("#5 [2/3] RUN --mount=type=secret,id=ca,mode=0444 pip install x", ("2/3", "pip install x")),
        (
            "#5 [os 2/3] RUN if [ -s /run/secrets/proxy ]; then . /run/secrets/proxy; fi; apt-get update",
            ("os 2/3", "apt-get update"),
        ),
        ("#5 [os 2/3] RUN " + "x" * 80, ("os 2/3", "x" * 60 + "…")),
        ("#12 [builder 3/6] COPY a b", None),
        ("#13 0.171 RUN to the hills", None),
        ("#12 CACHED", None),
    ],
)
def test_a_step_is_read_from_the_line_that_begins_it(line: str, expected: tuple[str, str] | None) -> None:
    assert step(line) == expected


def read(progress: BuildProgress, name: str, *lines: str) -> None:
    for line in lines:
        progress.read(name, f"{line}\n")


def test_without_a_terminal_each_step_is_one_line() -> None:
    stage = RecordingStage(live=False)
    progress = BuildProgress(stage)
    progress.begin("hub")
    read(progress, "hub", "#5 [2/3] RUN pip install x", "#5 0.1 Collecting x", "#5 0.2 Installing x", "#5 DONE 0.3s")
    progress.end("hub", "400 MB")
    assert stage.shown[:2] == ["hub begins", "hub 2/3 pip install x"]
    assert stage.shown[2].split() == ["hub", "0.0s", "400", "MB"]
    assert len(stage.shown) == 3


def test_a_cached_step_is_not_worth_a_line() -> None:
    stage = RecordingStage(live=False)
    progress = BuildProgress(stage)
    progress.begin("hub")
    read(progress, "hub", "#5 [2/3] RUN apt-get update", "#6 [3/3] RUN pip install", "#5 CACHED", "#6 DONE 1.0s")
    assert stage.shown == ["hub begins", "hub 3/3 pip install"]


def test_a_step_that_prints_nothing_is_shown_all_the_same() -> None:
    stage = RecordingStage(live=False)
    progress = BuildProgress(stage)
    progress.begin("minio")
    read(progress, "minio", "#5 [2/3] RUN go build")
    progress.tick()
    progress.tick()
    assert stage.shown == ["minio begins", "minio 2/3 go build"]


def test_on_a_terminal_one_line_shows_all_builds() -> None:
    stage = RecordingStage(live=True)
    progress = BuildProgress(stage)
    progress.begin("minio")
    progress.begin("hub")
    read(progress, "minio", "#5 [builder 2/3] RUN go build", "#5 0.1 x")
    assert stage.shown[-1] == "minio builder 2/3 0.0s · hub 0.0s"


def test_a_long_step_is_not_silent_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = RecordingStage(live=False)
    progress = BuildProgress(stage)
    progress.begin("minio")
    progress.tick()
    assert stage.shown == ["minio begins"]
    progress._last_shown -= 31
    progress.tick()
    assert stage.shown[-1].startswith("minio 0.")
