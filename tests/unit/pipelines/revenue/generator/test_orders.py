"""What a day of made-up orders has in common with a real one."""

from __future__ import annotations

from datetime import date
from functools import cache
from itertools import pairwise

import pandas as pd
import pyarrow as pa
import pytest
from pipelines.revenue.generator import orders
from pipelines.revenue.generator.orders import day_of_orders
from pipelines.revenue.generator.reference import contracts, customers, discounts, exchange_rates

SEED, ROWS, CUSTOMERS = 7, 20_000, 2_000
DAYS = [date(2024, 2, 27), date(2024, 2, 28), date(2024, 2, 29)]


@cache
def table(day: date, seed: int = SEED) -> pa.Table:
    return pa.concat_tables(day_of_orders(seed, day, ROWS, customers(seed, CUSTOMERS)))


@cache
def frame(day: date) -> pd.DataFrame:
    return table(day).to_pandas()


@pytest.fixture
def days() -> pd.DataFrame:
    """The events of all days, with the day they were ingested on."""
    return pd.concat([frame(day).assign(_dt=pd.Timestamp(day, tz="UTC")) for day in DAYS], ignore_index=True)


@pytest.fixture
def events(days: pd.DataFrame) -> pd.DataFrame:
    """Each event once."""
    return days.drop_duplicates("event_id")


def test_the_same_seed_makes_the_same_day() -> None:
    again = pa.concat_tables(day_of_orders(SEED, DAYS[0], ROWS, customers(SEED, CUSTOMERS)))

    assert again.equals(table(DAYS[0]))


def test_another_seed_makes_another_day() -> None:
    assert not table(DAYS[0], seed=8).equals(table(DAYS[0]))


def test_all_was_ingested_on_its_day_and_happened_before(days: pd.DataFrame) -> None:
    assert (days["ingested_at"].dt.floor("D") == days["_dt"]).all()
    assert (days["event_time"] < days["ingested_at"]).all()


def test_a_few_events_come_a_day_or_days_late(events: pd.DataFrame) -> None:
    waited = events["ingested_at"] - events["event_time"]

    assert 0.02 < (waited > pd.Timedelta(hours=12)).mean() < 0.04
    assert pd.Timedelta(days=2) < waited.max() <= pd.Timedelta(days=3)


def test_some_events_come_twice_on_one_day_and_some_again_on_the_next(days: pd.DataFrame) -> None:
    seen_on = days.groupby("event_id")["_dt"].agg(["size", "nunique"])

    assert 0.015 < ((seen_on["size"] > 1) & (seen_on["nunique"] == 1)).mean() < 0.025
    assert 0.002 < (seen_on["nunique"] == 2).mean() < 0.008


def test_what_comes_again_is_the_same_but_for_when_it_was_ingested(days: pd.DataFrame) -> None:
    again = days[days.duplicated("event_id", keep=False)].drop(columns=["ingested_at", "_dt"])

    assert len(again.drop_duplicates()) == again["event_id"].nunique()


def test_a_refund_is_of_an_order_placed_before_and_takes_back_all_of_it(events: pd.DataFrame) -> None:
    refunds, placed = (events[events["event_type"] == kind] for kind in ("refund", "order"))
    known = refunds[refunds["_dt"] > pd.Timestamp(DAYS[0], tz="UTC")]
    both = known.merge(placed, on="order_id", suffixes=("", "_placed"))

    assert 0.03 < len(refunds) / len(events) < 0.05
    assert len(both) == len(known)
    assert (both["event_time"] > both["event_time_placed"]).all()
    assert (both["customer_id"] == both["customer_id_placed"]).all()
    whole = both.dropna(subset=["amount", "amount_placed"])
    assert (whole["amount"] == whole["amount_placed"]).all()


def test_a_refund_comes_on_the_day_of_its_order_or_on_the_next(events: pd.DataFrame) -> None:
    refunds = events[events["event_type"] == "refund"]
    same_day = refunds["order_id"].str[1:9] == refunds["event_id"].str[1:9]

    assert 0.3 < same_day.mean() < 0.7


def test_no_order_is_refunded_twice(events: pd.DataFrame) -> None:
    assert events[events["event_type"] == "refund"]["order_id"].is_unique


def test_some_amounts_and_currencies_are_missing_and_nothing_else(events: pd.DataFrame) -> None:
    missing = events.isna().mean()

    assert 0 < missing["currency"] < missing["amount"] < 0.01
    assert missing.drop(["amount", "currency"]).eq(0).all()


def test_few_customers_place_most_orders(events: pd.DataFrame) -> None:
    share = events["customer_id"].value_counts(normalize=True)

    assert 0.08 < share.iloc[0] < 0.16
    assert share.iloc[:200].sum() > 0.6
    assert len(share) > CUSTOMERS / 2


def test_amounts_are_worth_about_the_same_in_every_currency(events: pd.DataFrame) -> None:
    rates = exchange_rates(SEED, DAYS[0]).to_pandas().set_index("currency")["usd_per_unit"].astype(float)
    dollars = events["amount"].astype(float) * events["currency"].map(rates)

    median = dollars.groupby(events["currency"]).median()
    assert len(median) == len(rates)
    assert median.between(20, 60).all(), median


def test_no_yen_has_a_fraction(events: pd.DataFrame) -> None:
    yen = events[events["currency"] == "JPY"]["amount"].dropna()

    assert (yen % 1 == 0).all()


def test_every_reference_leads_somewhere(events: pd.DataFrame) -> None:
    people = customers(SEED, CUSTOMERS)
    known = {f"c{number:07}" for number in range(CUSTOMERS)}
    contract = set(contracts(people, DAYS[0])["customer_id"].to_pylist())

    assert set(events["customer_id"]) <= known
    assert set(discounts(SEED, people)["customer_id"].to_pylist()) <= known
    assert set(events["currency"].dropna()) <= set(exchange_rates(SEED, DAYS[0])["currency"].to_pylist())
    assert 0 < len(known - contract) < 0.02 * CUSTOMERS


def test_a_large_day_comes_in_pieces_that_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "CHUNK", 500)
    pieces = list(day_of_orders(SEED, DAYS[0], 1_200, customers(SEED, 100)))
    ids = [set(piece["event_id"].to_pylist()) for piece in pieces]

    assert len(pieces) == 3
    assert max(piece.num_rows for piece in pieces) < 600
    assert all(one.isdisjoint(other) for one, other in pairwise(ids))


@pytest.mark.parametrize("rows", [1, 2, 3, 10])
def test_a_tiny_day_is_made_too(rows: int) -> None:
    made = pa.concat_tables(day_of_orders(SEED, DAYS[0], rows, customers(SEED, 5)))

    assert made.num_rows >= rows
