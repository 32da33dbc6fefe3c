"""How long two kept frames take to be compared, beside DuckDB by hand. No stack is needed, and no Spark.

python -m bench.rows                  10 million rows of 8 columns, equal ones in other files and others
python -m bench.rows --rows 500000    fewer
python -m bench.rows --datacompy      beside datacompy on Spark, too, in an environment of its own; Java has to be there

Each is measured in a process of its own, which prints its seconds and its memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
from pyarrow import parquet
from spark_etl.compare import compare_rows
from spark_etl.parquet import open_dataset
from spark_etl.reading import Checkpoint
from spark_etl.storage.paths import local_path
from spark_etl.store import DataFile, Manifest

from bench.figures import Figure, report

ROWS = 10_000_000
FILES = 8
BY_HAND_MEMORY = "2GB"
MEMORY_LIMIT = 1500.0
MB = 1_000_000
ORDERS = """select i::bigint as id, (i * 2654435761 % 500000)::int as customer,
    date '2024-01-01' + (i % 366)::int as day, to_timestamp(1700000000 + i * 3) as at,
    ((i * 7919 % 1000003) / 100)::decimal(12, 2) as amount,
    'customer-' || (i * 7919 % 1000003) as name, ['DE', 'FR', 'US', 'GB', 'NL'][1 + i % 5] as country, sqrt(i) as score
    from range({first}, {last}) t(i)"""
HERE = Path(__file__).parent
LIMITS = {"equal": ("rows compared", 0.25), "percent": ("by key", 1.3)}  # in units of a full outer join by hand
SAME = "amount"
CHANGED = {
    "equal": SAME,
    "one": "case when id = 7 then amount + 1 else amount end",
    "percent": "case when id % 100 = 7 then amount + 1 else amount end",
    "all": "amount + 1",
}


def main() -> int:
    """Measures, prints, and returns 1 when a figure is over its limit."""
    options = parse()
    if options.measure:
        print(json.dumps(measured(*options.measure)))
        return 0
    with tempfile.TemporaryDirectory(prefix="bench-rows-") as folder:
        writer = get_context("spawn").Process(target=generate, args=(Path(folder), options.rows))
        writer.start()  # a process begins with the peak of the one that starts it
        writer.join()
        figures = all_figures(Path(folder))
        if options.datacompy:
            figures.append(beside_datacompy(Path(folder), figures))
    return report("bench-rows", figures, rows=options.rows)


def parse() -> argparse.Namespace:
    """Returns the options."""
    parser = argparse.ArgumentParser(prog="python -m bench.rows", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS, help="of each frame (default: %(default)s)")
    parser.add_argument("--datacompy", action="store_true", help="measure datacompy on Spark, too")
    parser.add_argument("--measure", nargs=3, metavar=("WHAT", "A", "B"), help=argparse.SUPPRESS)
    return parser.parse_args()


def generate(folder: Path, rows: int) -> None:
    """Writes the frame `a`, and those that are compared with it: the rows in another order, in other files."""
    with duckdb.connect() as connected:
        connected.execute(f"set memory_limit = '{BY_HAND_MEMORY}'")
        for name, amount in {"a": SAME, **CHANGED}.items():
            (folder / name).mkdir()
            files = FILES if name == "a" else FILES - 3
            order = "" if name == "a" else "order by hash(id)"
            for number in range(files):
                orders = ORDERS.format(first=rows * number // files, last=rows * (number + 1) // files)
                query = f"select * replace (({amount})::decimal(12, 2) as amount) from ({orders}) {order}"  # noqa: S608
                connected.execute(f"copy ({query}) to '{folder / name / str(number)}.parquet' (compression snappy)")


def all_figures(folder: Path) -> list[Figure]:
    """Returns the figures: ours beside the join by hand of the same frames, each after the other, and EXCEPT ALL."""
    figures, ratios = [], []
    for name in CHANGED:
        ways = {"rows compared": "compare", **(BESIDE if name in LIMITS else {})}
        spent = {way: in_own_process(what, folder, name) for way, what in ways.items()}
        figures += [figure for way, each in spent.items() for figure in each.figures(f"{way}, {name}")]
        if name in LIMITS:
            ours, limit = spent[LIMITS[name][0]], LIMITS[name][1]
            for way, most in (("join by hand", limit), ("join by hand, DuckDB's reader", None), ("scan by hand", None)):
                join = spent[way]
                what, detail = f"{LIMITS[name][0]}, {name} / {way}", f"of CPU: {ours.cpu / join.cpu:.3f}"
                ratios.append(Figure(what, ours.seconds / join.seconds, "×", limit=most, detail=detail))
    by_except = in_own_process("except", folder, "equal")
    return [*ratios, *figures, *by_except.figures("EXCEPT ALL by hand, equal")]


def beside_datacompy(folder: Path, figures: list[Figure]) -> Figure:
    """Returns how long ours takes by key, in units of datacompy on Spark, whose packages are installed for it alone."""
    what = "by key, percent / datacompy on Spark"
    if shutil.which("java") is None:
        return Figure(what, None, "×", missing="java")
    python = folder / "peer" / "bin" / "python"
    uv = str(Path(sys.executable).with_name("uv"))
    lock = str(HERE / "rows_peers.lock")
    for command in (
        ["venv", str(folder / "peer")],
        ["pip", "install", "-p", str(python), "--require-hashes", "-r", lock],
    ):
        subprocess.run([uv, "--quiet", *command], check=True)
    command = [str(python), str(HERE / "rows_datacompy.py"), str(folder / "a"), str(folder / "percent"), "id"]
    theirs = float(subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=folder, text=True).stdout.split()[0])
    (ours,) = [figure.value for figure in figures if figure.name == "by key, percent"]
    return Figure(what, (ours or 0) / theirs, "×", limit=1 / 3, detail=f"datacompy: {theirs:.1f} s")


@dataclass(frozen=True)
class Spent:
    """What a process has spent: seconds, seconds of CPU, and memory in MB."""

    seconds: float
    cpu: float
    megabytes: float

    def figures(self, name: str) -> list[Figure]:
        """Returns time and memory as figures; DuckDB by hand has no limit."""
        limit = None if "by hand" in name else MEMORY_LIMIT
        time_spent = Figure(name, self.seconds, "s", detail=f"{self.cpu:.1f} s of CPU")
        return [time_spent, Figure(f"{name}: memory", self.megabytes, "MB", limit=limit)]


def in_own_process(what: str, folder: Path, name: str) -> Spent:
    """Returns what one of `MEASURES` takes."""
    command = [sys.executable, "-m", "bench.rows", "--measure", what, str(folder / "a"), str(folder / name)]
    return Spent(*json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


def measured(what: str, a: str, b: str) -> tuple[float, float, float]:
    """Returns what one of `MEASURES` takes in this process."""
    sides = [checkpoint(Path(folder)) for folder in (a, b)]
    started, cpu = time.monotonic(), time.process_time()
    MEASURES[what](*sides)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB
    return time.monotonic() - started, time.process_time() - cpu, memory


def checkpoint(folder: Path) -> Checkpoint:
    """Returns what the runner would have kept."""
    paths = sorted(folder.iterdir())
    files = [DataFile(path.name, parquet.read_metadata(path).num_rows, path.stat().st_size) for path in paths]
    columns = {field.name: str(field.type) for field in parquet.read_schema(paths[0])}
    rows, size = sum(file.rows for file in files), sum(file.bytes for file in files)
    return Checkpoint(
        f"file://{folder}", Manifest("orders", folder.name, columns, {}, rows, size, files, {}, {}, written="")
    )


def by_hand(query: str, *, own_reader: bool = False) -> Callable[[Checkpoint, Checkpoint], Any]:
    """Returns what asks DuckDB about the tables `a` and `b`.

    Args:
        query: In SQL.
        own_reader: Whether DuckDB reads the files itself; else they are read as datasets, as `Checkpoint.sql` does.
    """

    def ask(a: Checkpoint, b: Checkpoint) -> Any:
        with duckdb.connect() as connected:
            connected.execute(f"set memory_limit = '{BY_HAND_MEMORY}'")
            for name, side in (("a", a), ("b", b)):
                paths = side.stored_rows(list(side.schema)).paths
                if own_reader:
                    connected.execute(
                        f"create view {name} as from read_parquet({[str(local_path(path)) for path in paths]})"
                    )
                else:
                    connected.register(name, open_dataset(paths))
            return connected.execute(query).fetchall()

    return ask


OTHERS = ("customer", "day", "at", "amount", "name", "country", "score")
DIFFERENT = " or ".join(f"a.{name} is distinct from b.{name}" for name in OTHERS)
JOIN = f"select count(*) from a full join b using (id) where {DIFFERENT}"  # noqa: S608
SCAN = ", ".join(f'sum(hash("{name}"))' for name in ("id", *OTHERS))
# Beside ours: as a notebook does it, as DuckDB does it with files on this disk, and the raw limit: each value once.
BESIDE = {
    "by key": "keyed",
    "join by hand": "join",
    "join by hand, DuckDB's reader": "native join",
    "scan by hand": "scan",
}
MEASURES: dict[str, Callable[[Checkpoint, Checkpoint], Any]] = {
    "compare": compare_rows,
    "keyed": lambda a, b: compare_rows(a, b, keys=["id"]),
    "join": by_hand(JOIN),
    "native join": by_hand(JOIN, own_reader=True),
    "scan": by_hand(f"select {SCAN} from a union all select {SCAN} from b", own_reader=True),  # noqa: S608
    "except": by_hand("select count(*) from (from a except all from b)"),
}

if __name__ == "__main__":
    raise SystemExit(main())
