"""What each product brought in."""

import ibis
from ibis import _


def fct_product_sales(stg_sales: ibis.Table) -> ibis.Table:
    """One row per product."""
    return (
        stg_sales.filter(_.product.notnull())
        .group_by("product")
        .agg(sales=_.count(), revenue_usd=_.amount_usd.sum().fill_null(0))
    )
