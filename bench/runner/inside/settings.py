"""Makes the two folders of Spark settings that the contestants get: `settings.py FOLDER [MASTER]`.

plain     what PySpark does by default, and access to the store
shipped   what the Spark image ships with, except what concerns a cluster: trust between processes, cores, web pages

Both have the same master, heap, JVM options and log levels.
"""

import sys
from pathlib import Path

SHIPPED = Path("/opt/spark/conf")
HEAP = "3g"
# A `*` stands for whatever follows.
ACCESS = (
    "spark.hadoop.fs.s3a.endpoint*",
    "spark.hadoop.fs.s3a.path.style.access",
    "spark.hadoop.fs.s3a.connection.ssl.enabled",
    "spark.hadoop.fs.s3a.aws.credentials.provider",
)
JVM = ("spark.driver.defaultJavaOptions", "spark.ui.showConsoleProgress")
CLUSTER = (
    "spark.master*",
    "spark.deploy*",
    "spark.worker*",
    "spark.authenticate*",
    "spark.network.crypto*",
    "spark.io.encryption*",
    "spark.cores.max",
    "spark.executor.*",
    "spark.dynamicAllocation*",
    "spark.ui.reverseProxy*",
    "spark.driver.memory",
)


def main() -> None:
    """Writes both folders."""
    folder = Path(sys.argv[1])
    shipped = dict(read((SHIPPED / "spark-defaults.conf").read_text()))
    plain = {name: value for name, value in shipped.items() if matches(name, ACCESS + JVM)}
    ours = {name: value for name, value in shipped.items() if not matches(name, CLUSTER)}
    for name, settings in (("plain", plain), ("shipped", ours)):
        target = folder / name
        target.mkdir(parents=True, exist_ok=True)
        both = {"spark.master": "local[2]", "spark.driver.memory": HEAP}
        lines = [f"{key} {value}\n" for key, value in {**settings, **both}.items()]
        (target / "spark-defaults.conf").write_text("".join(lines))
        (target / "log4j2.properties").write_text((SHIPPED / "log4j2.properties").read_text())


def read(text: str) -> list[tuple[str, str]]:
    """Returns the settings of a spark-defaults.conf."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.split(None, 1) for line in lines if line and not line.startswith("#"))
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Returns whether a setting is one of these."""
    return any(name.startswith(p.removesuffix("*")) if p.endswith("*") else name == p for p in patterns)


if __name__ == "__main__":
    main()
