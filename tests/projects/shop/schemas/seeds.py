"""What people edit."""

import datetime as dt

from schemas.base import Contract, column


class Products(Contract):
    """One row per product."""

    product: str = column(description="The product.")
    label: str = column(nullable=True, description="What the sign says.")
    weight: float = column(nullable=True, description="In kilograms.")
    since: dt.date = column(nullable=True, description="First day on sale.")

    class Config:
        unique = ["product"]
