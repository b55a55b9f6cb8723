"""What seats cost, day by day, and whether they were used."""

import datetime as dt
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.harness import at, models, rows

FEBRUARY, MARCH, APRIL = (dt.date(2026, month, 1) for month in (2, 3, 4))
NANO = 1_000_000_000


def seat(valid_from=FEBRUARY, valid_to=MARCH, developer="ada@example.com", **given):
    """A row of seats.csv."""
    usual = {"agent_type": "claude_code", "provider": "anthropic", "plan": "team", "usd_per_month": 20.0}
    dates = {"valid_from": valid_from, "valid_to": valid_to}
    return {"developer_id": developer, **usual, **dates, **given}


def answered(observed, login="bob", assigned="2026-03-01 09:00", **given):
    """A row of raw.copilot_seats; an answer is all that was observed at a moment."""
    seen = {"assigned_at": at(assigned), "observed_at": at(observed), "answer": observed}
    return {"developer_id": login, "plan": "business", **seen, **given}


def price(usd=19.0, plan="business", valid_from=dt.date(2020, 1, 1), valid_to=None):
    dates = {"valid_from": valid_from, "valid_to": valid_to}
    return {"agent_type": "github_copilot", "plan": plan, "usd_per_month": usd, **dates}


BUSINESS = price()


def seat_days(*columns, seats=(), answers=(), prices=(BUSINESS,), usage=()):
    """Rows of fct_seats, from seats.csv, GitHub's answers, prices and rows of int_agent_daily_aggregates."""
    periods = rows("stg_seats", {"seats": list(seats), "raw_copilot_seats": list(answers)})
    told = {"seat_prices": list(prices), "int_agent_daily_aggregates": list(usage)}
    return rows("fct_seats", {"stg_seats": periods, **told}, *columns)


def days(*columns, **given):
    """The same by day."""
    return {row.pop("date"): tuple(row.values()) for row in seat_days("date", *columns, **given)}


def of_march(first, last):
    return {MARCH.replace(day=number) for number in range(first, last + 1)}


def used(day, developer="ada@example.com"):
    """A row of int_agent_daily_aggregates."""
    return {"date": MARCH.replace(day=day), "developer_id": developer, "agent_type": "claude_code"}


def test_a_seat_costs_its_part_of_the_month_on_each_day():
    assert rows(
        "fct_seats",
        {
            "stg_seats": [seat(dt.date(2026, 2, 27), is_reported=False)],
            "seat_prices": [],
            "int_agent_daily_aggregates": [],
        },
    ) == [
        {
            "date": dt.date(2026, 2, number),
            "developer_id": "ada@example.com",
            "agent_type": "claude_code",
            "provider": "anthropic",
            "plan": "team",
            "usd_per_month": 20.0,
            "cost_usd": 0.714285714,
            "was_used": None,
        }
        for number in (27, 28)
    ]


@pytest.mark.parametrize(("first", "last"), [((2024, 2, 1), 29), ((2025, 2, 1), 28), ((2026, 1, 1), 31)])
def test_a_month_s_days_add_up_to_its_price_to_the_billionth_of_a_dollar(first, last):
    start = dt.date(*first)
    found = days("cost_usd", seats=[seat(start, start.replace(day=last) + dt.timedelta(days=1))])
    assert sum(round(cost * NANO) for (cost,) in found.values()) == 20 * NANO
    assert len(found) == last


@pytest.mark.slow
@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.integers(0, 10**14), st.dates(dt.date(2023, 1, 1), dt.date(2025, 12, 1))),
        min_size=1,
        max_size=6,
    )
)
def test_whole_months_add_up_to_any_price(seats):
    """In billionths of a dollar, a seat per person from any day on."""
    given_rows = [
        seat(start, dt.date(2026, 1, 1), f"p{number}", usd_per_month=nano / NANO, is_reported=False)
        for number, (nano, start) in enumerate(seats)
    ]
    tables = {"stg_seats": given_rows, "seat_prices": [], "int_agent_daily_aggregates": []}
    months, lengths = defaultdict(int), Counter()
    for row in rows("fct_seats", tables):
        month = row["developer_id"], row["date"].replace(day=1), row["usd_per_month"]
        months[month] += round(row["cost_usd"] * NANO)
        lengths[month] += 1
    for (_, month, usd), nano in months.items():
        is_whole = lengths[_, month, usd] == ((month + dt.timedelta(days=31)).replace(day=1) - month).days
        assert nano == round(usd * NANO) if is_whole else nano <= round(usd * NANO)


def test_a_price_that_changes_within_a_month_costs_its_days_of_each():
    middle = dt.date(2026, 2, 15)
    found = days("cost_usd", seats=[seat(FEBRUARY, middle), seat(middle, MARCH, usd_per_month=40.0)])
    assert len(found) == 28
    assert (found[FEBRUARY], found[middle]) == ((0.714285715,), (1.428571429,))


def test_a_seat_without_an_end_is_paid_up_to_the_day_of_the_run():
    found = days(seats=[seat(MARCH, None)])  # of which the 31st of March is today
    assert found.keys() == of_march(1, 31)
    assert days(seats=[seat(APRIL, None)]) == {}


def test_github_s_answer_goes_back_to_the_day_on_which_the_seat_was_assigned():
    found = days("plan", "usd_per_month", answers=[answered("2026-03-20 09:00")])
    assert found == dict.fromkeys(of_march(1, 31), ("business", 19.0))


def test_a_seat_that_a_later_answer_lacks_has_ended():
    answers = [answered("2026-03-10 09:00"), answered("2026-03-20 09:00", "eve")]
    found = [row["date"] for row in seat_days(answers=answers) if row["developer_id"] == "bob"]
    assert {*found} == of_march(1, 19)


def test_a_seat_that_is_cancelled_ends_on_its_day():
    cancelled = answered("2026-03-10 09:00", ends_on=dt.date(2026, 3, 25))
    assert days(answers=[cancelled]).keys() == of_march(1, 24)


def test_another_plan_counts_from_the_answer_that_tells_of_it():
    answers = [answered("2026-03-10 09:00"), answered("2026-03-20 09:00", plan="enterprise")]
    prices = [price(), price(39.0, "enterprise")]
    found = days("usd_per_month", answers=answers, prices=prices)
    assert Counter(found.values()) == {(19.0,): 19, (39.0,): 12}


def test_answers_of_two_organisations_do_not_end_each_other_s_seats():
    answers = [
        answered("2026-03-10 09:00", account="a"),
        answered("2026-03-20 09:00", "eve", account="b"),
    ]
    found = seat_days("developer_id", answers=answers)
    assert Counter(row["developer_id"] for row in found) == {"bob": 31, "eve": 31}


def test_a_person_with_seats_of_two_organisations_is_paid_for_once():
    answers = [answered("2026-03-10 09:00", account=account) for account in ("a", "b")]
    assert len(seat_days(answers=answers)) == 31


def test_what_people_have_written_down_counts_before_what_github_reports():
    own = seat(
        MARCH, dt.date(2026, 3, 11), "bob", agent_type="copilot", provider="github", usd_per_month=10.0
    )
    found = days("usd_per_month", seats=[own], answers=[answered("2026-03-20 09:00")])
    assert Counter(found.values()) == {(10.0,): 10, (19.0,): 21}


def test_a_seat_whose_price_nobody_knows_costs_null_and_never_0():
    unknown = answered("2026-03-20 09:00", plan="unknown")
    assert days("cost_usd", answers=[unknown]) == dict.fromkeys(of_march(1, 31), (None,))


def test_a_price_holds_on_its_days():
    middle = dt.date(2026, 3, 11)
    prices = [price(19.0, valid_to=middle), price(31.0, valid_from=middle)]
    found = days("usd_per_month", prices=prices, answers=[answered("2026-03-20 09:00")])
    assert Counter(found.values()) == {(19.0,): 10, (31.0,): 21}


def test_a_seat_is_unused_only_where_its_use_would_be_known():
    """From the first day on which a record tells of this person's use of the agent."""
    usage = [used(5), used(7), used(1, "eve@example.com")]
    found = days("was_used", seats=[seat(MARCH, dt.date(2026, 3, 9))], usage=usage)
    assert [used for (used,) in found.values()] == [None] * 4 + [True, False, True, False]


def test_use_of_an_agent_that_sends_no_telemetry_is_unknown_and_not_unused():
    found = days("was_used", seats=[seat(MARCH, None, agent_type="cursor")], usage=[used(5)])
    assert set(found.values()) == {(None,)}


def test_github_tells_when_somebody_was_active_last_and_that_nobody_was_after_it():
    active = answered("2026-03-20 09:00", last_activity_at=at("2026-03-12 09:00"))
    found = days("was_used", answers=[active])
    told = [found[MARCH.replace(day=number)][0] for number in (11, 12, 13, 20, 21)]
    assert told == [None, True, False, False, None]


def test_who_was_never_active_is_so_for_the_ninety_days_that_github_remembers():
    found = days("was_used", answers=[answered("2026-03-20 09:00", assigned="2025-12-01 09:00")])
    unused = [day for day, (was_used,) in found.items() if was_used is False]
    assert (min(unused), max(unused)) == (dt.date(2025, 12, 21), dt.date(2026, 3, 20))


def test_seats_never_enter_tables_of_tokens_and_costs():
    def made_of(name):
        upstreams = models()[name].upstreams if name in models() else ()
        return {name}.union(*map(made_of, upstreams))

    for mart in (
        "fct_daily_agent_usage",
        "fct_agent_costs",
        "fct_sessions",
        "fct_costs_by_team",
        "fct_billed",
    ):
        assert not made_of(mart) & {"stg_seats", "fct_seats", "seats", "seat_prices", "raw_copilot_seats"}
    assert {"stg_seats", "seat_prices"} < made_of("dim_seats")
