"""Takes out of the virtual environment what nothing in this image can use: a builder's step.

    trim.py SITE_PACKAGES

Each line of REMOVED is safe for the reason it gives; what is merely unlikely to be used stays. The jars that are left
go to pyspark/jars/lib (see classpath.py).
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import zipfile
from pathlib import Path

REMOVED = (
    ("pyspark/jars/connect-repl", "jars of the Scala shell for Spark Connect, on no other class path"),
    ("pyspark/jars/*kubernetes*.jar", "Spark's scheduler for Kubernetes, loaded for k8s:// masters only"),
    ("pyspark/jars/vertx-*.jar", "HTTP client of the Kubernetes client"),
    ("pyspark/jars/zjsonpatch-*.jar", "used by the Kubernetes client"),
    ("pyspark/jars/*-osx-*.jar", "native code for macOS"),
    ("pyspark/jars/*-windows-*.jar", "native code for Windows"),
    ("pyspark/jars/*-linux-riscv64.jar", "native code for RISC-V, for which neither pyarrow nor duckdb has wheels"),
    ("pyspark/bin/*.cmd", "scripts for Windows"),
    ("pyspark/examples", "examples"),
    ("pyspark/data", "data of the examples"),
    ("pyarrow/include", "headers"),
    ("pyarrow/src", "sources"),
    ("pyarrow/**/*.pyx", "sources of what is compiled"),
    ("pyarrow/tests", "tests"),
    ("numpy/**/tests", "tests"),
    ("Crypto/SelfTest", "tests"),
    ("zstandard/_cffi*.so", "the variant for PyPy"),
    ("pandas/tests", "tests"),
)
# Native libraries of every platform in one jar; the class in it loads the one named here.
NATIVE_SUFFIXES = (".so", ".a", ".dll", ".dylib", ".jnilib")
NATIVE_KEPT = {
    "x86_64": ("-linux64.so", "linux/amd64/", "Linux/x86_64/"),
    "aarch64": ("-linux-aarch64.so", "linux/aarch64/", "Linux/aarch64/"),
}
OTHER_MACHINE = {"x86_64": "linux-aarch_64", "aarch64": "linux-x86_64"}
NATIVE_JARS = ("rocksdbjni-*.jar", "zstd-jni-*.jar", "snappy-java-*.jar")


def remove(root: Path, pattern: str) -> int:
    """Removes what matches `pattern` below `root`; returns how many files and folders that were."""
    found = [path for path in root.glob(pattern) if path.exists()]
    for path in found:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return len(found)


def is_foreign(entry: str, machine: str) -> bool:
    """Returns whether a jar's entry is a native library that `machine` does not load."""
    return entry.endswith(NATIVE_SUFFIXES) and not any(kept in entry for kept in NATIVE_KEPT[machine])


def slim_jar(jar: Path, machine: str) -> None:
    """Rewrites `jar` without the native libraries of other machines.

    Raises:
        ValueError: When none would be left, for then this jar names its libraries in a new way.
    """
    slim = jar.with_suffix(".slim")
    kept = 0
    with zipfile.ZipFile(jar) as old, zipfile.ZipFile(slim, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if not is_foreign(entry.filename, machine):
                new.writestr(entry, old.read(entry))
                kept += entry.filename.endswith(NATIVE_SUFFIXES)
    if not kept:
        raise ValueError(f"{jar.name} has no native library for {machine}")
    shutil.copystat(jar, slim)
    slim.replace(jar)


def merge_twins(folder: Path) -> None:
    """Makes links of the libraries that a wheel, which knows no links, holds under several names."""
    names = sorted(folder.glob("*.so*"), key=lambda path: -len(path.name))
    seen: dict[bytes, Path] = {}
    for path in names:
        content = path.read_bytes()
        if content in seen:
            path.unlink()
            path.symlink_to(seen[content].name)
        else:
            seen[content] = path


def move_jars(jars: Path) -> None:
    """Moves the jars of `jars` to its folder lib."""
    (jars / "lib").mkdir()
    for jar in jars.glob("*.jar"):
        jar.rename(jars / "lib" / jar.name)


def main() -> int:
    """Returns 1 when a pattern matches nothing: the packages have changed and the list needs a look."""
    root, machine = Path(sys.argv[1]), platform.machine()
    patterns = [*(pattern for pattern, _ in REMOVED), f"pyspark/jars/*-{OTHER_MACHINE[machine]}.jar"]
    idle = [pattern for pattern in patterns if not remove(root, pattern)]
    for pattern in NATIVE_JARS:
        for jar in (root / "pyspark/jars").glob(pattern):
            slim_jar(jar, machine)
    merge_twins(root / "pyarrow")
    move_jars(root / "pyspark/jars")
    if idle:
        sys.stderr.write(f"nothing matches: {', '.join(idle)}{os.linesep}")
    return 1 if idle else 0


if __name__ == "__main__":
    raise SystemExit(main())
