"""Installs what a requirements file asks for beside what the Spark image has; runs in a container of that image.

    python install_packages.py FOLDER KEY     FOLDER/KEY.in has the files, FOLDER/KEY gets the packages

pip finds out first what it would install with the image's packages there. What the image's own parts rest on may not be
replaced. Then exactly that is installed, without looking for more.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

# What lies beside the files of the requirements: none of these may be called so.
OWN_FILES = {"report.json", "pinned.txt", "image-constraints.txt", "ca.pem", "install_packages.py", "cache", "archives"}
REFUSED = 3
PREFIX = "refused: "
# What Spark's driver, its workers, the Connect server and the runner talk to each other by.
IMAGES_OWN = frozenset({"pyspark", "pyspark-client", "pyspark-connect", "py4j", "spark-etl", "sandbox-spark-etl"})
PROTECTED = IMAGES_OWN | {"pyarrow", "grpcio", "grpcio-status", "protobuf", "googleapis-common-protos"}
# What these are imported as. Many packages share the folder `google`: of it, only protobuf's part is the image's own.
PROTECTED_MODULES = frozenset({"pyspark", "py4j", "spark_etl", "pyarrow", "grpc", "grpc_status"})
PROTECTED_GOOGLE = frozenset({"protobuf", "_upb"})
OPEN_PACKAGE = re.compile(r"extend_path|declare_namespace")  # its __init__.py leaves room for others' parts


def canonical(name: str) -> str:
    """Returns a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def problems(install: Iterable[dict[str, Any]], there: dict[str, str]) -> Iterator[str]:
    """Yields why what pip would install may not be.

    Args:
        install: The part `install` of pip's report.
        there: Distribution → version, of the image.
    """
    items = [item["metadata"] for item in install]
    for item in items:
        name = canonical(item["name"])
        if name in PROTECTED:
            who = [other["name"] for other in items if name in map(requirement_name, other.get("requires_dist", []))]
            needs = f"{', '.join(who)} needs" if who else "the requirements ask for"
            has = f"the image has {there[name]}" if name in there else "the image has what stands in for it"
            yield f"{needs} {item['name']} {item['version']}, but {has}, which can't be replaced"


def replaced(install: Iterable[dict[str, Any]], there: dict[str, str]) -> Iterator[str]:
    """Yields which of the image's packages get another version for this run."""
    for item in install:
        name, version = item["metadata"]["name"], item["metadata"]["version"]
        if canonical(name) in there:
            yield f"{name} {version} instead of the image's {there[canonical(name)]}"


def hiding(names: Iterable[str]) -> list[str]:
    """Returns those of some files and folders that would be imported instead of Python's or of the image's own parts.

    Args:
        names: Of files and folders as they lie where the packages are; those in `google` with that folder before them.
    """
    paths = [Path(name) for name in names]
    modules = {path.name.partition(".")[0] for path in paths if len(path.parts) == 1}
    google = any(re.fullmatch(r"google(/__init__)?\.(\S+\.)?(py|so)", path.as_posix()) for path in paths)
    below = {path.name.partition(".")[0] for path in paths if path.parts[0] == "google" and len(path.parts) > 1}
    found = sorted(modules & (PROTECTED_MODULES | sys.stdlib_module_names))
    return found + ["google"] * google + [f"google.{name}" for name in sorted(below & PROTECTED_GOOGLE)]


def requirement_name(text: str) -> str:
    """Returns the canonical name that a requirement begins with."""
    return canonical(re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0])


def pinned(install: Iterable[dict[str, Any]]) -> str:
    """Returns what is installed only because another package needs it, as a requirements file."""
    items = [item["metadata"] for item in install if not item["requested"]]
    return "".join(f"{item['name']}=={item['version']}\n" for item in items)


def constraints_of(install: Iterable[dict[str, Any]], there: dict[str, str]) -> str:
    """Returns the image's packages that stay as they are, as a file of constraints."""
    new = {canonical(item["metadata"]["name"]) for item in install}
    return "".join(f"{name}=={version}\n" for name, version in sorted(there.items()) if name not in new)


def refuse(reasons: Iterable[str]) -> None:
    """Ends the program if there are reasons to."""
    for reason in reasons:
        _say(f"{PREFIX}{reason}")
        sys.exit(REFUSED)


def install(folder: Path, key: str) -> None:
    """Installs; what is there at the end is whole."""
    work, part = folder / f"{key}.in", folder / f"{key}.part"
    for old in (part, folder / key):
        shutil.rmtree(old, ignore_errors=True)
    there = {canonical(each.name): each.version for each in metadata.distributions() if each.name}
    pip = [sys.executable, "-m", "pip", "install", "--no-input", "--progress-bar", "off", "--cache-dir", "cache"]
    wanted = ["-r", "requirements.txt"]
    _run([*pip, "--dry-run", "--report", "report.json", *wanted], work)
    found = json.loads((work / "report.json").read_text())["install"]
    refuse(problems(found, there))
    for line in replaced(found, there):
        _say(f"note: {line}")
    (work / "pinned.txt").write_text(pinned(found))
    (work / "image-constraints.txt").write_text(constraints_of(found, there))
    more = ["-r", "pinned.txt"] if pinned(found) else []
    # With hashes the versions are fixed by the requirements themselves, and a constraint without a hash is refused.
    as_it_is = [] if _has_hashes(work) else ["-c", "image-constraints.txt"]
    _run([*pip, "--no-deps", "--target", str(part), *wanted, *more, *as_it_is], work)
    part.mkdir(exist_ok=True)
    refuse(f"the packages bring a module `{name}`, which would hide the image's" for name in hiding(_names(part)))
    part.rename(folder / key)


def _has_hashes(work: Path) -> bool:
    return any(re.search(r"--hash\b|--require-hashes", file.read_text()) for file in work.glob("*.txt"))


def _names(folder: Path) -> Iterator[str]:
    for path in [*folder.iterdir(), *folder.glob("google/*")]:
        if path.suffix != ".dist-info" and not _is_open_package(path):
            yield str(path.relative_to(folder))


def _is_open_package(path: Path) -> bool:
    return path.name == "__init__.py" and bool(OPEN_PACKAGE.search(path.read_text(errors="replace")))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _run(command: list[str], work: Path) -> None:
    done = subprocess.run(command, cwd=work, check=False)
    if done.returncode:
        sys.exit(1)


def main() -> None:
    """Installs, and leaves nothing but the packages."""
    folder, key = Path(sys.argv[1]), sys.argv[2]
    try:
        install(folder, key)
    finally:
        for name in (f"{key}.in", f"{key}.part"):
            shutil.rmtree(folder / name, ignore_errors=True)


if __name__ == "__main__":
    main()
