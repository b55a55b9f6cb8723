"""What months and years cost, and what they may."""

import ibis
from ibis import _

SEVERITY = "warn"


def inside_budget(fct_budgets: ibis.Table) -> ibis.Table:
    """No month or year costs more than its budget in seeds/budgets.csv."""
    return fct_budgets.filter(_.status == "broken")
