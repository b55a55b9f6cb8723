"""What Copilot suggested and people accepted, by report and by day."""

import ibis
from ibis import _

from pipeline.models.conservation import total, unequal

MEASURES = ("suggestions", "acceptances", "lines_suggested", "lines_accepted")


def same_daily_suggestions(
    stg_copilot_metrics: ibis.Table, int_agent_daily_aggregates: ibis.Table
) -> ibis.Table:
    """All days together have all suggestions of Copilot, those that were accepted, and their lines."""
    return unequal(
        total(stg_copilot_metrics, **{name: _[f"total_{name}"].sum() for name in MEASURES}),
        total(int_agent_daily_aggregates, **{name: _[f"copilot_{name}"].sum() for name in MEASURES}),
    )
