"""What seats and subscriptions cost, day by day, and whether they were used."""

import ibis
from ibis import _

from pipeline.models.expressions import local_date, nano_usd, stack, usd
from pipeline.models.projects import is_member
from pipeline.models.seats import SEAT, days_of, share_of_day

REMEMBERED = 90  # days for which GitHub keeps when somebody was active last


def fct_seats(
    stg_seats: ibis.Table,
    seat_prices: ibis.Table,
    int_agent_daily_aggregates: ibis.Table,
    *,
    as_of: ibis.Value,
    timezone: str,
) -> ibis.Table:
    """One row per date, developer and agent with a seat, up to the day of the run.

    A month's price is spread over its days, and they add up to it to the billionth of a dollar. A person has
    one seat of an agent a day: that of seeds/seats.csv, else the one that began last. No table of tokens or
    costs has any of it. `was_used` is NULL where nothing tells: before the first day on which any record
    tells of this person's use of the agent, where GitHub does not tell of it either.
    """
    days = days_of(stg_seats, local_date(as_of, timezone))
    order = [_.is_reported, _.valid_from.desc(), _.provider, _.plan]
    each = days.mutate(rank=ibis.row_number().over(group_by=[*SEAT, "date"], order_by=order))
    each = each.filter(_.rank == 0)
    listed = seat_prices.select(
        "valid_from", "valid_to", of_agent="agent_type", of_plan="plan", list_usd="usd_per_month"
    )
    priced = each.drop("valid_from", "valid_to").left_join(
        listed, [_.agent_type == listed.of_agent, _.plan == listed.of_plan, is_member(listed, _.date)]
    )
    priced = priced.mutate(usd_per_month=ibis.coalesce(_.usd_per_month, _.list_usd))
    for told in (used_days(stg_seats, int_agent_daily_aggregates), first_days(int_agent_daily_aggregates)):
        keys = [name for name in (*SEAT, "date") if name in told.columns]
        priced = priced.left_join(told, keys).drop(*(f"{name}_right" for name in keys))
    # GitHub tells when somebody was active last: on the days after it nobody was.
    seen = stg_seats.group_by(*SEAT).agg(seen=_.observed_date.max(), active=_.last_activity_date.max())
    known = priced.left_join(seen, SEAT).drop(*(f"{name}_right" for name in SEAT))
    is_idle = _.seen.delta(_.date, unit="day").between(0, REMEMBERED - 1) & (
        _.active.isnull() | (_.active < _.date)
    )
    return known.select(
        *("date", *SEAT, "provider", "plan", "usd_per_month"),
        cost_usd=usd(share_of_day(nano_usd(_.usd_per_month), _.number, _.days)),
        was_used=ibis.cases((_.is_used, True), ((_.first_date <= _.date) | is_idle, False)),
    )


def used_days(stg_seats: ibis.Table, int_agent_daily_aggregates: ibis.Table) -> ibis.Table:
    """One row per day, developer and agent of which anything tells use."""
    active = stg_seats.filter(_.last_activity_date.notnull()).select(*SEAT, date="last_activity_date")
    told = stack(int_agent_daily_aggregates.select(*SEAT, "date"), active).distinct()
    return told.mutate(is_used=True)


def first_days(int_agent_daily_aggregates: ibis.Table) -> ibis.Table:
    """One row per developer and agent: the first day of which a record tells."""
    return int_agent_daily_aggregates.group_by(*SEAT).agg(first_date=_.date.min())
