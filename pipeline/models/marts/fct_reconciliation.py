"""What providers charge beside what usage costs by our tables."""

import ibis
from ibis import _

from pipeline.models.billing import (
    DAY_BOUNDARY,
    DISCOUNT,
    HALF_A_CENT,
    NOT_BILLED,
    NOT_IN_TELEMETRY,
    OTHER_PRODUCT,
    PRICE,
    charged,
    estimates,
    provider_of,
)
from pipeline.models.expressions import NANO, UNKNOWN, local_date, stack, usd

GRAIN = ["date", "provider", "developer_id", "model_name", "product"]
MEASURES = ["gross", "net", "estimated", "estimated_utc", "lines", "used", "used_utc"]


def side(rows: ibis.Table, **measures: ibis.Value) -> ibis.Table:
    """One side of the comparison: rows with its measures, and 0 for those of the other sides."""
    nothing = dict.fromkeys(MEASURES, ibis.literal(0, "int64"))
    return rows.select(*GRAIN, **{**nothing, **measures})


def fct_reconciliation(int_usage_costs: ibis.Table, fct_billed: ibis.Table) -> ibis.Table:
    """One row per day, provider, person, model and product, of the days that a provider's bills cover.

    A line that names no model is another product, unless its report breaks nothing down. Where a day's bill
    names no person, all people are compared together; where it, or the usage, names no model, all models.
    Amounts within half a cent agree. `day_boundary`: usage of the bill's day, which is that of UTC, costs
    what is billed, and the rest of the gap stands on the days beside it. `price`: both sides know of it, and
    it costs something else: another price, or a part of it that one side lacks.
    """
    lines = charged(fct_billed).mutate(
        net=(_.net_amount * NANO).round().cast("int64"), gross=(_.gross_amount * NANO).round().cast("int64")
    )
    is_whole = _.model_name.isnull() & _.product.isnull()
    named = lines.group_by("provider", "date").agg(
        names_people=_.developer_id.notnull().any(), names_models=~is_whole.any()
    )
    ours = estimates(int_usage_costs, fct_billed)
    unnamed = ours.filter(_.model_name == UNKNOWN).select("provider", "date").distinct()
    unnamed = unnamed.mutate(is_unnamed=True)
    days = named.left_join(unnamed, ["provider", "date"]).select(
        day_provider=_.provider,
        day_date=_.date,
        names_people=_.names_people,
        names_models=_.names_models & _.is_unnamed.isnull(),
    )
    usage = int_usage_costs.mutate(provider=provider_of(int_usage_costs), product=ibis.null("string"))
    is_other = _.model_name.isnull() & _.product.notnull()

    def on_grain(rows: ibis.Table) -> ibis.Table:
        joined = rows.join(days, [rows.provider == days.day_provider, rows.date == days.day_date])
        return joined.mutate(
            developer_id=ibis.ifelse(_.names_people, _.developer_id, None),
            model_name=ibis.ifelse(_.names_models, _.model_name, None),
        )

    billed = on_grain(lines.mutate(product=ibis.ifelse(is_other, _.product, None)))
    local = on_grain(usage.mutate(date=_.day))
    of_utc = on_grain(usage.mutate(date=local_date(_.hour, "UTC")))
    cost = _.cost_nano_usd.fill_null(0)
    one = ibis.literal(1, "int64")
    sides = stack(
        side(billed, gross=_.gross, net=_.net, lines=one),
        side(local, estimated=cost, used=one),
        side(of_utc, estimated_utc=cost, used_utc=one),
    )
    sums = sides.group_by(*GRAIN).agg(**{name: _[name].sum().cast("int64") for name in MEASURES})
    # Usage of the day of UTC alone stands on a day beside.
    sums = sums.filter((_.lines > 0) | (_.used > 0)).mutate(gap=_.net - _.estimated)

    def agree(left: ibis.Value, right: ibis.Value) -> ibis.Value:
        return (left - right).abs() < HALF_A_CENT

    reason = ibis.cases(
        (_.product.notnull(), OTHER_PRODUCT),
        (agree(_.net, _.estimated), None),
        (agree(_.net, _.estimated_utc), DAY_BOUNDARY),
        ((_.gross != _.net) & (agree(_.gross, _.estimated) | agree(_.gross, _.estimated_utc)), DISCOUNT),
        (_.lines == 0, NOT_BILLED),
        (_.used + _.used_utc == 0, NOT_IN_TELEMETRY),
        else_=PRICE,
    )
    return sums.select(
        *GRAIN,
        billed_usd=usd(_.net),
        gross_usd=usd(_.gross),
        estimated_usd=usd(_.estimated),
        gap_usd=usd(_.gap),
        reason=reason,
    )
