"""The options of the commands that read runs and start no Spark of their own."""

from __future__ import annotations

import argparse
from pathlib import Path

from spark_etl.store import KEEP_LAST, OLDER_THAN

LOCAL_FOLDER = Path(".spark-etl")
LEARN_ACTIONS = ("list", "start", "hint", "check", "reset")


def add_adopt_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `adopt`."""
    add = parser.add_argument
    add("prefix", metavar="PREFIX", help="where the Parquet lies: s3a://bucket/prefix, or a folder")
    add(
        "--feature",
        action="append",
        default=[],
        metavar="NAME[=FOLDER]",
        help="a feature: a, or a,b, each in the folder of its name, or a=sub/folder; may be repeated",
    )
    add("--pipeline", metavar="NAME", help="default: the last part of PREFIX")
    add("--team-name", metavar="TEAM", help="whose run it becomes (sandbox)")
    add("--into", metavar="RUN", help="add the features to an adopted run")
    add("--start-date", metavar="YYYY-MM-DD", help="first day it is about; a replay needs it")
    add("--end-date", metavar="YYYY-MM-DD", help="last day; default: the first")
    add("--failed", metavar="FEATURE", help="the feature that failed in production, which has no rows")
    add("--scratch-path", metavar="PATH", help="below which the run is made (SANDBOX_SCRATCH)")
    add("--local", action="store_true", help=f"make the run below {LOCAL_FOLDER}/scratch")
    add("--json", action="store_true", help="print a line of JSON: run_id, path, status, and each feature")


def add_debug_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `debug`."""
    add = parser.add_argument
    add(
        "run",
        nargs="?",
        metavar="RUN[/FEATURE]",
        help="a run as lists name it, or `latest`; default: your newest failed run. Without a feature, the one it "
        "failed at",
    )
    add("--home", metavar="DIR", help="where `debug/` is made; default: your home, of a local run the current folder")
    add("--new", action="store_true", help="write another notebook beside one that is there")
    add("--patch", metavar="NOTEBOOK", help="print what was changed in a notebook as a patch for `git apply`")
    add("--scratch-path", metavar="PATH", help="where the run is (SANDBOX_SCRATCH)")
    add("--local", action="store_true", help=f"a run below {LOCAL_FOLDER}/scratch")
    add("--json", action="store_true", help="print one line of JSON")


def add_gc_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `gc`."""
    add = parser.add_argument
    add("--older-than", default=OLDER_THAN, metavar="AGE", help="only runs that started longer ago: 14d, 12h, 2w (14d)")
    add(
        "--keep-last",
        default=str(KEEP_LAST),
        metavar="N",
        help="the newest N ended runs of each pipeline stay (%(default)s)",
    )
    add("--users", action="store_true", help="also users' own runs, below `users/`")
    add("--dry-run", action="store_true", help="stop after the plan; delete nothing")
    add("--yes", action="store_true", help="ask nothing")
    add("--scratch-path", metavar="PATH", help="below which the runs are (SANDBOX_SCRATCH)")
    add("--local", action="store_true", help=f"the runs below {LOCAL_FOLDER}/scratch")
    add("--json", action="store_true", help="print one line of JSON: the plan, and what was done")


def add_trust_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `trust`."""
    add = parser.add_argument
    add("run", metavar="RUN", help="a run as lists name it, or `latest`")
    add("--scratch-path", metavar="PATH", help="the folder that the run is in (SANDBOX_SCRATCH)")
    add("--local", action="store_true", help=f"a run below {LOCAL_FOLDER}/scratch")
    add("-y", "--yes", action="store_true", help="ask nothing")


def add_diff_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `diff`."""
    add = parser.add_argument
    names = "a run as lists name it, its folder, `latest`, `last-success`, or a published path; default: latest"
    add("run_a", nargs="?", default="last-success", metavar="RUN_A", help="default: last-success")
    add("run_b", nargs="?", default="latest", metavar="RUN_B", help=names)
    add("--feature", metavar="FEATURE", help="only this one and what it reads")
    add("--keys", action="append", default=[], metavar="a,b", help="columns by which two rows are the same one")
    add("--tolerance", type=float, metavar="X", help="numbers that differ by no more than that count as equal")
    add("--compute", action="store_true", help="compute rows that were not kept, each side with its own code")
    add("--scratch-path", metavar="PATH", help="where the runs are (SANDBOX_SCRATCH)")
    add("--local", action="store_true", help=f"the runs below {LOCAL_FOLDER}/scratch")
    add("--json", action="store_true", help="print one line of JSON")
    add("--html", metavar="FILE", help="write it to one HTML file, for a ticket")


def add_export_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `export`."""
    add = parser.add_argument
    add("run", metavar="RUN", help="a run as lists name it, or `latest`")
    add("file", metavar="FILE", help="the bundle; it must not be there yet")
    add(
        "--feature",
        nargs="+",
        action="extend",
        default=[],
        metavar="F",
        help="only this one's rows, and what a replay of it reads: a, b or a,b; default: all rows that were kept, and "
        "what a replay of the failed feature reads",
    )
    add("--sample", metavar="FRACTION", help="only the rows of a share of the keys, 0.01 for one in a hundred")
    add("--sample-key", metavar="COLUMN", help="the column of the keys; default: the config's `sample_key`")
    add("--keys", metavar="FILE", help="only the rows of the keys in a CSV or Parquet file")
    add("--allow-missing", action="store_true", help="export also if something is missing; the bundle lists it")
    add(
        "--yes-unmasked",
        action="store_true",
        help="export what looks personal or secret without masking it; ask nothing",
    )
    add("--scratch-path", metavar="PATH", help="where the run is (SANDBOX_SCRATCH)")
    add("--local", action="store_true", help=f"a run below {LOCAL_FOLDER}/scratch")
    add("--json", action="store_true", help="print one line of JSON")


def add_import_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `import`."""
    add = parser.add_argument
    add("file", metavar="FILE", help="the bundle")
    add("--as", dest="name", metavar="NAME", help="the folder of a team that the run lies in; default: imported")
    add("--scratch-path", metavar="PATH", help="below which the run is made (SANDBOX_SCRATCH)")
    add("--local", action="store_true", help=f"make the run below {LOCAL_FOLDER}/scratch")
    add("--json", action="store_true", help="print one line of JSON")


def add_learn_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `learn`."""
    add = parser.add_argument
    add(
        "action",
        nargs="?",
        choices=LEARN_ACTIONS,
        default="list",
        metavar="ACTION",
        help=f"{', '.join(LEARN_ACTIONS)}; default: list",
    )
    add("lesson", nargs="?", type=int, metavar="N", help="the lesson; hint and check: default is the one begun last")
    add("--feature", metavar="FEATURE", help="check: the feature whose code is wrong")
    add("--rows", metavar="SQL", help="check: which rows show it, a condition or a query that returns their keys")
    add("--of", metavar="FEATURE", help="check: the feature whose rows they are; default: --feature")
    add("--yes", "-y", action="store_true", help="reset: ask nothing")
    add("--home", metavar="DIR", help="below which the folder `learn` is; default: your home")
    add("--seed", type=int, help=argparse.SUPPRESS)  # for tests, and for a class that is to have the same rows
    add("--scratch-path", metavar="PATH", help="where runs are kept; default: your own prefix, or a folder of lessons")
    add("--json", action="store_true", help="print one line of JSON")
