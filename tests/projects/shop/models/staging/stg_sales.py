"""Sales in our words."""

import ibis
from ibis import _

from pipeline.models.operations import json_texts


def stg_sales(raw_sales: ibis.Table) -> ibis.Table:
    """One row per sale."""
    return raw_sales.select(
        sale_id=_.id,
        sold_at=_.timestamp,
        product=_.product,
        amount_usd=_.amount,
        till=_.till,
        customer=json_texts(raw_sales.attributes, ["customer.name"])["customer.name"],
    )
