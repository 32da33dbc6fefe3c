"""Creates `.venv` from a lock file with hashes, once per lock; a second call costs milliseconds.

    python3 scripts/bootstrap.py cli     what `make up` needs
    python3 scripts/bootstrap.py dev     what `make test` needs on top

Standard library only, and readable by any Python 3: the first thing it says is that the Python is too old.
Everything it needs and can't find is named in one line, exit code 2; an install that failed is exit code 1.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "sandbox-stamp.json"
OLDEST = (3, 11)
NEWER_PYTHONS = ("python3.13", "python3.14", "python3.12", "python3.11")
LEVELS = ("cli", "dev")
PROJECTS = (ROOT, ROOT / "spark")


class MissingError(Exception):
    """Raised with the one line that says what is missing and what to do."""


def wanted(level):
    """Returns the hash of everything an environment of this level is made of."""
    digest = hashlib.sha256()
    files = [ROOT / "requirements" / (level + ".lock"), *(project / "pyproject.toml" for project in PROJECTS)]
    for file in files:
        digest.update(file.read_bytes() if file.exists() else b"")
    return digest.hexdigest()


def ready(level):
    """Returns whether `.venv` is whole, of a suitable Python, and made from the present lock files."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return stamp.get(level) == wanted(level) and python().exists()


def python():
    """Returns the path of the environment's interpreter."""
    return VENV / "bin" / "python"


def use_suitable_python():
    """Restarts this script with a newer Python when the present one is too old."""
    if sys.version_info >= OLDEST:
        return
    for name in NEWER_PYTHONS:
        found = shutil.which(name)
        if found and subprocess.call([found, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            os.execv(found, [found, str(pathlib.Path(__file__).resolve()), *sys.argv[1:]])
    raise MissingError(
        "Python 3.11 or newer is needed, `{}` is {}.{}: install one (Debian, Ubuntu: apt install python3 python3-venv; "
        "macOS: brew install python@3.13).".format(sys.executable, *sys.version_info[:2])
    )


@contextlib.contextmanager
def lock():
    """Holds `.venv.lock`, so that two calls at once make one environment."""
    import fcntl  # noqa: PLC0415 - not there on Windows, where the message below is the answer

    with (ROOT / ".venv.lock").open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_venv():
    """Makes an empty environment, over whatever an interrupted call left."""
    for module in ("venv", "ensurepip"):
        try:
            __import__(module)
        except ImportError:
            version = "{}.{}".format(*sys.version_info[:2])
            raise MissingError(
                f"Python {version} has no `{module}`: install it (Debian, Ubuntu: apt install python{version}-venv)."
            ) from None
    shutil.rmtree(VENV, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(VENV)], "the virtual environment could not be made")


def pip(*arguments):
    """Runs the environment's pip; its output is shown only when it failed."""
    quiet = ["--disable-pip-version-check", "--quiet", "--no-input"]
    run([str(python()), "-m", "pip", arguments[0], *quiet, *arguments[1:]], "the packages could not be installed")


def run(command, failure):
    """Runs a command and raises with its last line when it failed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise MissingError(explain(failure, done.stdout))


def explain(failure, output):
    """Returns one line for a failed command: what is missing, or the line that names the cause."""
    if re.search(r"CERTIFICATE_VERIFY_FAILED", output):
        return failure + ": the package index's certificate is not trusted. Set PIP_CERT to your company's CA bundle."
    if re.search(r"NewConnectionError|NameResolutionError|Max retries|failure in name|Timeout|versions: none", output):
        return failure + ": the package index does not answer. Is there a network, or a proxy to set (HTTPS_PROXY)?"
    if re.search(r"No space left on device", output):
        return failure + ": the disk is full."
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"\s*(ERROR|error|\w+Error):", line)] or lines or ["(no output)"]
    return failure + ": " + " / ".join(line.strip() for line in errors[:3])


def install(level):
    """Installs the lock file of a level and the checkout's own distributions, editable."""
    pip("install", "--require-hashes", "-r", str(ROOT / "requirements" / (level + ".lock")))
    projects = [str(project) for project in PROJECTS if (project / "pyproject.toml").exists()]
    pip("install", "--no-deps", "--no-build-isolation", *(word for path in projects for word in ("-e", path)))


def bootstrap(level):
    """Makes `.venv` ready for a level; what was there for a higher one stays."""
    if ready(level):
        return
    use_suitable_python()
    with lock():
        if ready(level):
            return
        started = time.monotonic()
        print(f"Installing the Python packages of requirements/{level}.lock into .venv …", file=sys.stderr, flush=True)
        if not (STAMP.exists() and works()):
            make_venv()
        keep = "dev" if STAMP.exists() and "dev" in json.loads(STAMP.read_text(encoding="utf-8")) else level
        hashes = {name: wanted(name) for name in LEVELS[: LEVELS.index(keep) + 1]}
        install(keep)
        STAMP.write_text(json.dumps(hashes), encoding="utf-8")
        print(f"… done in {time.monotonic() - started:.0f}s", file=sys.stderr, flush=True)


def works():
    """Returns whether the environment's interpreter still runs (an upgrade of the system's Python removes it)."""
    try:
        done = subprocess.run([str(python()), "-m", "pip", "--version"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def main(arguments):
    """Makes the environment of the level named on the command line; returns the exit code."""
    level = arguments[0] if arguments else "cli"
    if level not in LEVELS:
        print(f"error: unknown level `{level}`. Known: {', '.join(LEVELS)}.", file=sys.stderr)
        return 2
    try:
        bootstrap(level)
    except MissingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
