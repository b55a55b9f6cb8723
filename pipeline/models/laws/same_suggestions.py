"""What Copilot suggested and people accepted, from GitHub's reports to the mart."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal

MEASURES = ("suggestions", "acceptances", "lines_suggested", "lines_accepted")


def same_suggestions(
    stg_copilot_metrics: ibis.Table, int_agent_daily_aggregates: ibis.Table, fct_daily_agent_usage: ibis.Table
) -> ibis.Table:
    """The suggestions of Copilot, those accepted and their lines are the same in reports, days and mart."""
    reports = {name: _[f"total_{name}"].sum() for name in MEASURES}
    days = {name: _[f"copilot_{name}"].sum() for name in MEASURES}
    return unequal(
        stg_copilot_metrics=total(stg_copilot_metrics, **reports),
        int_agent_daily_aggregates=total(int_agent_daily_aggregates, **days),
        fct_daily_agent_usage=total(fct_daily_agent_usage, **days),
    )
