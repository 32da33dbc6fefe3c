"""What a replay has imported that is not of its code: Python looks in the folder that it was started in, too."""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator
from pathlib import Path

from spark_etl.debugging.origin import Origin
from spark_etl.names import listing


def working_copy_notes(origin: Origin, project: Path, known: Container[str]) -> Iterator[str]:
    """Yields which modules were imported as they are now, and not as the run, or the other code, has them.

    Args:
        origin: The run.
        project: Folder of the code.
        known: Names of modules that were imported before the code was.
    """
    document = origin.run.document
    places = (document.project_path, (document.options or {}).get("project"))
    folders = {Path.cwd(), *(Path(str(place)) for place in places if place)} - {project}
    found = [
        f"{name} ({place})"
        for name, module in [*sys.modules.items()]
        if "." not in name and name not in known
        for place in [*getattr(module, "__path__", ()), getattr(module, "__file__", None)]
        if place and Path(place).parent in folders
    ]
    if found:
        yield f"not of that code, but as they are now: {listing(found)}"
