"""Writes a project of a thousand features into a folder: each reads the one before, and one far before."""

import sys
from pathlib import Path

FEATURES = 1000
HEAD = "from spark_etl import ConfiguredSparkFeature, SparkFeature\n"
CLASS = """

class F{number}(SparkFeature):
    def __init__(self):
        self.sources = {{{sources}}}

    def transform(self, spark, start_date, end_date, **given):
        return spark.range({number})
"""


def main(folder: Path) -> None:
    """Writes the module and the config."""
    folder.mkdir(parents=True, exist_ok=True)
    classes, entries = [], []
    for number in range(FEATURES):
        upstreams = sorted({number - 1, number // 2} - {number}) if number else []
        sources = ", ".join(f'"f{one}": ConfiguredSparkFeature()' for one in upstreams)
        classes.append(CLASS.format(number=number, sources=sources))
        entries.append(f"    f{number}: {{class: many.F{number}}}\n")
    (folder / "many.py").write_text(HEAD + "".join(classes))
    (folder / "feature_config.yaml").write_text("features:\n" + "".join(entries))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
