"""Sales in our words."""

import ibis
from ibis import _

CUSTOMER = '"customer.name": ?"([^"]*)"'


def stg_sales(raw_sales: ibis.Table) -> ibis.Table:
    """One row per sale."""
    return raw_sales.select(
        sale_id=_.id,
        sold_at=_.timestamp,
        product=_.product,
        amount_usd=_.amount,
        till=_.till,
        customer=_.attributes.re_extract(CUSTOMER, 1).nullif(""),
    )
