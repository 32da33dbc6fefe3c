"""A frame that no codec makes smaller, for what has to be large."""

import os

from spark_etl import SparkFeature


class Noise(SparkFeature):
    """`$BENCH_NOISE_ROWS` rows of 64 random bytes: a number in each of eight columns."""

    def transform(self, spark, start_date, end_date):
        """Makes it of nothing."""
        numbers = spark.range(0, int(os.environ["BENCH_NOISE_ROWS"]), 1, 64)
        return numbers.selectExpr(*(f"rand({seed}) as random_{seed}" for seed in range(8)))
