"""Products, known or sold."""

import ibis
from ibis import _


def dim_products(products: ibis.Table, stg_sales: ibis.Table) -> ibis.Table:
    """One row per product."""
    sold = stg_sales.filter(_.product.notnull()).select("product").distinct()
    unknown = sold.anti_join(products, "product").select("product", label="product")
    known = products.select("product", label=_.label.fill_null(_.product))
    return known.union(unknown)
