"""Keeps the code of 200 files of 100 lines in a local folder, and makes a plain zip of them; prints the seconds."""

import json
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from spark_etl.code.archive import make_archive
from spark_etl.store import RunStore

FILES, LINES, TIMES = 200, 100, 7
FEATURE = '''
class Orders{number}(SparkFeature):
    """Orders of one day, without those that were cancelled: key of the customer, token of the payment."""

    def __init__(self, days={number}):
        self.sources = {{"orders": S3PublishedSource(base_s3_path="s3a://published/", source_schema_id="orders")}}

    def transform(self, spark, start_date, end_date, **kwargs):
        orders = kwargs["orders"].where(F.col("status") != "cancelled")
        return orders.groupBy("customer_id", "payment_token").agg(F.sum("amount").alias("amount_{number}"))
'''


def main() -> None:
    """Prints the best of some times of each, and what was kept."""
    with tempfile.TemporaryDirectory() as name:
        project, scratch = Path(name, "project"), Path(name, "scratch")
        make_project(project)
        keep = best(lambda: keep_code(project, scratch), lambda: shutil.rmtree(scratch))
        plain = best(lambda: plain_zip(project, Path(name, "plain.zip")))
        kept = make_archive(project)
    print(json.dumps({"keep": keep, "zip": plain, "files": kept.files, "bytes": kept.bytes}))


def make_project(project: Path) -> None:
    """Writes files of so many lines, in packages of twenty."""
    for number in range(FILES):
        file = project / f"package_{number // 20}" / f"features_{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        classes = "".join(FEATURE.format(number=10 * number + each) for each in range(LINES // 10))
        file.write_text("\n".join(classes.splitlines()[:LINES]) + "\n")


def keep_code(project: Path, scratch: Path) -> None:
    """Does what a run does: looks at the folder, reads, looks for secrets, makes the archive, stores it."""
    RunStore(str(scratch)).open("bench", "shop", "run").write_code(make_archive(project))


def plain_zip(project: Path, target: Path) -> None:
    """Makes a zip of the same files, as `shutil.make_archive` would."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(project.rglob("*.py")):
            archive.write(file, file.relative_to(project))


def best(work: Callable[[], None], between: Callable[[], None] = lambda: None) -> float:
    """Returns the least of the seconds that some tries took."""
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
        between()
    return min(taken)


if __name__ == "__main__":
    main()
