"""How many came lately."""

import ibis


def fct_visits(stg_recent_visits: ibis.Table) -> ibis.Table:
    """One row."""
    return stg_recent_visits.agg(visits=stg_recent_visits.count())
