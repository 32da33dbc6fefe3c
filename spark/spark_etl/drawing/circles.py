"""Circles in a graph: no run that has ended has one, but a run.json that somebody has written by hand may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

Upstreams = Mapping[str, Sequence[str]]


def closing_edges(upstreams: Upstreams) -> list[tuple[str, str]]:
    """Returns what closes a circle, as a feature and what it reads: without these, the graph has none.

    Args:
        upstreams: Alias → what it reads; each of them is a key, too.
    """
    found: list[tuple[str, str]] = []
    done: set[str] = set()
    for alias in upstreams:
        if alias not in done:
            found += _closing_from(alias, upstreams, done)
    return found


def _closing_from(alias: str, upstreams: Upstreams, done: set[str]) -> Iterator[tuple[str, str]]:
    """Yields those above one feature; by a list and not by recursion, as a graph may be deep."""
    way = {alias: iter(upstreams[alias])}
    while way:
        current = next(reversed(way))
        upstream = next(way[current], None)
        if upstream is None:
            del way[current]
            done.add(current)
        elif upstream in way:
            yield current, upstream
        elif upstream not in done:
            way[upstream] = iter(upstreams[upstream])
