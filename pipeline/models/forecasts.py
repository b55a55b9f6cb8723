"""What a month or a year will have cost when it ends, and between which sums.

The weeks that are over are regressed on time: a line of least squares through the last whole weeks, eight at
most. What is left of the period continues that line, each day with its weekday's share of a week; so a
Saturday is no Monday, and growth goes on. After as many weeks as it was seen it does not, as eight weeks say
little about a year. With fewer than four weeks there is no line: their mean goes on.

The interval is that in which four of five such sums should end: the prediction interval of the regression,
from the residuals of the weeks and Student's t (Hyndman and Athanasopoulos, "Forecasting: Principles and
Practice", 3rd edition, sections 5.5 and 7.6). Weeks and not days are its residuals, as days of one week have
much in common: a release, a holiday. It knows neither holidays to come nor that somebody will be hired.
How far off it is stands in the README; `tests/models/test_forecasts.py` measures it.
"""

from collections.abc import Iterable
from functools import reduce
from operator import add
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from pipeline.models.expressions import later, usd
from pipeline.models.operations import once

MOST_WEEKS = 8
WEEKS_OF_A_LINE = 4
WEEKS = range(1, MOST_WEEKS + 1)  # so many ago
DAYS = range(7)  # after the last one that is known
# Student's t between whose quantiles 80% lie, by weeks: a line takes two of them as degrees of freedom.
STUDENT_T = ((4, 1.8856), (5, 1.6377), (6, 1.5332), (7, 1.4759), (8, 1.4398))


def with_forecasts(periods: ir.Table, costs: ir.Table) -> ir.Table:
    """`periods` with forecast_usd, its interval, forecast_low_usd to forecast_high_usd, and forecast_weeks.

    None of them where the scope's first cost is less than a week ago; no interval within four weeks.

    Args:
        periods: one row per scope and period: scope, period_start, period_end, spent_usd, known_to, the first
            day that may have more cost than is known, and before_usd, what was spent before that.
        costs: one row per scope and date with cost: nano, in billionths of a dollar.
    """
    told = _with_weeks(periods, costs)
    kept = [*periods.columns, "forecast_weeks"]
    weeks = {ago: told[f"week_{ago}"] for ago in WEEKS}
    k = told.forecast_weeks.cast("float64").nullif(0.0)
    told = told.mutate(
        total=once(_sum(weeks.values())),
        middle=once((k + 1) / 2),
        spread=once((k * (k * k - 1) / 12).nullif(0.0)),
        # What is left of the period: so many days after the last known one, from the first to the end.
        first=once(_day(later(told.period_start, told.known_to)) - _day(told.known_to)),
        end=once(_day(told.period_end) - _day(told.known_to)),
    )
    # The line: how much a week has in its middle, and by how much more than the one before.
    rise = _sum(week * (told.middle - ago) for ago, week in weeks.items()) / told.spread
    told = told.mutate(
        # Of a period that is over nothing is left, and not less: PostgreSQL takes no root of that.
        end=once(later(told.end, told.first)),
        mean=once(told.total / k),
        rise=once(ibis.ifelse(told.forecast_weeks >= WEEKS_OF_A_LINE, rise, 0.0)),
    )
    squares = [
        ibis.ifelse(
            told.forecast_weeks >= ago, (week - told.mean - told.rise * (told.middle - ago)) ** 2, 0.0
        )
        for ago, week in weeks.items()
    ]
    # What is left in weeks as they usually are, and how far beyond the last known week these lie.
    left, ahead = [], []
    for day in DAYS:
        since, until = _weeks_with(day, told.first), _weeks_with(day, told.end)
        left.append(told[f"day_{day}"] * (until - since))
        ahead.append(
            told[f"day_{day}"] * (_ahead(until, told.forecast_weeks) - _ahead(since, told.forecast_weeks))
        )
    told = told.select(
        *(*kept, "middle", "spread", "mean", "rise"),
        variance=once(
            ibis.ifelse(told.forecast_weeks >= WEEKS_OF_A_LINE, _sum(squares) / (k - 2).nullif(0.0), None)
        ),
        left=once((_sum(left) / told.total.nullif(0.0)).coalesce(0.0)),
        ahead=once((_sum(ahead) / told.total.nullif(0.0)).coalesce(0.0)),
    )
    told = told.mutate(along=once(told.ahead + told.left * told.middle))  # from the line's middle
    k = told.forecast_weeks.cast("float64").nullif(0.0)
    spread = told.left + told.left * told.left / k + told.along * told.along / told.spread
    student_t = told.forecast_weeks.cases(*STUDENT_T, else_=None)
    rest = told.left * told.mean + told.rise * told.along
    told = told.select(
        *kept,
        expected=once(told.before_usd + ibis.ifelse(rest < 0, 0.0, rest)),
        off=once(student_t * (told.variance * spread).sqrt()),
    )
    forecasts = {
        "forecast_usd": told.expected,
        "forecast_low_usd": told.expected - told.off,
        "forecast_high_usd": told.expected + told.off,
    }
    return told.select(
        *periods.columns,
        **{name: _at_least(value, told.spent_usd) for name, value in forecasts.items()},
        forecast_weeks=told.forecast_weeks,
    )


def _with_weeks(periods: ir.Table, costs: ir.Table) -> ir.Table:
    """`periods` with the scope's whole weeks before known_to, week_1 the latest, and day_0 to day_6 of them.

    day_0 adds up the days of the weeks on known_to's weekday; forecast_weeks counts the weeks, eight at most.
    """
    known = periods.select(_scope="scope", known_to="known_to").distinct()
    dated = costs.join(known, costs.scope == known._scope).filter(_.date < _.known_to)
    dated = dated.mutate(ago=_day(_.known_to) - _day(_.date))
    dated = dated.mutate(all_weeks=_.ago.max().over(group_by="scope") // 7)
    dated = dated.mutate(
        weeks=ibis.ifelse(_.all_weeks > MOST_WEEKS, MOST_WEEKS, _.all_weeks).cast("int64"),
        week=(_.ago + 6) // 7,
        day=(7 - _.ago % 7) % 7,
    )
    nano = dated.nano
    sums = {f"week_{ago}": nano.sum(where=(dated.week == ago) & (ago <= dated.weeks)) for ago in WEEKS}
    sums |= {f"day_{day}": nano.sum(where=(dated.day == day) & (dated.week <= dated.weeks)) for day in DAYS}
    summed = dated.group_by(_scope="scope").agg(
        forecast_weeks=_.weeks.max().nullif(0),
        **{name: usd(value.coalesce(0)) for name, value in sums.items()},
    )
    return periods.left_join(summed, periods.scope == summed._scope).drop("_scope")


def _sum(values: Iterable[Any]) -> Any:
    """Always in the same order, and so the same to the last bit."""
    return reduce(add, values)


def _day(date: Any) -> Any:
    return date.epoch_days().cast("int64")


def _weeks_with(day: int, days: ir.IntegerValue) -> ir.IntegerValue:
    """In how many weeks that begin with day_0 the first so many days have this day."""
    return ((days + 6 - day) // 7).cast("int64")


def _ahead(weeks: ir.IntegerValue, most: ir.IntegerValue) -> ir.FloatingValue:
    """0 + 1 + 2 + … of so many weeks, of which none counts more than `most`."""
    beyond = most * (most - 1) / 2 + (weeks - most) * most
    return ibis.ifelse(weeks <= most, weeks * (weeks - 1) / 2, beyond)


def _at_least(value: Any, least: Any) -> Any:
    """The larger one; NULL stays NULL."""
    return ibis.ifelse(value < least, least, value)
