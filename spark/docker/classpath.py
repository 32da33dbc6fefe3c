"""Writes the one jar that names all others, in an order that does not depend on the file system: a builder's step.

    classpath.py JARS

Spark's class path is `conf/:jars/*`, in whatever order a directory is read. A class data archive (cds.py) is valid for
one order only, so jars/ holds just spark.jar, whose manifest lists jars/lib/*.jar by name.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

LINE = 70  # bytes of a manifest's line, of which the format allows 72 with its end


def manifest(names: list[str]) -> str:
    """Returns a jar's manifest whose Class-Path holds `names`, relative to the jar."""
    text = "Class-Path: " + " ".join(names)
    folded = [text[:LINE], *(" " + text[i : i + LINE - 1] for i in range(LINE, len(text), LINE - 1))]
    return "\r\n".join(["Manifest-Version: 1.0", *folded, "", ""])


def main() -> int:
    """Returns 0."""
    jars = Path(sys.argv[1])
    names = sorted(f"lib/{path.name}" for path in (jars / "lib").glob("*.jar"))
    with zipfile.ZipFile(jars / "spark.jar", "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", manifest(names))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
