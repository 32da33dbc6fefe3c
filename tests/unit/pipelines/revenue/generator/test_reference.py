from __future__ import annotations

from datetime import date, timedelta

from pipelines.revenue.generator.reference import PLANS, contracts, customers, discounts, exchange_rates

DAY = date(2024, 2, 29)
PEOPLE = customers(7, 2_000)
RANK = {plan[0]: rank for rank, plan in enumerate(PLANS)}


def test_a_customer_has_one_contract_signed_before_and_at_the_plan_s_fee() -> None:
    made = contracts(PEOPLE, DAY).to_pandas()
    fee = {plan[0]: plan[1] for plan in PLANS}

    assert made["customer_id"].is_unique
    assert (made["signed_on"] < DAY).all()
    assert (made["monthly_fee"] * 100 == made["plan"].map(fee)).all()


def test_now_and_then_a_plan_becomes_the_next_larger_one() -> None:
    before, after = (contracts(PEOPLE, day).to_pandas()["plan"].map(RANK) for day in (DAY - timedelta(days=2), DAY))

    steps = (after - before).value_counts()
    assert set(steps.index) == {0, 1}
    assert 0 < steps[1] < 20


def test_a_customer_has_up_to_three_discounts_of_sensible_size() -> None:
    made = discounts(7, PEOPLE).to_pandas()
    many = made["customer_id"].value_counts()

    assert set(many) == {1, 2, 3}
    assert 0.25 < len(many) / len(PEOPLE) < 0.45
    assert made["percent"].between(2, 25).all()
    assert set(made["kind"]) == {"percent", "volume", "loyalty"}


def test_rates_move_a_little_from_day_to_day_and_the_dollar_does_not() -> None:
    today, tomorrow = (
        exchange_rates(7, day).to_pandas().set_index("currency")["usd_per_unit"].astype(float)
        for day in (DAY, DAY + timedelta(days=1))
    )
    moved = (tomorrow / today - 1).abs()

    assert today["USD"] == tomorrow["USD"] == 1
    assert moved.drop("USD").between(0.000001, 0.05).all()
