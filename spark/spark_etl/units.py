"""Numbers as people read them: sizes, durations, counts."""

from __future__ import annotations


def format_bytes(size: float, *, binary: bool = False) -> str:
    """Returns a number of bytes as `812 B`, `3.4 MB`; by powers of 1024, `3.2 MiB`, as limits such as `20g` count."""
    base, units = (1024, ("B", "KiB", "MiB", "GiB", "TiB")) if binary else (1000, ("B", "kB", "MB", "GB", "TB"))
    for unit in units[:-1]:
        if size < base:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= base
    return f"{size:.1f} {units[-1]}"


def format_duration(seconds: float) -> str:
    """Returns `0.4s`, `12s` or `3m05s`."""
    if round(seconds, 1) < 10:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


def format_count(number: int, noun: str) -> str:
    """Returns `1 row`, `1,200 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
