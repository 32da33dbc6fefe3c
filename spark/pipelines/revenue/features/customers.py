"""Who an order is from."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from spark_etl import ConfiguredSparkFeature, SparkFeature

# A few customers place most of the orders: joined by customer alone, their orders would all meet in one task, which
# runs long after the others are done. So each order takes one of SALTS seats, and each contract is there once for every
# seat. (The sample's few contracts are sent to every executor instead; nothing is shuffled then.)
SALTS = 8
NO_PLAN, NO_ZONE = "none", "UTC"


class OrdersWithContract(SparkFeature):
    """Orders with the plan of their customer, on the business day of where the customer is.

    Request: orders_in_usd; contracts.
    Response: the columns of orders_in_usd; plan: string, `none` without a contract; business_day: date, the customer's
    calendar day on which the event happened.
    """

    def __init__(self) -> None:
        self.sources = {"orders_in_usd": ConfiguredSparkFeature(), "contracts": ConfiguredSparkFeature()}

    def transform(
        self, spark: SparkSession, start_date: date, end_date: date, orders_in_usd: DataFrame, contracts: DataFrame
    ) -> DataFrame:
        """Returns the orders with plan and business day."""
        seat = F.pmod(F.xxhash64("event_id"), F.lit(SALTS)).cast("int")
        seats = F.explode(F.array(*[F.lit(number) for number in range(SALTS)]))
        known = contracts.select("customer_id", "_dt", "plan", "time_zone", seats.alias("seat"))
        joined = orders_in_usd.withColumn("seat", seat).join(known, ["customer_id", "_dt", "seat"], "left").drop("seat")
        zone = F.coalesce("time_zone", F.lit(NO_ZONE))
        return joined.select(
            *orders_in_usd.columns,
            F.coalesce("plan", F.lit(NO_PLAN)).alias("plan"),
            F.to_date(F.from_utc_timestamp("event_time", zone)).alias("business_day"),
        )
