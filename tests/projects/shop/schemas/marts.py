"""What is published."""

from schemas.base import Contract, column, count, money, ref


class DimProducts(Contract):
    """One row per product that was sold or is known."""

    product: str = column(description="The product.")
    label: str = column(description="What the sign says.")

    class Config:
        unique = ["product"]


class FctProductSales(Contract):
    """One row per product."""

    product: str = ref("dim_products.product", description="The product.")
    sales: int = count(description="How often it was sold.")
    revenue_usd: float = money(description="For how much in all.")

    class Config:
        unique = ["product"]


class FctVisits(Contract):
    """One row: how many visits there were lately."""

    visits: int = count(description="Visits.")
