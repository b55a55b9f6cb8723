"""What providers charge beside what usage costs by our tables."""

import ibis
from ibis import _

from pipeline.models.billing import GRAIN, SUMS, charged, days_billed, reason, side
from pipeline.models.expressions import NANO, local_date, stack, usd


def fct_reconciliation(int_usage_costs: ibis.Table, fct_billed: ibis.Table) -> ibis.Table:
    """One row per day, provider, person, model and product, of the days that a provider's bills cover.

    A line that names no model is another product, unless its report breaks nothing down. Where a day's bill
    names no person, all people are compared together; where it, or the usage, names no model, all models.
    Amounts within half a cent agree. `day_boundary`: usage of the bill's day, which is that of UTC, costs
    what is billed, and the rest of the gap stands on the days beside it. `price`: both sides know of it, and
    it costs something else: another price, or a part of it that one side lacks.
    """
    days = days_billed(int_usage_costs, fct_billed)
    lines = charged(fct_billed).mutate(
        net=(_.net_amount * NANO).round().cast("int64"),
        gross=(_.gross_amount * NANO).round().cast("int64"),
        product=ibis.ifelse(_.model_name.isnull(), _.product, None),
    )
    usage = int_usage_costs.mutate(product=ibis.null("string"))
    cost, one = _.cost_nano_usd.fill_null(0), ibis.literal(1, "int64")
    sides = stack(
        side(lines, days, gross=_.gross, net=_.net, lines=one),
        side(usage.mutate(date=_.day), days, estimated=cost, used=one),
        side(usage.mutate(date=local_date(_.hour, "UTC")), days, estimated_utc=cost, used_utc=one),
    )
    sums = sides.group_by(*GRAIN).agg(**{name: _[name].sum().cast("int64") for name in SUMS})
    # What is of the day of UTC alone stands on a day beside.
    return sums.filter((_.lines > 0) | (_.used > 0)).select(
        *GRAIN,
        billed_usd=usd(_.net),
        gross_usd=usd(_.gross),
        estimated_usd=usd(_.estimated),
        gap_usd=usd(_.net - _.estimated),
        reason=reason(),
    )
