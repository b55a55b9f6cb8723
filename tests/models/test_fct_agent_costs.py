"""What each developer's use of each agent cost, over calendar windows."""

import datetime as dt

import pytest

from tests.models.harness import rows


def costs(*days, columns=()):
    return rows("fct_agent_costs", {"int_agent_daily_aggregates": list(days)}, *columns)


def day(text, cost, **given):
    return {
        "date": dt.date.fromisoformat(text),
        "developer_id": "ann",
        "agent_type": "codex",
        "model_name": "m",
        "total_cost_usd": cost,
        **given,
    }


def by_day(column, *days):
    return {row["date"].isoformat(): row[column] for row in costs(*days, columns=["date", column])}


def test_a_first_day_whole():
    # 2026-03-10 is a Tuesday; 21 days of March are left.
    assert costs(day("2026-03-10", 2.0)) == [
        {
            "date": dt.date(2026, 3, 10),
            "developer_id": "ann",
            "agent_type": "codex",
            "daily_cost_usd": 2.0,
            "cumulative_cost_usd": 2.0,
            "wtd_cost_usd": 2.0,
            "mtd_cost_usd": 2.0,
            "avg_7day_cost_usd": 2.0,
            "avg_30day_cost_usd": 2.0,
            "month_forecast_usd": 44.0,
        }
    ]


def test_models_of_one_agent_add_up():
    assert by_day("daily_cost_usd", day("2026-03-10", 1.0), day("2026-03-10", 0.5, model_name="n")) == {
        "2026-03-10": 1.5
    }


def test_days_without_cost_have_no_row():
    assert costs(day("2026-03-10", 0.0), day("2026-03-11", None)) == []


def test_each_developer_and_agent_has_running_totals_of_its_own():
    days = [day("2026-03-10", 1.0), day("2026-03-11", 2.0, developer_id="bob")]
    days += [day("2026-03-12", 4.0, agent_type="cursor"), day("2026-03-12", 8.0)]
    found = costs(*days, columns=["developer_id", "agent_type", "cumulative_cost_usd"])
    assert [tuple(row.values()) for row in found] == [
        ("ann", "codex", 1.0),
        ("ann", "codex", 9.0),
        ("ann", "cursor", 4.0),
        ("bob", "codex", 2.0),
    ]


def test_weeks_begin_on_monday():
    # Sunday, Monday, Tuesday
    days = [day("2026-03-08", 1.0), day("2026-03-09", 2.0), day("2026-03-10", 4.0)]
    assert by_day("wtd_cost_usd", *days) == {"2026-03-08": 1.0, "2026-03-09": 2.0, "2026-03-10": 6.0}


def test_a_week_goes_on_over_the_end_of_a_year_and_a_month_does_not():
    # Wednesday and Thursday of one week
    days = [day("2025-12-31", 1.0), day("2026-01-01", 2.0)]
    assert by_day("wtd_cost_usd", *days) == {"2025-12-31": 1.0, "2026-01-01": 3.0}
    assert by_day("mtd_cost_usd", *days) == {"2025-12-31": 1.0, "2026-01-01": 2.0}


def test_averages_are_over_calendar_days_not_over_rows():
    days = [day("2026-03-01", 7.0), day("2026-03-04", 7.0)]
    # Four days since the first one with cost.
    assert by_day("avg_7day_cost_usd", *days) == {"2026-03-01": 7.0, "2026-03-04": 3.5}


def test_a_window_of_7_days_ends_with_the_day_itself():
    days = [day("2026-03-01", 70.0), day("2026-03-07", 7.0), day("2026-03-08", 7.0)]
    assert by_day("avg_7day_cost_usd", *days) == {
        "2026-03-01": 70.0,
        "2026-03-07": 11.0,
        "2026-03-08": 2.0,
    }


def test_a_window_of_30_days_ends_with_the_day_itself():
    days = [day("2026-03-01", 300.0), day("2026-03-30", 30.0), day("2026-03-31", 30.0)]
    assert by_day("avg_30day_cost_usd", *days) == {
        "2026-03-01": 300.0,
        "2026-03-30": 11.0,
        "2026-03-31": 2.0,
    }


def test_a_window_after_a_long_gap_counts_the_days_of_the_gap():
    days = [day("2026-01-01", 100.0), day("2026-03-31", 7.0)]
    assert by_day("avg_7day_cost_usd", *days)["2026-03-31"] == 1.0


@pytest.mark.parametrize(
    ("date", "days_left"),
    [
        ("2026-03-31", 0),
        ("2026-04-30", 0),
        ("2026-04-01", 29),
        ("2024-02-28", 1),
        ("2025-02-28", 0),
        ("2024-02-29", 0),
        ("2025-12-01", 30),
    ],
)
def test_a_forecast_is_the_month_to_date_and_the_average_for_each_day_that_is_left(date, days_left):
    assert by_day("month_forecast_usd", day(date, 2.0)) == {date: 2.0 + 2.0 * days_left}


def test_a_forecast_counts_what_the_month_has_cost_so_far():
    days = [day("2026-03-20", 14.0), day("2026-03-29", 7.0)]
    # 21 $ so far, 1 $ a day over the last seven, two days left
    assert by_day("month_forecast_usd", *days)["2026-03-29"] == 23.0


def test_money_is_added_up_exactly():
    days = [day(f"2026-03-{number:02}", 0.1) for number in range(1, 31)]
    assert by_day("cumulative_cost_usd", *days)["2026-03-30"] == 3.0


def test_a_day_that_cost_next_to_nothing_has_a_row():
    assert by_day("daily_cost_usd", day("2026-03-10", 1e-9)) == {"2026-03-10": 1e-9}
