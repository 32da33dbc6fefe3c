"""The text of an exception that somebody else raised: the one way to get it.

Its class may be the user's: `str()` of it may raise, return no text, never end its recursion, return megabytes, or hold
what no encoding can write.
"""

from __future__ import annotations

from typing import Any

from spark_etl.printable import printable

LONGEST_TEXT = 10_000
LONGEST_RAW_TEXT = 2_000_000
MOST_CAUSES = 5


def raw_text(error: BaseException) -> str:
    """Returns `str(error)` as it is, to be searched, not to be shown; never raises but for an interrupt."""
    text = _text_or_reason(error)
    if len(text) <= LONGEST_RAW_TEXT:
        return text
    half = LONGEST_RAW_TEXT // 2
    return f"{text[:half]}\n…\n{text[-half:]}"


def error_text(error: BaseException, *, longest: int = LONGEST_TEXT) -> str:
    """Returns `str(error)`, cut and made safe to show; never raises but for an interrupt."""
    return printable(cut_text(_text_or_reason(error), longest))


def error_summary(error: BaseException, *, longest: int = LONGEST_TEXT) -> str:
    """Returns type and text: `KeyError: 'CHF'`; only the type where there is no text."""
    text = error_text(error, longest=longest)
    return f"{type_name(error)}: {text}" if text.strip() else type_name(error)


def error_line(error: BaseException, *, longest: int = 300) -> str:
    """Returns type and text as one line."""
    return cut_text(" ".join(error_summary(error, longest=longest * 2).split()), longest)


def error_story(error: BaseException) -> str:
    """Returns type and text, then those of the members of a group, and of what it was raised from."""
    inside = attribute(error, "exceptions") if isinstance(error, BaseExceptionGroup) else ()
    lines = [error_summary(error), *(f"  {error_line(part)}" for part in inside[:MOST_CAUSES])]
    seen, cause = {id(error)}, attribute(error, "__cause__")
    while cause is not None and id(cause) not in seen and len(seen) <= MOST_CAUSES:
        seen.add(id(cause))
        lines.append(f"caused by {error_line(cause)}")
        cause = attribute(cause, "__cause__")
    return "\n".join(lines)


def attribute(error: BaseException, name: str) -> Any:
    """Returns an attribute of an exception; None where there is none, or where the user's code fails to give it."""
    try:
        return getattr(error, name, None)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - as in `_text_or_reason`
        return None


def type_name(error: BaseException) -> str:
    """Returns the name of an exception's class."""
    return printable(type(error).__name__, one_line=True)[:200]


def cut_text(text: str, longest: int) -> str:
    """Returns a text, cut with a note of how long it is."""
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text) - longest:,} characters more)"


def _text_or_reason(error: BaseException) -> str:
    try:
        return str.__str__(str(error))  # a subclass of `str` may have methods of its own
    except KeyboardInterrupt:
        raise
    except BaseException as failure:  # noqa: BLE001 - it is the user's code, and `sys.exit()` is one of its ways
        arguments = _first_text(error)
        return f"{arguments}(its text is not known: __str__ raises {type(failure).__name__})"


def _first_text(error: BaseException) -> str:
    """Returns the first argument of an exception if that is a text, which helps where `__str__` fails."""
    try:
        arguments = BaseException.__getattribute__(error, "args")
    except Exception:  # noqa: BLE001
        return ""
    return f"{arguments[0][:1000]} " if arguments and type(arguments[0]) is str else ""
