"""Who has or had a seat, what it costs, and how long nobody has used it."""

import ibis
from ibis import _

from pipeline.models.expressions import NANO, local_date, usd
from pipeline.models.seats import SEAT

UNUSED = 30  # days


def dim_seats(fct_seats: ibis.Table, *, as_of: ibis.Value, timezone: str) -> ibis.Table:
    """One row per developer and agent with a seat on any day; plan and price are those of its last day.

    Days without use are counted up to the last day of which it is known; where nothing ever told of use, from
    the first day of which that is known. NULL is what nothing tells, and does not mean unused.
    """
    marked = fct_seats.mutate(last=_.date.max().over(group_by=SEAT))
    is_last, is_known = _.date == _.last, _.was_used.notnull()
    seats = marked.group_by(*SEAT).agg(
        provider=_.provider.max(where=is_last),
        plan=_.plan.max(where=is_last),
        usd_per_month=_.usd_per_month.max(where=is_last),
        cost=(_.cost_usd * NANO).round().cast("int64").sum(),
        first_date=_.date.min(),
        last_date=_.date.max(),
        last_used_date=_.date.max(where=_.was_used),
        first_known=_.date.min(where=is_known),
        last_known=_.date.max(where=is_known),
    )
    never = seats.last_known.delta(seats.first_known, unit="day") + 1
    since = seats.last_known.delta(seats.last_used_date, unit="day")
    return seats.select(
        *(*SEAT, "provider", "plan", "usd_per_month"),
        cost_usd=usd(seats.cost),
        first_date=seats.first_date,
        last_date=seats.last_date,
        is_current=seats.last_date == local_date(as_of, timezone),
        last_used_date=seats.last_used_date,
        days_since_last_use=since,
        is_unused_30_days=ibis.coalesce(since, never) >= UNUSED,
    )
