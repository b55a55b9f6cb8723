"""Who has a seat, from which day to which, and what it costs on each of them."""

import ibis
import ibis.expr.types as ir
from ibis import _

from pipeline.models.expressions import (
    UNKNOWN,
    canonical_agent,
    earlier,
    is_dated,
    local_date,
    looked_up,
    with_developer,
)

SEAT = ["developer_id", "agent_type"]
COLUMNS = [
    *(*SEAT, "provider", "plan", "usd_per_month", "valid_from", "valid_to"),
    *("is_reported", "last_activity_date", "observed_date"),
]


def of_seed(seats: ir.Table, identities: ir.Table, agent_aliases: ir.Table) -> ir.Table:
    """Periods that people have written down, by the canonical names of developers and agents."""
    names = agent_aliases.group_by(name=canonical_agent(agent_aliases["alias"])).agg(
        meant=agent_aliases.agent_type.min()
    )
    known = with_developer(seats, identities).mutate(agent_type=canonical_agent(seats.agent_type))
    return looked_up(known, "agent_type", names, "name", "meant").select(
        *COLUMNS[:-3],
        is_reported=False,
        last_activity_date=ibis.null("date"),
        observed_date=ibis.null("date"),
    )


def of_github(raw_copilot_seats: ir.Table, identities: ir.Table, timezone: str) -> ir.Table:
    """Periods that GitHub's answers tell of: from one answer to the next one of the same account.

    Before the first answer that has it, a seat goes back to the day it was assigned. It ends on the day of
    its cancellation, or of the first answer without it.
    """
    there = raw_copilot_seats.filter(is_dated(_.assigned_at), is_dated(_.observed_at))
    seats = with_developer(there, identities).mutate(
        account=_.account.fill_null(""),
        assigned_date=local_date(_.assigned_at, timezone),
        observed_date=local_date(_.observed_at, timezone),
        last_activity_date=local_date(_.last_activity_at, timezone),
    )
    # Of the answers of one day the last one counts.
    days = seats.group_by("account", "observed_date").agg(observed_at=_.observed_at.max())
    days = days.mutate(following=days.observed_date.lead().over(group_by="account", order_by="observed_date"))
    known = seats.join(days, ["account", "observed_at"]).drop("observed_date_right")
    first = known.observed_date.min().over(group_by=["account", "developer_id", "assigned_at"])
    periods = known.mutate(
        valid_from=ibis.ifelse(known.observed_date == first, known.assigned_date, known.observed_date),
        valid_to=earlier(known.following, known.ends_on),
    )
    return periods.filter(_.valid_to.isnull() | (_.valid_from < _.valid_to)).select(
        "developer_id",
        agent_type=ibis.literal("github_copilot"),
        provider=ibis.literal("github"),
        plan=_.plan.fill_null(UNKNOWN),
        usd_per_month=ibis.null("float64"),
        valid_from=_.valid_from,
        valid_to=_.valid_to,
        is_reported=True,
        last_activity_date=_.last_activity_date,
        observed_date=_.observed_date,
    )


def days_of(periods: ir.Table, today: ir.DateValue) -> ir.Table:
    """One row per day of each period, up to today: its `date`, `number` in the month, `days` of the month."""
    lasted = earlier(
        periods.valid_to.delta(periods.valid_from, unit="day"),
        today.delta(periods.valid_from, unit="day") + 1,
    )
    counted = periods.mutate(lasted=lasted).filter(_.lasted > 0)
    each = counted.mutate(after=ibis.range(0, counted.lasted).unnest())
    dated = each.mutate(
        # As a moment: a day and an interval are no day on PostgreSQL.
        date=(each.valid_from.cast("timestamp") + each.after.as_interval("D")).date()
    )
    month = dated.date.truncate("month")
    following = (month + ibis.interval(months=1)).cast("date")
    return dated.mutate(
        number=dated.date.day().cast("int64"),
        days=following.epoch_days().cast("int64") - month.cast("date").epoch_days().cast("int64"),
    )


def share_of_day(nano: ir.IntegerValue, number: ir.IntegerValue, days: ir.IntegerValue) -> ir.IntegerValue:
    """The part of a month's price that falls on one of its days: the first days have what is left over."""
    whole = nano // days
    return whole + ibis.ifelse(number <= nano - whole * days, 1, 0)
