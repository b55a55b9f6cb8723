"""What teams cost, every day."""

import ibis

from pipeline.models.conservation import different_split


def same_costs_by_team(fct_daily_agent_usage: ibis.Table, fct_costs_by_team: ibis.Table) -> ibis.Table:
    """All teams, `unknown` among them, have each day's tokens and cost of each model, to a billionth."""
    return different_split(fct_daily_agent_usage, fct_costs_by_team)
