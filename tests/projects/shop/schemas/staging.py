"""Sales and visits in our words."""

from schemas.base import Contract, UtcTimestamp, column, money


class StgSales(Contract):
    """One row per sale."""

    sale_id: int = column(description="The sale.")
    sold_at: UtcTimestamp = column(description="When.")
    product: str = column(nullable=True, description="What.")
    amount_usd: float = money(nullable=True, description="For how much.")
    till: int = column(nullable=True, description="Which till.")
    customer: str = column(nullable=True, description="Who.")

    class Config:
        unique = ["sale_id"]


class StgRecentVisits(Contract):
    """One row per visit of the last days."""

    visit_id: int = column(description="The visit.")
    visited_at: UtcTimestamp = column(description="When.")

    class Config:
        unique = ["visit_id"]
