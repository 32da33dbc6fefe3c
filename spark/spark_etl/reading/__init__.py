"""The reading API: runs and their checkpoints, without Spark.

::

    from spark_etl import runs

    run = runs.latest("revenue")
    run["discounts"].head()
    run["discounts"].sql("select currency, count(*) from this group by 1")
"""

from spark_etl.reading.catalog import Runs
from spark_etl.reading.checkpoint import Checkpoint
from spark_etl.reading.run import Run

runs = Runs()

__all__ = ["Checkpoint", "Run", "Runs", "runs"]
