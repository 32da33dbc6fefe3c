"""The revenue pipeline over made-up data: its outputs are what plain Python makes of the same data, to the cent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pipelines.revenue
import pytest
from pipelines.revenue.generate import main as generate
from pyarrow import compute, dataset, parquet
from spark_etl.cli import run_main
from spark_etl.reading import Run, Runs

from tests.spark.pipelines.by_hand import net_orders
from tests.spark.support import SharedSpark

PROJECT = Path(pipelines.revenue.__file__).parent
DAYS = ["2024-02-27", "2024-02-28", "2024-02-29"]
KEPT = ["orders_clean", "orders_in_usd", "orders_with_contract", "discounted_orders", "net_orders"]


@dataclass(frozen=True)
class Revenue:
    """The pipeline with folders of its own."""

    folder: Path
    spark: SharedSpark

    @property
    def published(self) -> Path:
        """Where the sources are."""
        return self.folder / "published"

    @property
    def latest(self) -> Run:
        """The newest run."""
        return Runs(str(self.folder / "scratch")).latest()

    def argv(self, *more: str, days: list[str] = DAYS) -> list[str]:
        """Returns the arguments of the runner."""
        paths = ["--publish-path", f"{self.folder}/publish/", "--scratch-path", f"{self.folder}/scratch/"]
        config = ["--team-name", "team", "--feature-config", str(PROJECT / "feature_config.yaml")]
        return [*config, *paths, "--start-date", days[0], "--end-date", days[-1], *more]

    def run(self, *more: str, days: list[str] = DAYS) -> tuple[int, Run]:
        """Runs it; returns the exit code and what the run left behind."""
        self.spark.start()
        return run_main(self.argv(*more, days=days)), self.latest

    def output(self, name: str) -> pd.DataFrame:
        """Returns what was published last under `revenue/<name>`."""
        return dataset.dataset(self.folder / "publish" / "revenue" / name, format="parquet").to_table().to_pandas()


def made(folder: Path, spark: SharedSpark) -> Revenue:
    revenue = Revenue(folder, spark)
    assert generate(["--rows", "6000", "--to", str(revenue.published)]) == 0
    return revenue


@pytest.fixture(scope="module")
def environment_of_sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("revenue")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_PUBLISHED", str(folder / "published"))
        yield folder


@pytest.fixture(scope="module")
def revenue(environment_of_sources: Path, shared_spark: SharedSpark) -> Revenue:
    """The sources of three days."""
    return made(environment_of_sources, shared_spark)


@pytest.fixture(scope="module")
def run(revenue: Revenue) -> Run:
    """A run over all days that kept every step."""
    code, run = revenue.run("--checkpoint", *KEPT)
    assert code == 0
    return run


@pytest.fixture(scope="module")
def by_hand(revenue: Revenue) -> pd.DataFrame:
    """Orders netted in plain Python."""
    return net_orders(revenue.published, DAYS)


def sums(frame: pd.DataFrame, keys: list[str], values: list[str]) -> dict[Any, tuple[Any, ...]]:
    """Returns key → sums of the values."""
    return {key: tuple(sum(rows[value]) for value in values) for key, rows in frame.groupby(keys)}


def test_an_event_counts_once_and_only_with_amount_and_currency(run: Run) -> None:
    clean = run["orders_clean"].pandas()

    assert clean["event_id"].is_unique
    assert clean[["amount", "currency"]].notna().all(axis=None)
    assert (clean["late"] == (clean["event_time"].dt.date < clean["ingested_at"].dt.date)).all()
    assert 0 < clean["late"].mean() < 0.1


def test_no_event_is_lost_or_doubled_on_the_way(run: Run) -> None:
    assert len({run[alias].rows for alias in KEPT[:4]}) == 1


def test_money_is_decimal_all_the_way(run: Run) -> None:
    money = {"usd", "charged", "refunded", "net", "amount"}
    types = {kind for alias in KEPT for column, kind in run[alias].schema.items() if column in money}

    assert types == {"decimal(12,2)", "decimal(14,2)", "decimal(18,2)"}


def test_net_orders_are_what_plain_python_makes_of_the_same_data(run: Run, by_hand: pd.DataFrame) -> None:
    columns = list(by_hand.columns)
    netted = run["net_orders"].pandas()

    assert netted["order_id"].is_unique
    assert sorted(map(tuple, netted[columns].values.tolist())) == sorted(map(tuple, by_hand.values.tolist()))


def test_revenue_by_plan_reconciles(run: Run, revenue: Revenue, by_hand: pd.DataFrame) -> None:
    published, values = revenue.output("by_plan"), ["charged", "refunded", "net"]
    keys = ["plan", "business_day"]

    assert sums(published, keys, [*values, "orders"]) == sums(by_hand, keys, [*values, "ordered"])
    assert sums(published, keys, ["customers"]) == {
        key: (rows["customer_id"].nunique(),) for key, rows in by_hand.groupby(keys)
    }


def test_revenue_by_customer_and_day_reconciles(run: Run, revenue: Revenue, by_hand: pd.DataFrame) -> None:
    published, keys = revenue.output("by_customer_day"), ["customer_id", "business_day"]

    assert sums(published, keys, ["net", "orders"]) == sums(by_hand, keys, ["net", "ordered"])


def test_the_top_customers_are_those_who_brought_most(run: Run, revenue: Revenue, by_hand: pd.DataFrame) -> None:
    top = revenue.output("top_customers").sort_values("rank")
    per_customer = {customer: net for customer, (net,) in sums(by_hand, ["customer_id"], ["net"]).items()}
    expected = sorted(((-net, *_flat(customer)) for customer, net in per_customer.items()))[:100]

    assert list(top["rank"]) == list(range(1, 101))
    assert [(-net, customer) for net, customer in zip(top["net"], top["customer_id"], strict=True)] == expected
    total = sum(per_customer.values(), Decimal(0))
    assert [round(share, 6) for share in top["share"]] == [round(float(net / total), 6) for net in top["net"]]


def _flat(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def test_a_day_runs_alone_and_twice_the_same(revenue: Revenue, tmp_path: Path) -> None:
    alone = Revenue(tmp_path, revenue.spark)  # with outputs of its own
    outputs = []
    for _ in range(2):
        code, _run = alone.run(days=DAYS[-1:])
        assert code == 0
        outputs.append([sorted(map(str, alone.output(name).values.tolist())) for name in ("by_plan", "top_customers")])

    by_plan = sums(alone.output("by_plan"), ["plan"], ["net"])
    expected = sums(net_orders(revenue.published, DAYS[-1:]), ["plan"], ["net"])
    assert outputs[0] == outputs[1]
    assert by_plan == expected


def test_the_join_on_skewed_customers_is_the_same_when_it_is_shuffled(run: Run, revenue: Revenue) -> None:
    revenue.spark.start().conf.set("spark.sql.autoBroadcastJoinThreshold", "-1")
    assert run_main(revenue.argv("--checkpoint", "orders_with_contract")) == 0

    kept = [each["orders_with_contract"].pandas().sort_values("event_id") for each in (run, revenue.latest)]
    assert kept[0].reset_index(drop=True).equals(kept[1].reset_index(drop=True))


def test_a_missing_rate_stops_the_run_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], shared_spark: SharedSpark
) -> None:
    revenue = made(tmp_path, shared_spark)
    monkeypatch.setenv("SANDBOX_PUBLISHED", str(revenue.published))
    file = revenue.published / "exchange_rates" / "_dt=2024-02-29" / "part-00000.parquet"
    rates = parquet.ParquetFile(file).read()
    parquet.write_table(rates.filter(compute.not_equal(rates["currency"], "EUR")), file)

    code, run = revenue.run("--checkpoint", "orders_in_usd", days=DAYS[-1:])

    assert code == 5
    assert run.status == "failed"
    assert "no exchange rate for EUR on 2024-02-29" in capfd.readouterr().err
    assert "no exchange rate for EUR" in json.dumps(run.content, default=str)
