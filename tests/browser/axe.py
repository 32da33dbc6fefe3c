"""What axe finds wrong with the page that is shown; its script comes from a package, from no site."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

COUNTED = {"moderate", "serious", "critical"}


@dataclass(frozen=True)
class Foreign:
    """A part of a page that isn't made here and can't be mended here.

    Attributes:
        selector: What is not looked at.
        reason: Why that must stay as it is.
    """

    selector: str
    reason: str


FOREIGN: tuple[Foreign, ...] = ()


def violations(page: Page) -> list[str]:
    """Returns what is wrong, a paragraph each: rule, element, how to mend it."""
    page.wait_for_load_state("networkidle")
    context = {"exclude": [[foreign.selector] for foreign in FOREIGN]} if FOREIGN else None
    found = Axe().run(page, context=context).response["violations"]
    return list(told(found))


def told(found: list[dict[str, Any]]) -> Iterator[str]:
    """Yields the violations that count; those of no great harm are left out."""
    for violation in found:
        if violation["impact"] not in COUNTED:
            continue
        for node in violation["nodes"]:
            where = ", ".join(map(str, node["target"]))
            lines = (node["html"][:300], node["failureSummary"], f"{violation['help']}: {violation['helpUrl']}")
            yield f"{violation['id']} ({violation['impact']}) at {where}\n    " + "\n    ".join(lines)
