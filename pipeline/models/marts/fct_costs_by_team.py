"""What teams cost."""

import ibis

from pipeline.models.projects import with_team
from pipeline.models.splits import costs_by


def fct_costs_by_team(int_usage_costs: ibis.Table, stg_team_members: ibis.Table) -> ibis.Table:
    """One row per date, team, cost centre, agent and model with usage; of nobody's team it is `unknown`."""
    return costs_by(with_team(int_usage_costs, stg_team_members, "day"), "team", "cost_centre")
