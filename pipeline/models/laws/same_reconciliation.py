"""Both sides of the reconciliation, before and after they are compared."""

import ibis
from ibis import _

from pipeline.models.billing import charged, estimates
from pipeline.models.conservation import side_by_side, total, unequal
from pipeline.models.expressions import usd


def same_reconciliation(
    int_usage_costs: ibis.Table, fct_billed: ibis.Table, fct_reconciliation: ibis.Table
) -> ibis.Table:
    """It has all that is charged in US dollars, the cost of those days' usage, and what lies between."""
    before = side_by_side(
        total(charged(fct_billed), billed=_.net_amount.sum(), gross=_.gross_amount.sum()),
        total(estimates(int_usage_costs, fct_billed), estimated=usd(_.cost_nano_usd.sum())),
    )
    before = before.mutate(gap=_.billed - _.estimated)
    after = total(
        fct_reconciliation,
        billed=_.billed_usd.sum(),
        gross=_.gross_usd.sum(),
        estimated=_.estimated_usd.sum(),
        gap=_.gap_usd.sum(),
    )
    return unequal(before, after)
