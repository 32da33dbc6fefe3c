"""The stack's state folder: small JSON files that only their owner reads, replaced as a whole."""

from __future__ import annotations

import json
import os
import shlex
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox_cli.errors import UsageError

KINDS = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
# Returns what is wrong with a file's content; empty if nothing. It shows no value: some are secrets.
Check = Callable[[dict[str, Any]], str]


def private_folder(path: Path) -> Path:
    """Makes the folder, with mode 0700, and returns it.

    Raises:
        UsageError: It can't be made, or something else lies there.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise unusable(path, error) from None
    return path


def close_to_others(path: Path) -> bool:
    """Takes a folder from group and others; returns whether they had it."""
    was_open = bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    if was_open:
        path.chmod(0o700)
    return was_open


def read(path: Path, check: Check = lambda _: "", *, anew: str = "") -> dict[str, Any]:
    """Returns the file's object; {} if there is none.

    Args:
        path: The file.
        check: Looks at what is in it.
        anew: What `up` does when the file is put aside.

    Raises:
        UsageError: It can't be read, is no JSON object, or has something else in it than was written.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise unusable(path, error) from None
    except UnicodeDecodeError:
        raise _broken(path, "is not UTF-8", anew) from None
    except (ValueError, RecursionError) as error:
        raise _broken(path, f"is no JSON, or not all of it: {error}", anew) from None
    if not isinstance(value, dict):
        raise _broken(path, f"holds {kind_of(value)}, not a JSON object", anew)
    if wrong := check(value):
        raise UsageError(f"{path}: {wrong}.", hint=aside(path, anew))
    return value


def wrong_kind(name: str, value: Any, expected: str) -> str:
    """Returns the sentence for a value of another kind than was written."""
    is_number = kind_of(value) == KINDS[int] and not expected.startswith("a text")
    return f"`{name}` is {'a wrong number' if is_number else kind_of(value)}. It must be {expected}"


def kind_of(value: Any) -> str:
    """Returns what a JSON value is, without showing it."""
    return "null" if value is None else KINDS[type(value)]


def texts(*, least: int = 1) -> Check:
    """Returns the check of an object of texts with at least so many characters."""

    def check(content: dict[str, Any]) -> str:
        for name, value in content.items():
            if not isinstance(value, str):
                return wrong_kind(name, value, "a text")
            if len(value) < least:
                return f"`{name}` is empty"
        return ""

    return check


def _broken(path: Path, what: str, anew: str) -> UsageError:
    return UsageError(f"{path} {what}.", hint=aside(path, anew))


def aside(path: Path, anew: str = "") -> str:
    """Returns the commands that put a file or folder aside and go on without it."""
    moved = f"{path}.bad"
    return f"mv {shlex.quote(str(path))} {shlex.quote(moved)} && sandbox up" + (f"\nIt {anew}." if anew else "")


def unusable(path: Path, error: OSError) -> UsageError:
    """Returns the error of a file or folder that the machine does not let us use, with the way out."""
    if isinstance(error, (NotADirectoryError, FileExistsError)):
        way = [*reversed(path.parents), path]
        file = next((each for each in way if os.path.lexists(each) and not each.is_dir()), path)
        return UsageError(f"{file} is a file. It must be a folder.", hint=aside(file))
    if isinstance(error, IsADirectoryError):
        return UsageError(f"{path} is a folder. It must be a file.", hint=aside(path))
    if isinstance(error, PermissionError):
        return UsageError(
            f"{path}: your account has no permission to read this file or its folder.", hint=_permit(path)
        )
    return UsageError(f"{path}: {error.strerror or error}.")


def _permit(path: Path) -> str:
    """Returns the command that gives a file, or the first folder on the way to it that is closed, back to its user."""
    way = [*reversed(path.parents), path]
    closed = next((each for each in way if not os.access(each, os.R_OK | (os.X_OK if each.is_dir() else 0))), path)
    where = closed if os.path.lexists(closed) else closed.parent
    command = "chmod -R u+rwX" if where.stat().st_uid == os.getuid() else 'sudo chown -R "$(id -un)"'
    return f"{command} {shlex.quote(str(where))}"


def write(path: Path, value: dict[str, Any]) -> None:
    """Replaces the file as a whole, with mode 0600.

    Raises:
        UsageError: It can't be written.
    """
    private_folder(path.parent)
    try:
        _replace(path, value)
    except (PermissionError, IsADirectoryError, NotADirectoryError) as error:
        raise unusable(path, error) from None


def _replace(path: Path, value: dict[str, Any]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2, default=str)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def refuse_readable(path: Path, *, leaked: str = "") -> None:
    """Refuses a file with secrets that others on this machine could have read.

    Args:
        path: The file.
        leaked: What to do if they did, where making the file anew is not it.

    Raises:
        UsageError: Its mode lets group or others in.
    """
    if not os.path.isfile(path):  # noqa: PTH113 - a folder that is closed to us is no error here, but where it is read
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        file = shlex.quote(str(path))
        anew = leaked or f"`sandbox down && rm {file} && sandbox up`."
        raise UsageError(
            f"{path} can be read by others on this machine (mode {mode:04o}).",
            hint=f"chmod 600 {file}\nIf others may have read it: {anew}",
        )
