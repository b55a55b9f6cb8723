"""Forecasts of months: against a plain computation, and against what had come true, day by day."""

import datetime as dt
import math
from collections import Counter
from contextlib import suppress
from functools import cache
from random import Random

import duckdb
import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.compile import dialects
from pipeline.demo import company as demo
from pipeline.demo.claude_code import cost_usd
from pipeline.models.forecasts import STUDENT_T, with_forecasts

DAY = dt.timedelta(days=1)
LAST = dt.date(2026, 3, 31)
NINETY_DAYS_AGO = LAST - 90 * DAY


def month_of(day):
    start = day.replace(day=1)
    return start, (start + 31 * DAY).replace(day=1)


PERIODS = {
    "scope": "!string",
    **dict.fromkeys(("period_start", "period_end", "known_to"), "!date"),
    **dict.fromkeys(("spent_usd", "before_usd"), "!float64"),
}
COSTS = {"scope": "!string", "date": "!date", "nano": "!int64"}


@cache
def query():
    tables = ibis.table(PERIODS, name="periods"), ibis.table(COSTS, name="costs")
    return dialects.text(dialects.query(with_forecasts(*tables), "duckdb"), "duckdb")


def forecasts(origins):
    """The forecast, its ends and its weeks by name, of names, costs by day, first unknown days and ends."""
    tables = {"periods": (PERIODS, []), "costs": (COSTS, [])}
    for name, by_day, known_to, end in origins:
        start = month_of(known_to)[0]
        before = sum(usd for day, usd in by_day.items() if start <= day < known_to)
        tables["periods"][1].append((name, start, end, known_to, before, before))
        tables["costs"][1].extend(
            (name, day, round(usd * 1e9)) for day, usd in by_day.items() if day < known_to
        )
    connection = duckdb.connect()
    for table, (columns, rows) in tables.items():
        schema = ibis.schema(columns).to_pyarrow()
        arrays = [pa.array([row[n] for row in rows], field.type) for n, field in enumerate(schema)]
        connection.register(table, pa.Table.from_arrays(arrays, schema=schema))
    names = ("forecast_usd", "forecast_low_usd", "forecast_high_usd", "forecast_weeks")
    found = connection.sql(f"SELECT scope, {', '.join(names)} FROM ({query()})").fetchall()
    return {scope: tuple(told) for scope, *told in found}


def plainly(by_day, known_to, end):
    """The same, as one would write it down: a line through weeks, continued day by day."""
    start = month_of(known_to)[0]
    before = sum(usd for day, usd in by_day.items() if start <= day < known_to)
    earlier = [day for day in by_day if day < known_to]
    k = min(8, (known_to - min(earlier)).days // 7) if earlier else 0
    if k == 0:
        return None, None, None, None
    weeks = [
        [by_day.get(known_to - (7 * ago - day) * DAY, 0.0) for day in range(7)] for ago in range(k, 0, -1)
    ]
    sums = [sum(week) for week in weeks]
    mean, middle = sum(sums) / k, (k - 1) / 2
    spread = sum((x - middle) ** 2 for x in range(k))
    rise = sum((x - middle) * y for x, y in enumerate(sums)) / spread if k >= 4 else 0.0
    left = along = 0.0
    for ahead in range((end - known_to).days):
        share = sum(week[ahead % 7] for week in weeks) / sum(sums) if sum(sums) else 1 / 7
        left += share
        along += share * (k + min(ahead // 7, k) - middle)
    expected = before + max(0.0, left * mean + rise * along)
    if k < 4:
        return expected, None, None, k
    variance = sum((y - mean - rise * (x - middle)) ** 2 for x, y in enumerate(sums)) / (k - 2)
    off = dict(STUDENT_T)[k] * math.sqrt(variance * (left + left**2 / k + along**2 / spread))
    return expected, max(before, expected - off), expected + off, k


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 100), st.lists(st.sampled_from([0, 0, 1.5, 7, 40]), max_size=70)), max_size=8
    )
)
def test_the_line_through_weeks_is_that_of_a_plain_computation(series):
    origins = [
        (
            str(number),
            {LAST - (len(usds) - place + 1) * DAY: usd for place, usd in enumerate(usds) if usd},
            LAST,
            LAST + (1 + ahead) * DAY,
        )
        for number, (ahead, usds) in enumerate(series)
    ]
    found = forecasts(origins) if origins else {}
    for name, *origin in origins:
        for value, expected in zip(found[name], plainly(*origin), strict=True):
            assert value == (expected and pytest.approx(expected, rel=1e-9, abs=1e-9))


def test_a_saturday_is_no_monday():
    weekdays = {LAST - ago * DAY: 10.0 for ago in range(1, 60) if (LAST - ago * DAY).weekday() < 5}
    friday = dt.date(2026, 3, 27)
    told = {day: usd for day, usd in weekdays.items() if day < friday}
    # 20 to 26 March is known; a Friday, two days of the weekend, Monday and Tuesday are left.
    spent = sum(usd for day, usd in told.items() if day >= dt.date(2026, 3, 1))
    assert forecasts([("a", told, friday, dt.date(2026, 4, 1))])["a"] == pytest.approx(
        (spent + 30, spent + 30, spent + 30, 7)
    )


def test_a_trend_goes_on_for_as_many_weeks_as_it_was_seen_and_no_longer():
    weekly = {LAST - (7 * ago) * DAY: 100.0 - 10 * ago for ago in range(1, 5)}
    ends = (7, 35, 70)
    found = forecasts([(str(end), weekly, LAST, LAST + end * DAY) for end in ends])
    gained = [found[str(end)][0] - found["7"][0] for end in ends]
    assert found["7"][3] == 4
    assert gained == pytest.approx([0, 110 + 120 + 130 + 140, 110 + 120 + 130 + 140 + 5 * 140])


def test_under_a_week_there_is_no_forecast_and_under_four_no_interval():
    found = forecasts(
        [(str(days), {LAST - days * DAY: 7.0}, LAST, LAST + 7 * DAY) for days in (6, 7, 27, 28)]
    )
    assert found["6"] == (None, None, None, None)
    assert found["7"] == (pytest.approx(14), None, None, 1)  # 7 are spent
    assert found["27"][1:] == (None, None, 3)
    assert None not in found["28"]


def test_a_scope_that_costs_nothing_any_more_ends_with_what_is_spent():
    gone = {LAST - 100 * DAY: 7.0}
    assert forecasts([("a", gone, LAST, LAST + 9 * DAY)])["a"] == (0.0, 0.0, 0.0, 8)


def test_of_a_period_that_is_over_nothing_is_left():
    known = {LAST - ago * DAY: 7.0 + ago % 3 for ago in range(1, 60)}
    february = dt.date(2026, 2, 1)
    found = forecasts([("a", known, LAST, february + 28 * DAY), ("b", known, LAST, LAST)])
    spent = sum(usd for day, usd in known.items() if day >= LAST.replace(day=1))
    assert found["a"][:3] == found["b"][:3] == (pytest.approx(spent),) * 3


# Replays: every day of the months that are over, forecast with what was known on its morning.


def demos_days(seed):
    """What the demo's company costs per day, over ninety days instead of sixty."""
    history = demo(Random(f"company {seed}"), dt.datetime(2026, 3, 31, 23, 59, tzinfo=dt.UTC))
    by_day = Counter()
    for session in history.sessions:
        for turn in session.turns:
            for request in turn.requests:
                with suppress(StopIteration):  # nobody knows the price of one model
                    by_day[request.at.date()] += cost_usd(request, session.agent.login)
    return by_day


def made_up_days(seed, growth):
    """100 dollars on weekdays and 10 on others, give or take a quarter; in the end by a share more."""
    rng = Random(f"forecast {seed}")
    return {
        LAST - ago * DAY: max(
            0.0,
            (100 if (LAST - ago * DAY).weekday() < 5 else 10)
            * (1 + growth * (90 - ago) / 90)
            * rng.gauss(1, 0.25),
        )
        for ago in range(90, -1, -1)
    }


def replayed(series):
    """How far off forecasts were on average, in percent; the pace of seven days; how many were inside."""
    origins, actual, paced = [], {}, {}
    for number, by_day in enumerate(series):
        for ago in range(90 - 28, -1, -1):
            known_to = LAST - ago * DAY
            start, end = month_of(known_to)
            name = f"{number} {known_to}"
            origins.append((name, by_day, known_to, end))
            actual[name] = sum(usd for day, usd in by_day.items() if start <= day < end)
            spent = sum(usd for day, usd in by_day.items() if start <= day < known_to)
            pace = sum(by_day.get(known_to - back * DAY, 0.0) for back in range(1, 8)) / 7
            paced[name] = spent + pace * (end - known_to).days
    found = forecasts(origins)

    def off(expected):
        return 100 * sum(abs(expected[name] / true - 1) for name, true in actual.items()) / len(actual)

    inside = sum(found[name][1] <= true <= found[name][2] for name, true in actual.items())
    return off({name: told[0] for name, told in found.items()}), off(paced), 100 * inside / len(actual)


@pytest.mark.parametrize(
    ("what", "series", "most_off", "least_inside"),
    [
        ("the demo", lambda: [demos_days(seed) for seed in range(3)], 10, 65),
        ("steady", lambda: [made_up_days(seed, 0.0) for seed in range(20)], 7, 70),
        ("doubling", lambda: [made_up_days(seed, 1.0) for seed in range(20)], 7, 65),
    ],
)
def test_replaying_ninety_days_tells_how_far_off_forecasts_are(
    what, series, most_off, least_inside, monkeypatch, capsys
):
    monkeypatch.setitem(demo.__globals__, "DAYS", 90)
    off, paced, inside = replayed(series())
    with capsys.disabled():
        print(f"\nforecasts of {what}: {off:.1f}% off (pace of 7 days: {paced:.1f}%), {inside:.0f}% inside")
    assert off < most_off
    assert off < paced + 0.5
    assert least_inside < inside < 95
