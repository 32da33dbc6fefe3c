"""`python -m spark_etl`."""

from spark_etl.cli import run_and_exit

run_and_exit()
