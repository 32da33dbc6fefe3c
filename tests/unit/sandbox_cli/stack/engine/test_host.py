import os
from pathlib import Path

import pytest

from sandbox_cli.errors import EngineError
from sandbox_cli.stack.engine.host import Distribution, Host, read_os_release, root_environment


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """This machine, with whoever runs the tests as root."""
    host = Host(tmp_path / "logs/install.log")
    host.root_prefix = []
    return host


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"', Distribution("debian", 12, "Debian 12")),
        ('ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04"', Distribution("ubuntu", 24, "Ubuntu 24.04")),
        ("ID=debian\nPRETTY_NAME='Debian sid'", Distribution("debian", 0, "Debian sid")),
        ("# nothing\n", Distribution("linux", 0, "Linux")),
    ],
)
def test_the_system_is_read_from_os_release(tmp_path: Path, text: str, expected: Distribution) -> None:
    (tmp_path / "os-release").write_text(text)
    assert read_os_release(tmp_path / "os-release") == expected


def test_what_a_command_prints_is_logged(host: Host) -> None:
    assert host.attempt(["sh", "-c", "echo out; echo err >&2; exit 3"]) == (3, "out\nerr\n")
    assert host.log.read_text() == "$ sh -c echo out; echo err >&2; exit 3\nout\nerr\n[3]\n"


def test_a_failure_shows_the_end_of_its_output_and_the_log(host: Host) -> None:
    with pytest.raises(EngineError) as caught:
        host.root(["sh", "-c", "seq 30; exit 5"])
    assert "ended with 5:" in caught.value.message
    assert "30" in caught.value.message
    assert "\n  20\n" not in caught.value.message
    assert str(host.log) in str(caught.value.hint)


def test_a_command_that_hangs_is_ended(host: Host) -> None:
    assert host.attempt(["sleep", "30"], seconds=0.2)[0] == 124


def test_a_command_never_waits_for_an_answer(host: Host) -> None:
    assert host.attempt(["cat"]) == (0, "")


def test_written_files_are_readable_by_all_and_not_in_the_log(host: Host, tmp_path: Path) -> None:
    os.umask(before := os.umask(0o077))
    try:
        host.write(str(tmp_path / "new/file"), "content of it\n")
    finally:
        os.umask(before)
    assert (tmp_path / "new/file").read_text() == "content of it\n"
    assert (tmp_path / "new/file").stat().st_mode & 0o777 == 0o644
    assert "content of it" not in host.log.read_text()


def test_without_root_nothing_is_run(host: Host) -> None:
    host.root_prefix = None
    with pytest.raises(EngineError, match="needs root"):
        host.root(["touch", "/nowhere"])


def test_root_gets_no_dialogs_and_every_system_directory() -> None:
    environment = root_environment({"PATH": "/home/me/bin", "https_proxy": "http://proxy"})
    assert environment["DEBIAN_FRONTEND"] == "noninteractive"
    assert environment["https_proxy"] == "http://proxy"
    assert environment["PATH"].startswith("/home/me/bin:")
    assert "/usr/sbin" in environment["PATH"].split(":")
