"""What the till and the door write."""

from schemas.base import Source, UtcTimestamp, column, extra, json_text


class RawSales(Source):
    """One row per sale."""

    id: int = column(description="Number of the row.")
    timestamp: UtcTimestamp = column(description="When.")
    product: str = column(nullable=True, description="What.")
    amount: float = column(nullable=True, description="For how much.")
    attributes: str = json_text(description="More about it.")
    till: int = extra(description="Which till.")


class RawVisits(Source):
    """One row per visit."""

    id: int = column(description="Number of the row.")
    timestamp: UtcTimestamp = column(description="When.")
