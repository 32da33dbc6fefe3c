"""Pipelines that are generated, and ways to change one feature of them: what a comparison of two runs has to find."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
from pyarrow import parquet

DAYS = ("2024-02-28", "2024-02-29")
HEAD = """
from pathlib import Path

from pyspark.sql import Window, functions as F
from spark_etl import ConfiguredSparkFeature, S3PublishedSource, SparkFeature

import helpers_of_it
"""
FEATURE = """

class {name}(SparkFeature):
    def __init__(self{parameter}):
        self.sources = {{{sources}}}{assigned}

    def transform(self, spark, start_date, end_date, {names}):
        {body}
"""
HELPER = """

def {name}(frame):
    return {body}
"""
BY_CUSTOMER = "Window.partitionBy('customer').orderBy({}'id', 'amount', 'at')"
JOIN = (
    "return {a}.join({b}.where('id % 3 <> 0').groupBy('id').agg(F.max('amount').alias('more')), 'id', 'HOW')"
    ".select('id', 'customer', (F.col('amount') + F.coalesce('more', F.lit(0.5))).alias('amount'), 'at')"
)
FIRST_TWO = f"return {{a}}.withColumn('n', F.row_number().over({BY_CUSTOMER})).where('n <= 2').drop('n')"
FRAME = f"return {{a}}.withColumn('amount', F.sum('amount').over({BY_CUSTOMER.format('')}.rowsBetween(%s, 0)))"


@dataclass(frozen=True)
class Mutation:
    """A feature that is changed.

    Attributes:
        name: What it is.
        body: How `transform` computes the frame, of the upstreams `{a}` and `{b}`; all have id, customer, amount, at.
        changed: The same after the change.
        kind: The cause that a comparison has to name.
        parts: More of the feature: `helper`, `query`, `rate` before and after; `source` for one of its own.
    """

    name: str
    body: str
    changed: str = ""
    kind: str = "code"
    parts: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    is_same: bool = False


MUTATIONS = (
    Mutation("filter", "return {a}.where('amount > 2.0')", "return {a}.where('amount > 4.0')"),
    Mutation("join kind", JOIN.replace("HOW", "left"), JOIN.replace("HOW", "inner")),
    Mutation("dedupe order", FIRST_TWO.replace("{}", ""), FIRST_TWO.replace("{}'id'", "F.desc('id')")),
    Mutation("window frame", FRAME % "Window.unboundedPreceding", FRAME % "-1"),
    Mutation("literal", *(f"return {{a}}.withColumn('amount', F.col('amount') + {n})" for n in (1, 2))),
    Mutation(
        "time zone in code",
        *(f"return {{a}}.withColumn('at', F.from_utc_timestamp('at', '{zone}'))" for zone in ("Asia/Tokyo", "UTC")),
    ),
    Mutation(
        "parameter",
        "return {a}.withColumn('amount', F.col('amount') * self.rate)",
        kind="parameter",
        parts={"rate": (2, 3)},
    ),
    Mutation(
        "helper",
        "return helpers_of_it.{me}({a})",
        parts={"helper": ("frame.where('id <> 3')", "frame.where('id <> 4')")},
    ),
    Mutation(
        "query",
        "return spark.sql(Path(__file__).with_name('{me}.sql').read_text(), frame={a})",
        parts={"query": ("select * from {frame} where id <> 5", "select * from {frame} where id <> 6")},
    ),
    Mutation(
        "source row",
        "return {a}.join(prices, 'customer').withColumn('amount', F.col('amount') * F.col('price')).drop('price')",
        kind="source data",
        parts={"source": (2.0, 3.0)},
    ),
    Mutation(
        "library",
        "import fakelib\n        return {a}.withColumn('amount', F.col('amount') + fakelib.STEP)",
        kind="version",
        parts={"library": (1, 2)},
    ),
    Mutation(
        "session's time zone",
        "return {a}.withColumn('amount', F.col('amount') + F.hour('at'))",
        kind="setting",
        parts={"zone": ("UTC", "Asia/Tokyo")},
    ),
    Mutation("random", "return {a}.withColumn('amount', F.rand())", kind="random or clock"),
    Mutation("clock", "return {a}.withColumn('at', F.current_timestamp())", kind="random or clock"),
)
# Of these, the change makes no other rows.
HARMLESS = (
    Mutation("other words", "return {a}.where('id <> 7')", "return {a}.filter(F.col('id') != 7)", is_same=True),
    Mutation("a comment", "return {a}.where('id <> 7')", "return {a}.where('id <> 7')  # of old", is_same=True),
    Mutation("partitions", "return {a}.where('id <> 7')", "return {a}.where('id <> 7').repartition(4)", is_same=True),
    Mutation("order", "return {a}.where('id <> 7')", "return {a}.where('id <> 7').orderBy('amount')", is_same=True),
)
PLAIN = tuple(
    Mutation(f"plain {number}", body)
    for number, body in enumerate(
        (
            "return {a}",
            "return {a}.where('id % 5 <> 1')",
            "return {a}.withColumn('amount', F.col('amount') * 2)",
            JOIN.replace("HOW", "left"),
            JOIN.replace("HOW", "full"),
            FRAME % "Window.unboundedPreceding",
            "return {a}.unionByName({b}.where('id < 3')).distinct()",
            "return {a}.groupBy('customer').agg(*[F.max(c).alias(c) for c in ('id', 'amount', 'at')])"
            ".select('id', 'customer', 'amount', 'at')",
        )
    )
)


@dataclass(frozen=True)
class Node:
    """A feature of a generated pipeline: its name, what it reads, how it computes, and the module that it is in."""

    alias: str
    reads: tuple[str, ...]
    step: Mutation
    module: str = "features_of_it"


@dataclass(frozen=True)
class Variant:
    """How a generated pipeline is written for one run: which of its features are changed, settings, days."""

    changed: frozenset[str] = frozenset()
    settings: Mapping[str, str] = field(default_factory=dict)
    order_row: bool = False


class Generated:
    """A project of generated features, in a folder, and its sources.

    Args:
        project: The folder of the project.
        published: Where the sources lie.
        libraries: Where a library lies that it imports.
        nodes: Its features; those without upstreams read the published orders.
    """

    def __init__(self, project: Path, published: Path, libraries: Path, nodes: Iterable[Node]) -> None:
        self.project, self.published, self.libraries = project, published, libraries
        self.nodes = tuple(nodes)

    def downstream(self, alias: str) -> set[str]:
        """Returns the features that read a feature, directly or not."""
        found: set[str] = set()
        for node in self.nodes:
            if found.union([alias]).intersection(node.reads):
                found.add(node.alias)
        return found

    def write(self, variant: Variant) -> None:
        """Writes sources, code and config as the variant says; the next run imports them anew."""
        for file in [*self.project.glob("*.py"), *self.project.glob("*.sql")]:
            file.unlink()
        shutil.rmtree(self.project / "__pycache__", ignore_errors=True)
        modules = {node.module: HEAD for node in self.nodes} | {"helpers_of_it": "F = None\n"}
        features: dict[str, Any] = {}
        version = 1
        zone = "UTC"
        self._publish("orders", _orders(changed=variant.order_row))
        for node in self.nodes:
            now = node.alias in variant.changed
            parts = {name: values[now] for name, values in node.step.parts.items()}
            modules[node.module] += self._class(node, now=now)
            features[node.alias] = {"class": f"{node.module}.{node.alias.title()}"}
            if "rate" in parts:
                features[node.alias]["params"] = {"rate": parts["rate"]}
            if "helper" in parts:
                modules["helpers_of_it"] += HELPER.format(name=node.alias, body=parts["helper"])
            if "query" in parts:
                (self.project / f"{node.alias}.sql").write_text(parts["query"])
            if "source" in parts:
                self._publish(f"prices_{node.alias}", _prices(parts["source"]))
            version, zone = max(version, parts.get("library", 1)), parts.get("zone", zone)
        for name, text in modules.items():
            (self.project / f"{name}.py").write_text(text)
            sys.modules.pop(name, None)
        self._install(version)
        settings = {"spark.sql.session.timeZone": zone, **variant.settings}
        content = {"pipeline": "generated", "spark": settings, "features": features}
        (self.project / "feature_config.yaml").write_text(json.dumps(content))

    def _class(self, node: Node, *, now: bool) -> str:
        body = node.step.changed if now and node.step.changed else node.step.body
        own = not node.reads
        names = ["orders"] if own else list(dict.fromkeys(node.reads))
        sources = {name: self._source("orders") if own else "ConfiguredSparkFeature()" for name in names}
        if "source" in node.step.parts:
            sources["prices"] = self._source(f"prices_{node.alias}")
        has_rate = "rate" in node.step.parts
        text = body.replace("{a}", names[0]).replace("{b}", names[-1]).replace("{me}", node.alias)
        return FEATURE.format(
            name=node.alias.title(),
            parameter=", rate" if has_rate else "",
            assigned="\n        self.rate = rate" if has_rate else "",
            sources=", ".join(f"{name!r}: {text}" for name, text in sources.items()),
            names=", ".join(sources),
            body="return orders.drop('_dt')" if own else text,
        )

    def _source(self, name: str) -> str:
        columns = ", select_cols=['customer', 'price']" if name != "orders" else ""
        return f"S3PublishedSource(base_s3_path={str(self.published)!r}, source_schema_id={name!r}{columns})"

    def _publish(self, name: str, tables: Mapping[str, pa.Table]) -> None:
        for day, table in tables.items():
            file = self.published / name / f"_dt={day}" / "part-0.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            if not file.exists() or not parquet.read_table(file).equals(table):  # another time would be other data
                parquet.write_table(table, file)

    def _install(self, version: int) -> None:
        for number in (1, 2):
            folder = self.libraries / str(number)
            if not folder.exists():
                (folder / f"fakelib-{number}.0.dist-info").mkdir(parents=True)
                about = f"Metadata-Version: 2.1\nName: fakelib\nVersion: {number}.0\n"
                (folder / f"fakelib-{number}.0.dist-info" / "METADATA").write_text(about)
                (folder / "fakelib.py").write_text(f"STEP = {number}\n")
            if str(folder) in sys.path:
                sys.path.remove(str(folder))
        sys.path.append(str(self.libraries / str(version)))
        sys.modules.pop("fakelib", None)


def _orders(*, changed: bool) -> dict[str, pa.Table]:
    ids = list(range(12))
    tables = {}
    for number, day in enumerate(DAYS):
        amounts = [i / 2 + number for i in ids]
        amounts[8] += changed
        at = [datetime(2024, 2, 28, 20) + timedelta(hours=i) for i in ids]
        known = {"id": ids, "customer": [f"c{i % 3}" for i in ids], "amount": amounts}
        tables[day] = pa.table({**known, "at": pa.array(at, pa.timestamp("us", "UTC"))})
    return tables


def _prices(price: float) -> dict[str, pa.Table]:
    return {day: pa.table({"customer": ["c0", "c1", "c2"], "price": [1.0, price, 1.5]}) for day in DAYS}


def random_nodes(chance: Random, changed: Mutation, size: int) -> tuple[list[Node], str]:
    """Returns the features of a graph, and the one that has the mutation: chains, diamonds, fans.

    Args:
        chance: Decides.
        changed: The mutation.
        size: How many features.
    """
    nodes = [Node(f"s{number}", (), PLAIN[0]) for number in range(chance.randint(1, 2))]
    known = [node.alias for node in nodes]
    place = chance.randrange(len(nodes), size)
    for number in range(len(nodes), size):
        near = known[-3:] if chance.random() < 0.7 else known
        reads = tuple(chance.sample(near, min(len(near), chance.choice((1, 1, 2)))))
        step = changed if number == place else chance.choice(PLAIN)
        nodes.append(Node(f"f{number}", reads, step, chance.choice(("features_of_it", "more_of_it"))))
        known.append(f"f{number}")
    return nodes, f"f{place}"


def all_at_once(mutations: Iterable[Mutation]) -> list[Node]:
    """Returns a graph with each mutation below one source."""
    nodes = [Node("s0", (), PLAIN[0])]
    for number, mutation in enumerate(mutations):
        module = "more_of_it" if number % 2 else "features_of_it"
        nodes.append(Node(f"m{number}", ("s0",), mutation, module))
    return nodes
