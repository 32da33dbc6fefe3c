"""Opens a frame through Kedro's catalog, as `%load_ext kedro.ipython` and `catalog.load` in a notebook do."""

import os

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

bootstrap_project("/tmp/bench/kedro_shop")  # noqa: S108 - inside the container
paths = {"data": os.environ["BENCH_DATA"], "out": os.environ["BENCH_OUT"]}
with KedroSession.create("/tmp/bench/kedro_shop", runtime_params=paths) as session:  # noqa: S108
    session.load_context().catalog.load("orders_ranked_kept").show(10)
print("READY", flush=True)
