"""What providers charge."""

import ibis
from ibis import _

from pipeline.models.expressions import DECIMAL, usd

GRAIN = [
    *("date", "provider", "report", "product", "model_name", "developer_id", "workspace_id", "api_key_id"),
    *("organization", "account", "cost_centre", "unit", "currency"),
]


def fct_billed(stg_billing: ibis.Table) -> ibis.Table:
    """One row per UTC day, provider, report, product, model, person, workspace, key, cost centre and unit.

    Amounts are in the bill's currency. Reports of usage have quantities and no amounts. Nothing of it is in
    any table of tokens or costs.
    """
    lines = stg_billing.filter(_.left_out.isnull())
    # With several organisations equal lines add up.
    return (
        lines.group_by(*GRAIN)
        .agg(
            quantity=_.quantity.cast(DECIMAL).sum().cast("float64"),
            gross=_.gross_nano.sum(),
            discount=_.discount_nano.sum(),
            net=_.net_nano.sum(),
        )
        .select(
            *GRAIN,
            "quantity",
            gross_amount=usd(_.gross),
            discount_amount=usd(_.discount),
            net_amount=usd(_.net),
        )
    )
