"""Source snapshots: what other teams publish, as it is."""

from __future__ import annotations

import os
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from spark_etl import S3PublishedSource, SparkFeature


class Snapshot(SparkFeature):
    """A published snapshot, returned as it is, with its day as `_dt` (date)."""

    schema_id = ""

    def __init__(self) -> None:
        base = os.environ.get("SANDBOX_PUBLISHED", "s3a://published/")
        self.sources = {"snapshot": S3PublishedSource(base_s3_path=base, source_schema_id=self.schema_id)}

    def transform(self, spark: SparkSession, start_date: date, end_date: date, **kwargs: Any) -> DataFrame:
        """Returns the snapshot."""
        return kwargs["snapshot"]


class Orders(Snapshot):
    """Events as they came in on a day.

    Response: event_id, order_id, customer_id: string; event_type: `order` or `refund`; amount: decimal(12,2) in
    `currency`, null where it got lost; event_time, ingested_at: timestamp, UTC.
    """

    schema_id = "orders"


class Contracts(Snapshot):
    """Contracts in force on a day.

    Response: contract_id, customer_id, plan: string; monthly_fee: decimal(12,2) in US dollars; time_zone: IANA name;
    signed_on: date.
    """

    schema_id = "contracts"


class Discounts(Snapshot):
    """Discounts granted, none to three per customer.

    Response: discount_id, customer_id: string; kind: `percent`, `volume` or `loyalty`; percent: decimal(5,2);
    stackable: boolean.
    """

    schema_id = "discounts"


class ExchangeRates(Snapshot):
    """Rates of a day.

    Response: currency: string; usd_per_unit: decimal(18,8), US dollars for one unit.
    """

    schema_id = "exchange_rates"
