"""The revenue pipeline once more, in plain pandas and Python: what its outputs are measured against."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from pipelines.revenue.features.discount_rules import Discount, discounted
from pyarrow import parquet

CENT = Decimal("0.01")


def read(source: Path, days: list[str]) -> pd.DataFrame:
    """Returns a source's days, the day as `_dt`, a text."""
    frames = [
        parquet.ParquetFile(file).read().to_pandas().assign(_dt=day)
        for day in days
        for file in sorted((source / f"_dt={day}").glob("*.parquet"))
    ]
    return pd.concat(frames, ignore_index=True)


def net_orders(published: Path, days: list[str]) -> pd.DataFrame:
    """Returns one row per order: customer_id, plan, business_day, ordered, and in US dollars charged, refunded, net."""
    events = charged_events(published, days)
    return pd.DataFrame([_netted(of_order) for _, of_order in events.groupby("order_id")])


def charged_events(published: Path, days: list[str]) -> pd.DataFrame:
    """Returns each valid event once, with plan, zone and the US dollars that were charged, for a refund given back."""
    orders, rates, contracts, discounts = (
        read(published / name, days) for name in ("orders", "exchange_rates", "contracts", "discounts")
    )
    events = orders.dropna(subset=["amount", "currency"]).sort_values("ingested_at").drop_duplicates("event_id")
    events = events.merge(rates, "left", ["currency", "_dt"]).merge(contracts, "left", ["customer_id", "_dt"])
    granted = _granted(discounts)
    usd = [(a * r).quantize(CENT, ROUND_HALF_UP) for a, r in zip(events["amount"], events["usd_per_unit"], strict=True)]
    keys = zip(events["customer_id"], events["_dt"], strict=True)
    charged = [discounted(amount, granted.get(key, [])) for amount, key in zip(usd, keys, strict=True)]
    return events.assign(charged=charged)


def _granted(discounts: pd.DataFrame) -> dict[tuple[str, str], list[Discount]]:
    found: dict[tuple[str, str], list[Discount]] = {}
    for row in discounts.to_dict("records"):
        found.setdefault((row["customer_id"], row["_dt"]), []).append((row["kind"], row["percent"], row["stackable"]))
    return found


def _netted(events: pd.DataFrame) -> dict[str, Any]:
    first = events.sort_values("event_time").iloc[0]
    zone = "UTC" if pd.isna(first["time_zone"]) else first["time_zone"]
    is_refund = events["event_type"] == "refund"
    charged, refunded = (sum(events["charged"][which], Decimal(0)) for which in (~is_refund, is_refund))
    return {
        "customer_id": first["customer_id"],
        "plan": "none" if pd.isna(first["plan"]) else first["plan"],
        "business_day": first["event_time"].to_pydatetime().astimezone(ZoneInfo(zone)).date(),
        "ordered": not is_refund.all(),
        "charged": charged,
        "refunded": refunded,
        "net": charged - refunded,
    }
