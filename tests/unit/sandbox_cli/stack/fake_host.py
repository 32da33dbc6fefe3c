"""A machine on which nothing really happens: its answers are set, and it remembers what was done to it."""

from __future__ import annotations

from pathlib import Path

from sandbox_cli.stack.engine.host import Distribution, Host

DEBIAN_12 = Distribution("debian", 12, "Debian GNU/Linux 12 (bookworm)")
DEBIAN_13 = Distribution("debian", 13, "Debian GNU/Linux 13 (trixie)")
UBUNTU_24 = Distribution("ubuntu", 24, "Ubuntu 24.04 LTS")
FEDORA = Distribution("fedora", 43, "Fedora Linux 43")
DARWIN = Distribution("darwin", 0, "darwin")

BOOKWORM_SOURCES = "\n".join(
    [
        "http://mirror.example/debian/|bookworm|main|Debian",
        "http://mirror.example/debian-security/|bookworm-security|main|Debian-Security",
        "https://other.example/x/|x|main|Other",
        "",
    ]
)


class FakeHost(Host):
    """Answers from `programs`, `installed`, `outputs` and `codes`; `ran` and `written` record what was done."""

    systemd = False

    def __init__(self, distribution: Distribution = DEBIAN_12, *, root: bool = True, systemd: bool = False) -> None:
        super().__init__(Path("/nowhere/log"))
        self.distribution = distribution
        self.root_prefix = [] if root else None
        self.systemd = systemd
        self.programs: set[str] = {"apt-get"}
        self.installed: set[str] = set()
        self.outputs: dict[str, str] = {}
        self.codes: dict[str, list[tuple[int, str]]] = {}
        self.ran: list[str] = []
        self.written: dict[str, str] = {}

    def program(self, name: str) -> str | None:
        return f"/usr/bin/{name}" if name in self.programs else None

    def packages(self, *names: str) -> set[str]:
        return self.installed & set(names)

    def read(self, argv: list[str]) -> str:
        return self.outputs.get(" ".join(argv[:2]), "")

    def attempt(self, argv: list[str], **_: object) -> tuple[int, str]:
        line = " ".join(argv)
        self.ran.append(line)
        answers = self.codes.get(" ".join(argv[:2]), [])
        return answers.pop(0) if answers else (0, "")

    def write(self, path: str, content: str) -> None:
        self.ran.append(f"write {path}")
        self.written[path] = content
