"""What a whole month of a seat costs."""

import ibis
from ibis import _

from pipeline.models.expressions import NANO, nano_usd
from pipeline.models.seats import SEAT


def months_of_seats_add_up(fct_seats: ibis.Table) -> ibis.Table:
    """The days of a month at one price add up to the price, to the billionth of a dollar."""
    days = fct_seats.mutate(month=_.date.truncate("month"))
    months = days.group_by(*SEAT, "month").agg(
        days=_.count(),
        cheapest=_.usd_per_month.min(),
        dearest=_.usd_per_month.max(),
        unpriced=_.cost_usd.isnull().sum(),
        nano=(_.cost_usd * NANO).round().cast("int64").sum(),
    )
    following = (months.month + ibis.interval(months=1)).cast("date").epoch_days().cast("int64")
    length = following - months.month.cast("date").epoch_days().cast("int64")
    is_whole = (months.days == length) & (months.unpriced == 0) & (months.cheapest == months.dearest)
    return months.filter(is_whole, months.nano != nano_usd(months.cheapest)).select(
        *SEAT, "month", more_nano_usd=months.nano - nano_usd(months.cheapest)
    )
