"""What projects cost, every day."""

import ibis

from pipeline.models.conservation import different_split


def same_costs_by_project(fct_daily_agent_usage: ibis.Table, fct_costs_by_project: ibis.Table) -> ibis.Table:
    """All projects, `unknown` among them, have each day's tokens and cost of each model, to a billionth."""
    return different_split(fct_daily_agent_usage, fct_costs_by_project)
