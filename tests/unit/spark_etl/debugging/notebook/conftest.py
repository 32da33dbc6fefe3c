"""A run that has kept its code, and failed in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spark_etl.code.archive import make_archive
from spark_etl.reading import Run, Runs
from spark_etl.storage import normalise
from spark_etl.store import ErrorRecord, FeatureInputs, RunInputs, SourceRecord, StoredRun

from tests.support.runs import run_writer

RUN = "20240229T101112Z-aaaaaa"
HELPERS = '"""Helpers."""\n\n\ndef rate(currency):\n    return {"USD": 1}[currency]\n'
MODULE = '''"""What an order is worth."""

from __future__ import annotations

from shop.helpers import rate
from spark_etl import SparkFeature


class Net(SparkFeature):
    def transform(self, spark, start_date, end_date, orders, **kwargs):
        """Returns it."""
        rates = kwargs["rates"]
        # joined
        joined = orders.join(rates, "currency")

        return joined.withColumn("usd", rate("CHF"))
'''
CODE = {
    "shop/__init__.py": "",
    "shop/helpers.py": HELPERS,
    "shop/net.py": MODULE,
    "feature_config.yaml": "features: {}\n",
}
FRAMES = (
    '  File "/project/shop/net.py", line 16, in transform\n    return joined.withColumn("usd", rate("CHF"))\n'
    '  File "/project/shop/helpers.py", line 5, in rate\n    return {"USD": 1}[currency]\n'
)
MakeDebugRun = Callable[..., Run]


@pytest.fixture
def make_debug_run(scratch: Path, tmp_path: Path) -> MakeDebugRun:
    """Makes a run of `orders` and `net`, which failed at `net`."""

    def make(
        run_id: str = RUN,
        *,
        root: str = "team/shop",
        code: dict[str, str] | None = CODE,
        status: Any = "failed",
        error: ErrorRecord | None = None,
        inputs: bool = True,
        **known: Any,
    ) -> Run:
        stored = StoredRun(f"{normalise(str(scratch))}/{root}/{run_id}")
        features = {
            "orders": {"class_path": "shop.orders.Orders", "state": "succeeded"},
            "net": {"class_path": "shop.net.Net", "state": "failed" if status == "failed" else "succeeded"},
        }
        options = {"project": "/home/ada/shop", **known.pop("options", {})}
        head = {"start_date": "2024-02-29", "end_date": "2024-02-29", "graph": {"orders": [], "net": ["orders"]}}
        by = {"user": "ada"}
        writer = run_writer(stored, {**head, "options": options, "by": by, "config_path": "c.yaml", **known}, features)
        if code is not None:
            folder = tmp_path / f"code-{run_id}-{len(code)}"
            for path, text in code.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(text.encode())
            writer.document.code = stored.write_code(make_archive(folder))
        writer.store()
        if inputs:
            sources = {"orders": "orders", "rates": SourceRecord("rates")}
            stored.write_inputs(RunInputs({"net": FeatureInputs(sources)}))
        if status != "running":
            failed = error or ErrorRecord("'CHF'", FRAMES, "KeyError", "net")
            writer.end(status, failed if status == "failed" else None)
        return Runs(str(scratch))[str(stored.root)]

    return make
