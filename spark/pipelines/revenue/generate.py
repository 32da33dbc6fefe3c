"""Publishes made-up source data for the revenue pipeline, a snapshot per day and source.

    python -m pipelines.revenue.generate --rows 60000 --to s3a://published/

A day's data follow from the seed and the number of rows per day, whatever the other days are. Snapshots that are there
stay, unless --force.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

import pyarrow as pa

from .generator.orders import day_of_orders
from .generator.publish import Publisher
from .generator.reference import Customers, contracts, customers, discounts, exchange_rates

ORDERS_PER_CUSTOMER = 10  # on a day
FEWEST_CUSTOMERS = 200


def main(argv: Sequence[str] | None = None) -> int:
    """Publishes what is missing; returns 0, 2 for options that make no sense, 5 when the store refuses."""
    options = _parser().parse_args(argv)
    if options.end_date < options.start_date or options.rows < 1:
        return _refused("--end-date is before --start-date, or --rows is not positive", 2)
    days = [options.start_date + timedelta(days=n) for n in range((options.end_date - options.start_date).days + 1)]
    rows = -(-options.rows // len(days))
    people = customers(options.seed, max(FEWEST_CUSTOMERS, rows // ORDERS_PER_CUSTOMER))
    try:
        publisher = Publisher(options.to)
        for day in days:
            for schema, tables in snapshots(options.seed, day, rows, people):
                _publish(publisher, schema, day, tables, force=options.force)
    except ValueError as error:
        return _refused(str(error), 2)
    except OSError as error:
        return _refused(f"can't publish to {options.to}: {error}", 5)
    return 0


def _refused(reason: str, code: int) -> int:
    sys.stderr.write(f"error: {reason}\n")
    return code


def snapshots(seed: int, day: date, rows: int, people: Customers) -> Iterator[tuple[str, Iterable[pa.Table]]]:
    """Yields each source's name and its tables for a day; nothing is computed before it is asked for."""
    yield "contracts", (contracts(people, day) for _ in range(1))
    yield "discounts", (discounts(seed, people) for _ in range(1))
    yield "exchange_rates", (exchange_rates(seed, day) for _ in range(1))
    yield "orders", day_of_orders(seed, day, rows, people)


def _publish(publisher: Publisher, schema: str, day: date, tables: Iterable[pa.Table], *, force: bool) -> None:
    started = time.monotonic()
    if publisher.has(schema, day) and not force:
        sys.stderr.write(f"{schema} _dt={day}: is there\n")
        return
    rows = publisher.put(schema, day, tables)
    sys.stderr.write(f"{schema} _dt={day}: {rows:,} rows in {time.monotonic() - started:.1f}s\n")


def _parser() -> argparse.ArgumentParser:
    kind = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(prog="generate", description=__doc__, formatter_class=kind)
    parser.add_argument("--rows", type=int, default=60_000, help="order events over all days, before duplicates")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--start-date", type=date.fromisoformat, default=date(2024, 2, 27))
    parser.add_argument("--end-date", type=date.fromisoformat, default=date(2024, 2, 29))
    parser.add_argument("--to", default="s3a://published/", help="s3a://bucket/ or a folder")
    parser.add_argument("--force", action="store_true", help="write snapshots that are there once more")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
