"""Seats by day and by person."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal


def same_seats(fct_seats: ibis.Table, dim_seats: ibis.Table) -> ibis.Table:
    """All seats of all people cost as much as all days of seats."""
    return unequal(
        total(fct_seats, cost=_.cost_usd.sum()),
        total(dim_seats, cost=_.cost_usd.sum()),
    )
