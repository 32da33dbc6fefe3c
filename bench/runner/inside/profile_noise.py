"""Profiles the checkpoint `noise` of the run `$BENCH_RUN`, as a notebook does."""

import os

from spark_etl import runs

print(runs[os.environ["BENCH_RUN"]]["noise"].profile())
print("READY", flush=True)
