"""Bills, line by line and added up."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal
from pipeline.models.expressions import DECIMAL, usd


def same_billed(stg_billing: ibis.Table, fct_billed: ibis.Table) -> ibis.Table:
    """All rows of the mart are as much as all lines of bills that count."""
    lines = stg_billing.filter(_.left_out.isnull())
    return unequal(
        total(
            lines,
            quantity=_.quantity.cast(DECIMAL).sum().cast("float64"),
            gross=usd(_.gross_nano.sum()),
            discount=usd(_.discount_nano.sum()),
            net=usd(_.net_nano.sum()),
        ),
        total(
            fct_billed,
            quantity=_.quantity.sum(),
            gross=_.gross_amount.sum(),
            discount=_.discount_amount.sum(),
            net=_.net_amount.sum(),
        ),
    )
