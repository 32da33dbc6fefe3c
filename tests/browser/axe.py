"""What axe finds wrong with the page that is shown; its script comes from a package, from no site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

COUNTED = {"moderate", "serious", "critical"}


def violations(page: Page) -> list[str]:
    """Returns what is wrong, a paragraph each: rule, element, how to mend it."""
    page.wait_for_load_state("networkidle")
    found = Axe().run(page).response["violations"]
    return list(format_violations(found))


def format_violations(found: list[dict[str, Any]]) -> Iterator[str]:
    """Yields the violations that count; those of no great harm are left out."""
    for violation in found:
        if violation["impact"] not in COUNTED:
            continue
        for node in violation["nodes"]:
            where = ", ".join(map(str, node["target"]))
            lines = (node["html"][:300], node["failureSummary"], f"{violation['help']}: {violation['helpUrl']}")
            yield f"{violation['id']} ({violation['impact']}) at {where}\n    " + "\n    ".join(lines)
