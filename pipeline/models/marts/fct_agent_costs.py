"""What each developer's use of each agent cost, added up for budgets and forecasts."""

import ibis
from ibis import _

from pipeline.models.expressions import NANO, usd

SERIES = ["developer_id", "agent_type"]


def fct_agent_costs(int_agent_daily_aggregates: ibis.Table) -> ibis.Table:
    """One row per date, developer and agent with cost > 0.

    Averages are over calendar days: the cost of the last 7 (30) days that are not before the first day
    with cost of that developer and agent, by the number of those days. Weeks start on Monday. The month's
    forecast is month to date plus the 7-day average for each day of the month that is left.
    """
    nano = (_.total_cost_usd * NANO).round().cast("int64")
    daily = (
        int_agent_daily_aggregates.filter(_.total_cost_usd > 0)
        .group_by("developer_id", "agent_type", "date")
        .agg(nano=nano.sum())
    )
    costs = daily.mutate(
        # A number: BigQuery takes no range of dates in a window.
        day=_.date.epoch_days().cast("int64"),
        week=_.date.truncate("week"),
        month=_.date.truncate("month"),
    )
    costs = costs.mutate(
        month_end=(_.month + ibis.interval(months=1)).cast("date").epoch_days().cast("int64") - 1
    )

    def to_date(*group: str) -> ibis.Value:
        return costs.nano.sum().over(ibis.cumulative_window(group_by=group, order_by=costs.day))

    def last(days: int) -> ibis.Value:
        return costs.nano.sum().over(
            ibis.range_window(preceding=days - 1, following=0, group_by=SERIES, order_by=costs.day)
        )

    windows = costs.mutate(
        first_day=costs.day.min().over(group_by=SERIES),
        cumulative=to_date(*SERIES),
        week_to_date=to_date(*SERIES, "week"),
        month_to_date=to_date(*SERIES, "month"),
        last_7=last(7),
        last_30=last(30),
    ).mutate(age=_.day - _.first_day + 1)
    average_7 = usd(_.last_7) / ibis.ifelse(_.age < 7, _.age, 7)
    average_30 = usd(_.last_30) / ibis.ifelse(_.age < 30, _.age, 30)
    return windows.select(
        *("date", *SERIES),
        daily_cost_usd=usd(_.nano),
        cumulative_cost_usd=usd(_.cumulative),
        wtd_cost_usd=usd(_.week_to_date),
        mtd_cost_usd=usd(_.month_to_date),
        avg_7day_cost_usd=average_7,
        avg_30day_cost_usd=average_30,
        month_forecast_usd=usd(_.month_to_date) + average_7 * (_.month_end - _.day),
    )
