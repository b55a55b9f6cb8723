"""Who has a seat, and how long nobody has used it."""

import datetime as dt

from tests.models.harness import rows

MARCH = dt.date(2026, 3, 1)  # of which the 31st is today


def day(number, was_used=None, cost=0.1, **given):
    """A row of fct_seats; 1 is the first of March, 0 the day before."""
    usual = {"developer_id": "ada", "agent_type": "codex", "provider": "openai", "plan": "business"}
    date = MARCH + dt.timedelta(days=number - 1)
    return {"date": date, **usual, "usd_per_month": 25.0, "cost_usd": cost, "was_used": was_used, **given}


def seats(days, *columns):
    return [tuple(row.values()) for row in rows("dim_seats", {"fct_seats": days}, *columns)]


def unused(days):
    return seats(days, "last_used_date", "days_since_last_use", "is_unused_30_days")


def test_a_seat_has_the_plan_and_price_of_its_last_day_and_the_cost_of_all():
    days = [day(number, usd_per_month=25.0 if number < 31 else 30.0) for number in range(22, 32)]
    assert rows("dim_seats", {"fct_seats": [*days, day(20, developer_id="bob", cost=None)]}) == [
        {
            "developer_id": "ada",
            "agent_type": "codex",
            "provider": "openai",
            "plan": "business",
            "usd_per_month": 30.0,
            "cost_usd": 1.0,
            "first_date": MARCH.replace(day=22),
            "last_date": MARCH.replace(day=31),
            "is_current": True,
            "last_used_date": None,
            "days_since_last_use": None,
            "is_unused_30_days": None,
        },
        {
            "developer_id": "bob",
            "agent_type": "codex",
            "provider": "openai",
            "plan": "business",
            "usd_per_month": 25.0,
            "cost_usd": None,
            "first_date": MARCH.replace(day=20),
            "last_date": MARCH.replace(day=20),
            "is_current": False,
            "last_used_date": None,
            "days_since_last_use": None,
            "is_unused_30_days": None,
        },
    ]


def test_thirty_days_without_use_are_unused_and_twenty_nine_are_not():
    def since(last):
        return [day(last, True), *(day(number, False) for number in range(last + 1, 32))]

    assert unused(since(1)) == [(MARCH, 30, True)]
    assert unused(since(2)) == [(MARCH.replace(day=2), 29, False)]


def test_a_seat_that_was_never_used_counts_from_the_first_day_of_which_that_is_known():
    assert unused([day(number, False) for number in range(2, 32)]) == [(None, None, True)]
    assert unused([day(number, False) for number in range(3, 32)]) == [(None, None, False)]


def test_unknown_use_is_null_and_not_unused():
    assert unused([day(number) for number in range(-60, 32)]) == [(None, None, None)]


def test_days_of_which_nothing_is_known_do_not_count_as_unused():
    days = [day(1, True), day(2, False), *(day(number) for number in range(3, 32))]
    assert unused(days) == [(MARCH, 1, False)]
