"""Comparisons made by hand."""

from __future__ import annotations

from typing import Any

from spark_etl.compare import (
    Bracket,
    Cause,
    FanOut,
    FeatureDiff,
    KeyDuplicates,
    RowDiff,
    RowPair,
    RunDiff,
    SampleRow,
    SchemaDiff,
)

A, B = "20240228T101112Z-aaaaaa", "20240229T101112Z-bbbbbb"
TEXT_DIFF = """--- A/shop/pricing.py
+++ B/shop/pricing.py
@@ -12,3 +12,3 @@
 def convert(frame, rates):
-    joined = frame.join(rates, "currency")
+    joined = frame.join(rates, "currency", "left")
     return joined"""
CODE = Cause(
    "code", "`convert` of `shop.pricing`", ("shop.pricing.convert", "commit 1234567 in A, 89abcde in B"), TEXT_DIFF
)
EQUAL = SchemaDiff({}, {}, {}, ("id", "usd", "name"))


def same(alias: str, *upstreams: str, rows: int = 1200) -> FeatureDiff:
    return FeatureDiff(alias, "same", upstreams, rows=RowDiff(f"{A}/{alias}", f"{B}/{alias}", EQUAL, rows, rows))


def row(**values: Any) -> SampleRow:
    return SampleRow(values)


def changed_rows(alias: str) -> RowDiff:
    a, b = row(id=7, usd="12.50", name="Zoë"), row(id=7, usd="12.55", name="Zoë")
    only = row(id=9, usd=None, name="<b>late</b>")
    return RowDiff(
        f"{A}/{alias}",
        f"{B}/{alias}",
        SchemaDiff({"old": "string"}, {}, {"usd": ("decimal(10,2)", "double")}, ("id", "usd", "name")),
        rows_a=59760,
        rows_b=59761,
        only_b=1,
        columns=("id", "usd", "name"),
        samples_b=(only,),
        pairs=(RowPair(a, b, ("usd",)),),
        keys=("id",),
        keys_from="--keys",
        changed=12,
        changed_columns={"usd": 12},
        duplicates_b=KeyDuplicates(1, 2, (SampleRow({"id": 5}, 2),)),
    )


def different() -> RunDiff:
    """Returns two runs that part at `net`, of five features."""
    fan_out = FanOut("B", "net", ("id",), "orders", "rates", ("currency",), 2)
    net = FeatureDiff(
        "net", "differs", ("orders", "rates"), rows=changed_rows("net"), causes=(CODE,), fan_out=fan_out, notes=("n1",)
    )
    limit = Cause("parameter", "`limit`: 10 in A, 20 in B")
    top = FeatureDiff("top", "differs by its inputs", ("net",), rows=changed_rows("top"), causes=(limit,))
    lost = FeatureDiff("lost", "can't be compared", ("rates",), reason="rows of A are gone", presumed_same=True)
    features = [same("orders"), same("rates", rows=3), net, top, lost]
    return RunDiff(
        A,
        B,
        "run of sandbox/shop for 2024-02-28: succeeded",
        "run of sandbox/shop for 2024-02-29: succeeded",
        {feature.alias: feature for feature in features},
        first=("net",),
        changes=("Spark 4.0.1 in A, 4.1.4 in B",),
        notes=("B is a sample",),
    )


def bracketed() -> RunDiff:
    """Returns two runs of which rows are missing above the feature that differs."""
    middle = FeatureDiff("middle", "can't be compared", ("orders",), reason="no rows in A", causes=(CODE,))
    total = FeatureDiff("total", "differs", ("middle",), rows=changed_rows("total"))
    bracket = Bracket("total", ("orders",), ("middle",), ("middle",))
    features = {feature.alias: feature for feature in (same("orders"), middle, total)}
    return RunDiff(A, B, features=features, brackets=(bracket,))
